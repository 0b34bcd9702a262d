"""Explanations of providers' errors: one sentence, and what to do.

The patterns match messages of pulumi-kubernetes 4.34, its Helm, BuildKit, and the Kubernetes API server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from components.lifecycle.error_context import ErrorContext, Explanation, Failed
from components.lifecycle.own_cluster import kubeconfig_source
from wideep.download_causes import download_cause
from wideep.masking import masked
from wideep.resource_names import JOB_TYPE, RELEASE_TYPE
from wideep.symptoms import Place, find_symptom

__all__ = ["EXISTS", "explain", "is_passing"]

ANY, IMAGE, JOB, RELEASE = "kubernetes:", "docker-build:", JOB_TYPE, RELEASE_TYPE
"""Prefixes of resource types."""
EXISTS: Final = "already exists"
LONGEST: Final = 60
"""Maximum number of characters of a build step that a message quotes."""
Match = re.Match[str]


def explain(failed: Failed, context: ErrorContext) -> Explanation | None:
    """Return the explanation of the error; None if no pattern matches and the provider's own message has to do."""
    for begins, pattern, row in EXPLANATIONS:
        found = pattern.search(failed.error) if failed.kind.startswith(begins) else None
        if found:
            explanation = row(found, failed, context) if callable(row) else _filled(row, found, failed, context)
            return Explanation(masked(explanation.summary), explanation.remedy)
    return None


def is_passing(failed: Failed) -> bool:
    """Tell whether the API server did not process the request but may accept it in a moment."""
    begun = BEFORE_HELM.match(failed.error) is None if failed.kind.startswith(RELEASE) else BEGUN in failed.error
    return failed.kind.startswith(ANY) and not begun and PASSING.search(failed.error) is not None


def _filled(row: Explanation, found: Match, failed: Failed, context: ErrorContext) -> Explanation:
    """Return the row's texts with the pattern's named groups and the context filled in."""
    quoted = {name: (words or "").strip() for name, words in found.groupdict().items()}
    words = {**quoted, "charts": context.charts, "namespace": failed.namespace}
    return Explanation(row.summary.format(**words), row.remedy.format(**words))


def _no_kubeconfig(_found: Match, _failed: Failed, _context: ErrorContext) -> Explanation:
    """Name the kubeconfig: the provider names no file, and a misspelt path is the likeliest cause."""
    return Explanation(
        f"no usable kubeconfig ({kubeconfig_source()}).",
        "export KUBECONFIG=FILE, or pulumi config set kubernetes:kubeconfig FILE",
    )


def _push_refused(found: Match, _failed: Failed, context: ErrorContext) -> Explanation:
    login = (
        f"docker login {found['host']} with an account that can push, or set its username and password in "
        "image.registry"
    )
    if context.has_registry_login:
        login = "pulumi config set --secret --path image.registry.password …, for an account that can push"
    return Explanation(f"the registry rejects the push of {found['image']}.", f"{login}; then `pulumi up`")


def _build(found: Match, _failed: Failed, _context: ErrorContext) -> Explanation:
    step = found["step"] if len(found["step"]) <= LONGEST else f"{found['step'][:LONGEST]}…"
    summary = f"image build failed (exit code {found['code']}) at step `{step}`; its last lines are shown with it."
    return Explanation(summary, "fix the cause, then `pulumi up` rebuilds from the builder's cache")


def _download(_found: Match, failed: Failed, context: ErrorContext) -> Explanation:
    found = find_symptom(failed.error, Place.DOWNLOAD)
    cause = download_cause(found.symptom, context.plan, found.line) if found and context.plan else None
    if cause is None:
        return Explanation(
            "the download failed; its last log lines are shown with it.", "run `pulumi up`, which recreates the Job"
        )
    fix = cause.fix if cause.key in cause.fix else f"{cause.key}: {cause.fix}"
    remedy = fix if "`pulumi up`" in fix else f"{fix.rstrip('.')}; then `pulumi up`"
    return Explanation(cause.cause, remedy)


def _forbidden(found: Match, _failed: Failed, _context: ErrorContext) -> Explanation:
    what = f"{found['resource']}.{found['group']}" if found["group"] else found["resource"]
    place, where = (f" in namespace {found['place']}", f" -n {found['place']}") if found["place"] else ("", "")
    remedy = (
        f"ask for the permission, then `pulumi up` when `kubectl auth can-i {found['verb']} {what}{where}` says yes"
    )
    return Explanation(f"user {found['user']} may not {found['verb']} {what}{place}.", remedy)


def _exists(_found: Match, failed: Failed, context: ErrorContext) -> Explanation:
    kind, place = failed.kind.rpartition(":")[2], failed.namespace or failed.name
    instead = context.use_instead if kind == "Secret" else INSTEAD.get(kind)
    remedy = f"{instead.format(name=failed.name)}; or another `namespace`" if instead else "set another `namespace`"
    return Explanation(f"namespace {place} already has it, and it is not owned by this stack.", remedy)


