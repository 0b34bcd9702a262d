"""The kubernetes stand-in answers what the real pulumi-kubernetes 4.34.2 answered, call by call.

The recordings are the real plugin's, under the same engine and control plane. What needs no cluster is asked first;
then all eight are played in the order in which they were made, on the simulated cluster.
"""

import os
import re
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sim import paths
from sim.env import environment
from sim.state import Cluster
from tests.conftest import REFERENCE
from tests.support.plugin import Answer, Plugin, recorded, running

Call = dict[str, Any]

RECORDINGS = (
    "preview-create",
    "up-create",
    "preview-update",
    "up-update",
    "refresh-after-drift",
    "up-waitfor-cancelled",
    "up-waitfor-ready",
    "destroy-with-finalizer",
)
CRDS = ("dynamocomponentdeployments.nvidia.com", "dynamographdeployments.nvidia.com")
GRAPH = "DynamoGraphDeployment"
HOLD = 3.0  # seconds that a person takes to remove the finalizer

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
# What may differ from the recording: where, what both sides must look like, and why.
ALLOWED = (
    (r"\.(uid|(batch\.kubernetes\.io/)?controller-uid)$", r"[0-9a-f-]{36}", "every object gets its own"),
    (r"\.resourceVersion$", r"\d+", "every cluster counts its own changes"),
    (r"\.(\w*[tT]ime|creationTimestamp)$", TIME, "it is later now"),
    (r"\.(__fieldManager|manager)$", r"pulumi-kubernetes-[0-9a-f]{8}", "the digits are random"),
    (r"^CheckConfig \.inputs", r".*", "the recordings have the provider's kubeconfig taken out"),
    (r"platform\.properties\.resourceNames\.", r".*", "the stand-in chart has fewer objects than NVIDIA's"),
)
NEEDS_CLUSTER = ("Create", "Read", "Update", "Delete")


def differences(call: Call, answer: Answer) -> list[str]:
    """Where an answer is not the recorded one, a line for each field."""
    where = f"{call['method']} {call['request'].get('name', '')}"
    found = [
        f"{path}: {wanted!r} became {got!r}"
        for path, wanted, got in _compare(call["response"], answer.response, where)
        if not _is_allowed(path, wanted, got)
    ]
    said = f"rpc error: code = {CODES.get(answer.code, answer.code)} desc = {answer.error}"
    if call.get("errors") and said not in call["errors"]:
        found.append(f"{where}: the error {call['errors']} became {said}")
    return found + [f"{where}: {answer.error}"] * bool(answer.error and found)


CODES = {"CANCELLED": "Canceled", "UNIMPLEMENTED": "Unimplemented"}


