"""Explains providers' errors: one sentence, and what to do.

The words are those of pulumi-kubernetes 4.34, its Helm, BuildKit, and the Kubernetes API server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final

from components.lifecycle.error_context import ErrorContext, Explanation, Failed
from wideep.download_causes import download_cause
from wideep.masking import masked
from wideep.resource_names import JOB_TYPE, RELEASE_TYPE
from wideep.symptoms import Place, find_symptom

__all__ = ["EXISTS", "explain", "is_passing"]

ANY, IMAGE, JOB, RELEASE = "kubernetes:", "docker-build:", JOB_TYPE, RELEASE_TYPE
"""How the types of resources begin."""
EXISTS: Final = "already exists"
LONGEST: Final = 60
"""Characters of a build step that are worth quoting."""
Match = re.Match[str]


def explain(failed: Failed, context: ErrorContext) -> Explanation | None:
    """Explain the error; None if the provider's own words have to do."""
    for begins, pattern, row in EXPLANATIONS:
        found = pattern.search(failed.error) if failed.kind.startswith(begins) else None
        if found:
            explanation = row(found, failed, context) if callable(row) else _filled(row, found, failed, context)
            return Explanation(masked(explanation.summary), explanation.remedy)
    return None


def is_passing(failed: Failed) -> bool:
    """Whether the API server did not take the request, and may take it in a moment."""
    begun = BEFORE_HELM.match(failed.error) is None if failed.kind.startswith(RELEASE) else BEGUN in failed.error
    return failed.kind.startswith(ANY) and not begun and PASSING.search(failed.error) is not None


def _filled(row: Explanation, found: Match, failed: Failed, context: ErrorContext) -> Explanation:
    """The table's words with those of the error, by the names of the pattern's groups."""
    words = {**found.groupdict(), "charts": context.charts, "namespace": failed.namespace}
    return Explanation(row.summary.format(**words), row.remedy.format(**words))


def _no_kubeconfig(_found: Match, _failed: Failed, _context: ErrorContext) -> Explanation:
    """The provider names no file, and a misspelt one is the likeliest reason."""
    named = os.environ.get("KUBECONFIG")
    where = f"KUBECONFIG names {named}" if named else "KUBECONFIG is not set"
    return Explanation(
        f"there is no kubeconfig to reach the cluster with ({where}).",
        "export KUBECONFIG=FILE, or pulumi config set kubernetes:kubeconfig FILE",
    )


def _push_refused(found: Match, _failed: Failed, context: ErrorContext) -> Explanation:
    login = f"docker login {found['host']}, as one who may push, or image.registry: username and password of one"
    if context.has_registry_login:
        login = "pulumi config set --secret --path image.registry.password …, of one who may push"
    return Explanation(f"the registry refuses the push of {found['image']}.", f"{login}; then `pulumi up`")


def _build(found: Match, _failed: Failed, _context: ErrorContext) -> Explanation:
    step = found["step"] if len(found["step"]) <= LONGEST else f"{found['step'][:LONGEST]}…"
    summary = f"the build ended with exit code {found['code']} in step `{step}`, whose last lines stand with it."
    return Explanation(summary, "`pulumi up` builds again, from the steps that the builder has kept")


def _download(_found: Match, failed: Failed, context: ErrorContext) -> Explanation:
    found = find_symptom(failed.error, Place.DOWNLOAD)
    cause = download_cause(found.symptom, context.plan, found.line) if found and context.plan else None
    if cause is None:
        return Explanation("the download failed; its last lines stand with it.", "`pulumi up` makes it again")
    fix = cause.fix if cause.key in cause.fix else f"{cause.key}: {cause.fix}"
    remedy = fix if "`pulumi up`" in fix else f"{fix.rstrip('.')}; then `pulumi up`"
    return Explanation(cause.cause, remedy)


def _forbidden(found: Match, _failed: Failed, _context: ErrorContext) -> Explanation:
    what = f"{found['resource']}.{found['group']}" if found["group"] else found["resource"]
    place, where = (f" in namespace {found['place']}", f" -n {found['place']}") if found["place"] else ("", "")
    remedy = f"`pulumi up` as one who may, or when `kubectl auth can-i {found['verb']} {what}{where}` says yes"
    return Explanation(f"user {found['user']} may not {found['verb']} {what}{place}.", remedy)


def _exists(_found: Match, failed: Failed, context: ErrorContext) -> Explanation:
    kind, place = failed.kind.rpartition(":")[2], failed.namespace or failed.name
    instead = context.use_instead if kind == "Secret" else INSTEAD.get(kind)
    remedy = f"{instead.format(name=failed.name)}; or another `namespace`" if instead else "write another `namespace`"
    return Explanation(f"namespace {place} has it already, and this stack did not make it.", remedy)


INSTEAD: Final = {
    "PersistentVolumeClaim": "modelCache.existingClaim: {name}",
    "NetworkPolicy": "access.networkPolicies: false, which leaves them to whoever made it",
    "DynamoGraphDeployment": "write another `name`, or take it over (`wideep adopt --help`)",
    "Namespace": "`pulumi up` again, which uses it as it is",
}
"""By kind, what to write to use an object of somebody else, or to stand beside it."""


