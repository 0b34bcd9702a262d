"""`kubernetes:helm.sh/v3:Release` as a Pulumi resource."""

from __future__ import annotations

import copy
import os
import secrets
import threading
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from sim.plugins import values
from sim.plugins.kubernetes import helm
from sim.plugins.kubernetes.api import Api, Object
from sim.plugins.kubernetes.diff import DetailedDiff, Sides, three_way_patch
from sim.plugins.kubernetes.reading import Read
from sim.plugins.server import Engine, Level, PartialFailureError, PluginError

TYPE: Final = "kubernetes:helm.sh/v3:Release"
INPUTS: Final = "__inputs"

# Every input with what it is when the program says nothing: the provider fills all of them in.
DEFAULTS: Final[dict[str, Any]] = {
    **dict.fromkeys(
        values.words(
            "allowNullValues atomic cleanupOnFail createNamespace dependencyUpdate devel disableCRDHooks "
            "disableOpenapiValidation disableWebhooks forceUpdate lint recreatePods renderSubchartNotes "
            "replace resetValues reuseValues skipAwait skipCrds verify waitForJobs"
        ),
        False,
    ),
    **dict.fromkeys(values.words("chart description keyring name namespace postrender version"), ""),
    "timeout": 0,
    "values": {},
}
OPTIONAL: Final = ("maxHistory",)
REPOSITORY: Final = ("caFile", "certFile", "keyFile", "password", "repo", "username")


def decode(properties: values.Properties) -> Object:
    """A release's inputs, complete: no secret marks, unknown values as if they were not given."""
    plain = _known(values.reveal(properties))
    if plain.get("valueYamlFiles"):
        raise PluginError("the simulated kubernetes plugin knows no valueYamlFiles: give values")
    release = {key: copy.deepcopy(plain.get(key, default)) for key, default in DEFAULTS.items()}
    release = {key: DEFAULTS[key] if value is None else value for key, value in release.items()}
    release.update({key: plain[key] for key in OPTIONAL if plain.get(key) is not None})
    if repository := plain.get("repositoryOpts"):
        release["repositoryOpts"] = {key: repository.get(key) or "" for key in REPOSITORY}
    return release


def _known(value: Any) -> Any:
    match value:
        case dict():
            return {key: _known(item) for key, item in value.items()}
        case list():
            return [_known(item) for item in value]
        case values.UNKNOWN:
            return None
        case _:
            return value


def check(
    tool: helm.Helm, name: str, news: values.Properties, olds: values.Properties, namespace: str
) -> tuple[values.Properties, list[provider_pb2.CheckFailure]]:
    """The complete inputs, with the version of the chart that the inputs stand for now."""
    given = dict(news)
    if not given.get("name"):
        given["name"] = olds.get("name") or f"{name}-{secrets.token_hex(4)}"
    if not given.get("namespace"):
        given["namespace"] = namespace
    if not given.get("skipAwait"):
        given.setdefault("timeout", helm.DEFAULT_TIMEOUT)
    if given.get("verify") and not given.get("keyring"):
        given["keyring"] = os.path.expandvars("$HOME/.gnupg/pubring.gpg")
    release = decode(given)
    failures = []
    if not values.has_unknown(given):
        try:
            release["version"] = str(tool.chart(release)["version"])
        except helm.HelmError as error:
            reason = f"{error}; check the chart name and repository configuration."
            failures.append(provider_pb2.CheckFailure(property="chart", reason=reason))
    values.mark_unknown(release, news)
    values.mark_secrets(release, news)
    return release, failures


def diff(olds: values.Properties, news: values.Properties, ignored: list[str]) -> provider_pb2.DiffResponse:
    """What changes; another name or namespace is another release."""
    if "version" in ignored:
        news = {**news, "version": olds.get("version")}
    old_inputs = dict(values.reveal(olds.get(INPUTS, {})))
    for key in ("checksum", "resourceNames"):
        old_inputs.pop(key, None)
    state, inputs = values.reveal(olds), values.reveal(news)
    patch = three_way_patch(old_inputs, inputs, state)
    detail = DetailedDiff([".name", ".namespace"])
    detail.add((), Sides(patch, state, inputs, old_inputs))
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if patch else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted(patch),
        replaces=detail.replaces,
        detailedDiff=detail.fields,
        hasDetailedDiff=bool(detail.fields),
    )


def checkpoint(inputs: values.Properties, release: Object, *, preview: bool) -> values.Properties:
    """The state of a release: its inputs, whole and secret, and what came of them."""
    state = copy.deepcopy(release)
    values.mark_unknown(state, inputs)
    values.mark_secrets(state, inputs)
    state[INPUTS] = values.Secret(inputs)
    if preview:
        state.update(resourceNames=values.UNKNOWN, status=values.UNKNOWN)
    return state