INSTEAD: Final = {
    "PersistentVolumeClaim": "modelCache.existingClaim: {name}",
    "NetworkPolicy": "access.networkPolicies: false, to leave network policies to the owner",
    "DynamoGraphDeployment": "set another `name`, or import it (`wideep adopt --help`)",
    **dict.fromkeys(
        ("PodMonitor", "ServiceMonitor", "PrometheusRule"),
        "monitoring.enabled: false, to leave monitoring to the owner",
    ),
    "Namespace": "run `pulumi up` again; it is used as it is",
}
"""By kind: the config that uses somebody else's object, or that avoids the conflict with it."""


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
    r'Kubernetes cluster unreachable: Get "[^"]*/version|'
    r"create: failed to create: [^\n]*\(post secrets\)"
)
"""Errors of the requests with which Helm begins, before it changes anything: it reads the server's version and the
release's records, then writes a record."""
PUSH: Final = r"failed to push (?P<image>(?P<host>[^/\s]+)/\S+): .*?"

Row = Explanation | Callable[[Match, Failed, ErrorContext], Explanation]


def _row(begins: str, pattern: str, row: Row) -> tuple[str, re.Pattern[str], Row]:
    return begins, re.compile(pattern, re.IGNORECASE | re.DOTALL), row


EXPLANATIONS: Final = (
    _row(
        "",
        "context canceled|operation was cancelled",
        Explanation("the run was interrupted before this was done.", "run it again, which continues from there"),
    ),
    _row(IMAGE, PUSH + r"(unauthorized|denied|authentication required|insufficient_scope|\b40[13]\b)", _push_refused),
    _row(
        IMAGE,
        PUSH + r"(?P<why>connection refused|no such host|i/o timeout|deadline exceeded|\bEOF\b|x509: [^\n;]*)",
        Explanation(
            "registry {host} is unreachable: {why}.",
            "run `pulumi up` when it is back, or set image.repository to a registry that this machine and the "
            "nodes can reach",
        ),
    ),
    _row(
        IMAGE,
        "no space left on device",
        Explanation(
            "the disk of the builder is full.", "run docker buildx prune, or set image.builder to another builder"
        ),
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
            "no Docker builder is running on this machine.",
            "start Docker, or set image.builder to one of `docker buildx ls`, or set image.source: existing",
        ),
    ),
    _row(
        RELEASE,
        "context deadline exceeded|timed out waiting|within allocated timeout",
        Explanation(
            "Helm installed it, but its pods did not become ready in time.",
            "run `wideep doctor` for the cause, then `pulumi up` again",
        ),
    ),
    _row(
        RELEASE,
        r"not a valid chart repository|failed to (?:fetch|download)\b(?! openapi)",
        Explanation(
            "cannot read the charts at {charts} from this machine.",
            "set platform.charts (of kube-prometheus-stack: monitoring.charts) to a mirror, an oci:// registry or a "
            "directory with the charts",
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
            "quota {quota} of namespace {namespace} is exceeded.",
            "check kubectl -n {namespace} describe quota; run `pulumi up` once it is raised",
        ),
    ),
    _row(
        ANY,
        r'failed calling webhook "(?P<hook>[^"]+)"',
        Explanation(
            "admission webhook {hook} is unreachable, so the API server rejects the request.",
            "find its service with kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations; "
            "run `pulumi up` when it is back",
        ),
    ),
    _row(
        ANY,
        r"denied the request: [^\n]*\breplicas\b[^\n]*scaling ?adapter",
        Explanation(
            "the number of workers was changed by its scaling adapter while this update was under way.",
            "run `pulumi up` again, which reads it anew",
        ),
    ),
    _row(
        ANY,
        r'admission webhook "(?P<hook>[^"]+)" denied the request: (?P<why>[^\n]*)',
        Explanation(
            "admission webhook {hook} denied the request: {why}",
            "change what it rejects, or exempt namespace {namespace}; then `pulumi up`",
        ),
    ),
    _row(ANY, EXISTS, _exists),
    _row(
        ANY,
        "apiVersion for this resource does not exist|no matches for kind",
        Explanation(
            "the cluster has no such kind: the CRD is missing.",
            "set platform.install: true (of a monitor: monitoring.install: true), which installs the CRDs",
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
            "the cluster rejects the credentials (401 Unauthorized).",
            "log in again, or set another context: pulumi config set kubernetes:context NAME",
        ),
    ),
    _row(
        ANY,
        f"(?P<why>{PASSING.pattern})",
        Explanation(
            "the cluster's API server does not accept requests: {why}.", "run `pulumi up` again when it is ready"
        ),
    ),
)
"""Prefix of the resource type, pattern of the error, and explanation. The first row that matches applies."""