PASSING: Final = re.compile(
    r"connect: connection refused|connection reset by peer|\bEOF\b|TLS handshake timeout|i/o timeout|"
    r"[^\n:]*too many requests|an error on the server [^\n]*|currently unable to handle the request|"
    r"apiserver not ready|"
    r"failed calling webhook [^\n]*(?:no endpoints available|certificate signed by unknown authority)",
    re.IGNORECASE,
)
BEGUN: Final = "fully initialize"
BEFORE_HELM: Final = re.compile(
    r'(?:query: failed to query with labels: )?Get "[^"]*/secrets\?labelSelector=|'
    r'Kubernetes cluster unreachable: Get "[^"]*/version'
)
"""Helm asks for the server's version and for the release's records before it begins."""
PUSH: Final = r"failed to push (?P<image>(?P<host>[^/\s]+)/\S+): .*?"

Row = Explanation | Callable[[Match, Failed, ErrorContext], Explanation]


def _row(begins: str, pattern: str, row: Row) -> tuple[str, re.Pattern[str], Row]:
    return begins, re.compile(pattern, re.IGNORECASE | re.DOTALL), row


EXPLANATIONS: Final = (
    _row(IMAGE, PUSH + r"(unauthorized|denied|authentication required|insufficient_scope|\b40[13]\b)", _push_refused),
    _row(
        IMAGE,
        PUSH + r"(?P<why>connection refused|no such host|i/o timeout|deadline exceeded|\bEOF\b|x509: [^\n;]*)",
        Explanation(
            "the registry {host} does not answer: {why}.",
            "`pulumi up` when it does, or image.repository: of a registry that this machine and the nodes reach",
        ),
    ),
    _row(
        IMAGE,
        "no space left on device",
        Explanation("the disk of the builder is full.", "docker buildx prune, or image.builder: another one"),
    ),
    _row(
        IMAGE,
        r'process "(?:/bin/sh -c )?(?P<step>.+?)" did not complete successfully: exit code: (?P<code>\d+)',
        _build,
    ),
    _row(
        IMAGE,
        "cannot connect to the docker daemon|no builder|failed to find builder",
        Explanation(
            "no builder answers on this machine.",
            "start Docker, or image.builder: one of `docker buildx ls`, or image.source: existing",
        ),
    ),
    _row(
        RELEASE,
        "context deadline exceeded|timed out waiting|within allocated timeout",
        Explanation(
            "Helm has installed it, and its pods did not become ready in time.",
            "`wideep doctor` names what holds them; then `pulumi up` goes on",
        ),
    ),
    _row(
        RELEASE,
        "not a valid chart repository|failed to fetch|failed to download",
        Explanation(
            "the charts of {charts} cannot be read from here.",
            "platform.charts: a mirror, an oci:// registry or a folder with the two charts",
        ),
    ),
    _row(JOB, "BackoffLimitExceeded|DeadlineExceeded", _download),
    _row(
        ANY,
        r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)"'
        r'(?: in API group "(?P<group>[^"]*)")?(?: in the namespace "(?P<place>[^"]+)")?',
        _forbidden,
    ),
    _row(
        ANY,
        r"exceeded quota: (?P<quota>[^\s,]+)",
        Explanation(
            "quota {quota} of namespace {namespace} leaves no room for it.",
            "kubectl -n {namespace} describe quota; `pulumi up`, once it is raised",
        ),
    ),
    _row(
        ANY,
        r'failed calling webhook "(?P<hook>[^"]+)"',
        Explanation(
            "admission webhook {hook} does not answer, and the API server asks it first.",
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations; `pulumi up` when it answers",
        ),
    ),
    _row(
        ANY,
        r'admission webhook "(?P<hook>[^"]+)" denied the request: (?P<why>[^\n]*)',
        Explanation(
            "admission webhook {hook} refuses it: {why}",
            "write what it asks for, or let it except namespace {namespace}; then `pulumi up`",
        ),
    ),
    _row(ANY, EXISTS, _exists),
    _row(
        ANY,
        "apiVersion for this resource does not exist|no matches for kind",
        Explanation(
            "the cluster does not know its kind: the CRD is missing.", "platform.install: true, which brings it"
        ),
    ),
    _row(
        ANY,
        r'context "(?P<context>[^"]*)" does not exist',
        Explanation(
            "the kubeconfig has no context {context}.",
            "pulumi config set kubernetes:context NAME; `kubectl config get-contexts` lists them",
        ),
    ),
    _row(
        ANY,
        "failed to parse kubeconfig|no configuration has been provided",
        _no_kubeconfig,
    ),
    _row(
        ANY,
        r"\bUnauthorized\b|must be logged in to the server|asked for the client to provide credentials",
        Explanation(
            "the cluster refuses the credentials (401).",
            "log in again, or name another context: pulumi config set kubernetes:context NAME",
        ),
    ),
    _row(
        ANY,
        f"(?P<why>{PASSING.pattern})",
        Explanation("the cluster's API server does not take requests: {why}.", "`pulumi up` goes on when it does"),
    ),
)
"""By beginning of the type and words of the error; the first that fits."""
