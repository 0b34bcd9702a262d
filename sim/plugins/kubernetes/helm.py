"""Helm, as the Release resource uses it: the `helm` program on PATH, and the releases that it stores in the cluster."""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sim.faults import store
from sim.plugins import processes
from sim.plugins.kubernetes.api import Api, Object
from sim.plugins.kubernetes.kubeconfig import Connection
from sim.plugins.server import PluginError

DEFAULT_TIMEOUT: Final = 300  # seconds
SHORT_TIMEOUT: Final = 8  # seconds, under the fault chart-slow

# Release inputs that are switches of `helm install`, of `helm upgrade`, or of both.
BOTH: Final = {
    "atomic": "--atomic",
    "dependencyUpdate": "--dependency-update",
    "devel": "--devel",
    "disableOpenapiValidation": "--disable-openapi-validation",
    "renderSubchartNotes": "--render-subchart-notes",
    "verify": "--verify",
}
INSTALL: Final = {
    **BOTH,
    "createNamespace": "--create-namespace",
    "disableWebhooks": "--no-hooks",
    "replace": "--replace",
    "skipCrds": "--skip-crds",
}
UPGRADE: Final = {
    **BOTH,
    "cleanupOnFail": "--cleanup-on-fail",
    "disableCRDHooks": "--no-hooks",
    "forceUpdate": "--force",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
}


class HelmError(PluginError):
    """Helm's own message, without its prefixes."""


@dataclass(frozen=True)
class Helm:
    """The helm program, pointed at one cluster."""

    connection: Connection | None
    cancelled: threading.Event

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run a command; returns what it printed.

        Raises:
            HelmError: It failed.
        """
        if self.connection is None:
            outcome = processes.run(["helm", *arguments], self.cancelled, stdin=stdin)
        else:
            context = ["--kube-context", self.connection.context]
            with self.connection.file() as path:
                env = {"KUBECONFIG": str(path)}
                outcome = processes.run(["helm", *arguments, *context], self.cancelled, stdin=stdin, env=env)
        if outcome.code:
            raise HelmError(re.sub(r"^(Error: |[A-Z]+ FAILED: |uninstall: )+", "", _last_error(outcome.err)))
        return outcome.out

    def chart(self, release: Object) -> Object:
        """The metadata (Chart.yaml) of the chart that a release would install now."""
        return yaml.safe_load(self.run("show", "chart", *_chart(release)))

    def install(self, release: Object) -> None:
        """`helm install`, waiting for what it makes unless skipAwait says otherwise."""
        self._write("install", INSTALL, release)

    def upgrade(self, release: Object) -> None:
        """`helm upgrade`, likewise."""
        limit = ["--history-max", str(release.get("maxHistory") or 0)]
        self._write("upgrade", UPGRADE, release, *limit)

    def _write(self, verb: str, switches: dict[str, str], release: Object, *more: str) -> None:
        wait = [] if release["skipAwait"] else ["--wait", *(["--wait-for-jobs"] if release["waitForJobs"] else [])]
        chosen = [switch for key, switch in switches.items() if release.get(key)]
        texts = [
            word
            for key, option in (("description", "--description"), ("postrender", "--post-renderer"))
            if release.get(key)
            for word in (option, release[key])
        ]
        seconds = (
            SHORT_TIMEOUT if store.active("chart-slow", release["name"]) else release["timeout"] or DEFAULT_TIMEOUT
        )
        where = ["--namespace", release["namespace"], "--timeout", f"{seconds}s"]
        options = [*where, *wait, *chosen, *texts, *more, "--values", "-"]
        self.run(verb, release["name"], *_chart(release), *options, stdin=json.dumps(release["values"]))

    def uninstall(self, release: Object) -> str:
        """`helm uninstall`; returns what it kept in the cluster, and why ("" if nothing)."""
        wait = ["--wait", "--timeout", f"{release['timeout'] or DEFAULT_TIMEOUT}s"]
        options = wait if release["atomic"] or not release["skipAwait"] else []
        out = self.run("uninstall", release["name"], "--namespace", release["namespace"], *options)
        return out.partition(f'release "{release["name"]}" uninstalled')[0]


def _last_error(text: str) -> str:
    """Helm's error: from its last line that starts with "Error:" on; the warnings before it do not matter."""
    return text[max(text.rfind("Error: "), 0) :].strip()


def _chart(release: Object) -> list[str]:
    """The arguments that name a chart: a path, an OCI reference, or a name in a repository."""
    repository = release.get("repositoryOpts") or {}
    if repository.get("password"):
        raise PluginError(
            "the simulated kubernetes plugin knows no repositoryOpts.password: log in with `helm registry login` "
            "or `helm repo add` instead"
        )
    files = [
        word
        for key, option in (("caFile", "--ca-file"), ("certFile", "--cert-file"), ("keyFile", "--key-file"))
        if repository.get(key)
        for word in (option, repository[key])
    ]
    name, url = release["chart"].strip(), repository.get("repo") or ""
    version = ["--version", release["version"]] if release.get("version") and not _is_local(name, url) else []
    if "://" in url and not name.startswith("oci://"):
        return [name, "--repo", url, *version, *files]
    return [f"{url}/{name}" if url and "/" not in name else name, *version, *files]


def _is_local(name: str, url: str) -> bool:
    return not url and Path(name).exists()


def stored(api: Api, name: str, namespace: str) -> Object | None:
    """The latest revision of a release, as helm keeps it in a Secret; None if there is none.

    The format is helm's (pkg/storage/driver): JSON, gzipped, in base64, once more in base64 as a Secret's data.
    """
    path = api.path("v1", "Secret", namespace)
    listed = api.call("GET", path, query={"labelSelector": f"owner=helm,name={name}"})["items"]
    if not listed:
        return None
    last = max(listed, key=lambda secret: int(secret["metadata"]["labels"]["version"]))
    raw = base64.b64decode(base64.b64decode(last["data"]["release"]))
    return json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)


def resource_names(manifest: str) -> dict[str, list[str]]:
    """The objects of a release by kind: `{"Deployment.apps/apps/v1": ["namespace/name", …]}`."""
    found: dict[str, set[str]] = {}
    for obj in yaml.load_all(manifest, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if not isinstance(obj, dict) or not obj.get("kind"):
            continue
        version = obj["apiVersion"]
        group = version.rpartition("/")[0]
        kind = f"{obj['kind']}.{group}" if group else obj["kind"]
        metadata: dict[str, Any] = obj.get("metadata") or {}
        name = f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else metadata["name"]
        found.setdefault(f"{kind}/{version}", set()).add(name)
    return {key: sorted(names) for key, names in found.items()}