def _compare(wanted: Any, got: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Each leaf in which two answers differ; None is "not there"."""
    match wanted, got:
        case dict(), dict():
            for key in sorted(wanted.keys() | got.keys()):
                yield from _compare(wanted.get(key), got.get(key), f"{path}.{key}")
        case list(), list():
            for index in range(max(len(wanted), len(got))):
                sides = (side[index] if index < len(side) else None for side in (wanted, got))
                yield from _compare(*sides, f"{path}.{index}")
        case _ if wanted != got:
            yield path, wanted, got


def _is_allowed(path: str, wanted: Any, got: Any) -> bool:
    for where, like, _ in ALLOWED:
        sides = ("" if side is None and like == r".*" else str(side) for side in (wanted, got))
        if re.search(where, path) and all(re.fullmatch(like, side) for side in sides):
            return True
    return False


@pytest.fixture(scope="session")
def recordings(reference: Path) -> Path:
    return reference / "data" / "provider-calls"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded program's folder: two charts, by the names that the requests have, made of the stand-ins."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "charts").mkdir()
    for name in ("dynamo-crds", "dynamo-platform"):
        with tarfile.open(folder / "charts" / f"{name}-0.6.0.tgz", "w:gz") as archive:
            archive.add(paths.PROJECT / "sim" / "charts" / name, name)
    return folder


@pytest.fixture(scope="module")
def helm() -> dict[str, str]:
    """A PATH with helm, of this machine or of the simulation's tools."""
    found = shutil.which("helm") or next(map(str, paths.tools_root().glob("helm/*/bin/helm")), None)
    if found is None:
        pytest.skip("no helm: `python -m sim tools` brings it")
    return {"PATH": f"{Path(found).parent}:/usr/bin:/bin"}


@pytest.fixture(scope="module")
def alone(program: Path, helm: dict[str, str]) -> Iterator[Plugin]:
    """A plugin without a cluster."""
    with running("kubernetes", program, **helm) as plugin:
        yield plugin


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_needs_no_cluster_is_answered_as_the_real_plugin_did(name: str, recordings: Path, alone: Plugin) -> None:
    found = []
    for call in recorded(recordings / f"{name}.jsonl"):
        method, request = call["method"], call["request"]
        is_plain = method == "Create" and request.get("preview") and "__inputs" not in call["response"]["properties"]
        if method != "Handshake" and (method not in NEEDS_CLUSTER or is_plain):
            found += differences(call, alone.call(method, request))
    assert not found, "\n".join(found)


class Replay:
    """The recordings played on a cluster, with what a person did to it in between."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self._state: dict[str, Any] = {}  # by URN: what this cluster's objects are, in place of the recorded ones
        self.took: dict[str, float] = {}

    def play(self, name: str, calls: list[Call], plugin: Plugin) -> list[str]:
        """One recording; returns the differences."""
        self._before(name)
        found = []
        for call in calls:
            if call["method"] in ("Handshake", "Cancel"):
                continue
            beside = self._beside(name, call, plugin)
            began = time.monotonic()
            answer = plugin.call(call["method"], self._request(call))
            self.took[f"{name} {call['method']} {call['request'].get('name')}"] = time.monotonic() - began
            if beside:
                beside.join()
            self._keep(call, answer)
            found += differences(call, answer)
        return found

    def _request(self, call: Call) -> Call:
        """The request, about this cluster's objects."""
        request = {key: value for key, value in call["request"].items() if value is not None}
        own = self._state.get(request.get("urn", ""))
        for key in ("olds", "properties"):
            if own and "__inputs" in request.get(key, {}):
                request[key] = own
        return request

    def _keep(self, call: Call, answer: Answer) -> None:
        properties = (answer.response or {}).get("properties")
        if properties and not call["request"].get("preview") and call["method"] in ("Create", "Update", "Read"):
            self._state[call["request"]["urn"]] = properties

    def _kubectl(self, *words: str) -> None:
        self._run("kubectl", "--namespace", "dw", *words)

    def _patch(self, patch: str, *words: str) -> None:
        self._kubectl("patch", "dynamographdeployment", "sgl", "--type", "merge", "--patch", patch, *words)

    def _before(self, name: str) -> None:
        if name == "refresh-after-drift":
            self._patch('{"spec": {"services": {"Frontend": {"replicas": 5}}}}')
            self._kubectl("delete", "secret", "mpi-run-ssh-secret")
        if name == "destroy-with-finalizer":
            self._patch('{"metadata": {"finalizers": ["example.com/hold"]}}')

    def _beside(self, name: str, call: Call, plugin: Plugin) -> threading.Thread | None:
        """What happens while the call waits."""
        if GRAPH not in call["request"].get("type", ""):
            return None
        ready = (
            '{"state": "successful", "conditions": [{"lastTransitionTime": "2026-11-24T00:00:00Z", "message": "ok", '
        )
        ready += '"reason": "all_resources_are_ready", "status": "True", "type": "Ready"}]}'
        acts: dict[tuple[str, str], Callable[[], Any]] = {
            ("up-waitfor-cancelled", "Update"): lambda: plugin.call("Cancel"),
            ("up-waitfor-ready", "Update"): lambda: self._patch(f'{{"status": {ready}}}', "--subresource", "status"),
            ("destroy-with-finalizer", "Delete"): lambda: self._patch('{"metadata": {"finalizers": null}}'),
        }
        act = acts.get((name, call["method"]))
        if act is None:
            return None
        thread = threading.Timer(HOLD, act)
        thread.start()
        return thread


def _on(cluster: Cluster) -> Callable[..., None]:
    """Runs commands on the cluster."""
    return lambda *words: subprocess.run(
        words, env=os.environ | environment(cluster), check=True, capture_output=True, timeout=60
    )


@pytest.fixture(scope="module")
def played(cluster: Cluster, program: Path, request: pytest.FixtureRequest) -> tuple[dict[str, list[str]], Replay]:
    """All recordings played, on a cluster without Dynamo's CRDs: by name, what differed."""
    if not REFERENCE.is_dir():
        pytest.skip(f"no recordings: {REFERENCE.name}/ is not beside the checkout")
    run = _on(cluster)
    clear = ("kubectl", "delete", "crd", *CRDS, "--ignore-not-found")
    run(*clear)
    replay, found = Replay(run), {}
    for name in RECORDINGS:
        with running("kubernetes", program, **environment(cluster)) as plugin:
            found[name] = replay.play(name, recorded(REFERENCE / "data" / "provider-calls" / f"{name}.jsonl"), plugin)
    run(*clear)
    return found, replay


@pytest.mark.cluster
@pytest.mark.parametrize("name", RECORDINGS)
def test_on_a_cluster_each_recorded_call_is_answered_as_the_real_plugin_did(
    name: str, played: tuple[dict[str, list[str]], Replay]
) -> None:
    found, _ = played
    assert not found[name], "\n".join(found[name])


@pytest.mark.cluster
def test_a_delete_waits_for_the_finalizer(played: tuple[dict[str, list[str]], Replay]) -> None:
    _, replay = played
    assert replay.took["destroy-with-finalizer Delete dgd"] >= HOLD