def _describe(release: Object, stored: Object) -> Object:
    """A release's outputs, from what helm stored of it."""
    metadata, info = stored["chart"]["metadata"], stored["info"]
    return {
        **release,
        "values": _merged(release["values"], stored.get("config") or {}),
        "version": metadata["version"],
        "resourceNames": helm.resource_names(stored.get("manifest") or ""),
        "status": {
            "appVersion": metadata.get("appVersion", ""),
            "chart": metadata["name"],
            "name": stored["name"],
            "namespace": stored["namespace"],
            "revision": stored["version"],
            "status": info["status"],
            "version": metadata["version"],
        },
    }


def _merged(base: Object, over: Object) -> Object:
    both = {
        key: _merged(base[key], over[key])
        for key in base.keys() & over.keys()
        if isinstance(base[key], dict) and isinstance(over[key], dict)
    }
    return {**base, **over, **both}


def _id(release: Object) -> str:
    return f"{release['namespace']}/{release['name']}" if release["namespace"] else release["name"]


class Releases:
    """The calls that need the cluster."""

    def __init__(self, api: Api | None, engine: Engine, cancelled: threading.Event) -> None:
        self._api, self._engine = api, engine
        self._tool = helm.Helm(api.connection if api else None, cancelled)

    def create(self, urn: str, inputs: values.Properties, *, preview: bool) -> tuple[str, values.Properties]:
        """Install a release; returns its id and state.

        Raises:
            PartialFailureError: It was installed, and not all of it became ready.
        """
        release = decode(inputs)
        if preview:
            return "", checkpoint(inputs, release, preview=True)
        try:
            self._tool.install(release)
        except helm.HelmError as error:
            if self._stored(release) is None or "cannot re-use a name" in str(error):
                raise
            self._engine.log(
                Level.WARNING,
                f'Helm release "{release["name"]}" was created but has a failed status. Use the `helm` command to '
                f"investigate the error, correct it, then retry. Reason: {error}",
                urn,
            )
            raise self._failed(inputs, release, error, "was created, but failed") from error
        return _id(release), self._state(inputs, release)

    def update(self, inputs: values.Properties, *, preview: bool) -> values.Properties:
        """Upgrade a release; returns its state.

        Raises:
            PartialFailureError: It was upgraded, and not all of it became ready.
        """
        release = decode(inputs)
        if preview:
            return checkpoint(inputs, release, preview=True)
        before = self._stored(release)
        try:
            self._tool.upgrade(release)
        except helm.HelmError as error:
            after = self._stored(release)
            if before is None or after is None or before["version"] == after["version"]:
                raise
            raise self._failed(inputs, release, error, "failed") from error
        return self._state(inputs, release)

    def read(self, id_: str, state: values.Properties) -> Read | None:
        """A release as helm has it now; None when it is gone. Without a state it is an import."""
        old = decode(state)
        if not old["name"]:
            old["namespace"], _, old["name"] = id_.rpartition("/")
        stored = self._stored(old)
        if stored is None:
            return None
        old["chart"] = old["chart"] or stored["chart"]["metadata"]["name"]
        found = _describe(old, stored)
        kept = state.get(INPUTS)
        inputs = kept.value if isinstance(kept, values.Secret) else kept
        if inputs is None:
            skipped = ("resourceNames", "status")
            inputs = {key: value for key, value in found.items() if key not in skipped}
            inputs["timeout"] = inputs["timeout"] or helm.DEFAULT_TIMEOUT
        return Read(id_ or _id(old), checkpoint(inputs, found, preview=False), inputs)

    def delete(self, urn: str, state: values.Properties) -> None:
        """Uninstall a release; what helm keeps, by the chart's wish, is told as a warning."""
        kept = self._tool.uninstall(decode(state))
        if kept:
            shown = kept.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            self._engine.log(Level.WARNING, f'Helm uninstall returned information: "{shown}"', urn)

    def _stored(self, release: Object) -> Object | None:
        return helm.stored(self._api, release["name"], release["namespace"]) if self._api else None

    def _state(self, inputs: values.Properties, release: Object) -> values.Properties:
        stored = self._stored(release)
        return checkpoint(inputs, _describe(release, stored) if stored else release, preview=False)

    def _failed(self, inputs: values.Properties, release: Object, error: Exception, how: str) -> PartialFailureError:
        id_ = _id(release)
        message = (
            f'Helm release "{id_}" {how} to initialize completely. Use Helm CLI to investigate: failed to become '
            f"available within allocated timeout. Error: Helm Release {id_}: {error}"
        )
        return PartialFailureError(message, id_=id_, state=self._state(inputs, release))
