"""A stack's life beside two small programs, and beside helm and kubectl: ``python -m bench.life [--rounds 3]``.

On its own simulated cluster (SIM_ID), in turns: `pulumi preview`, `up`, `up` with nothing to do and `destroy` of a
stack of 16 GPUs that installs the platform; the same for a program that imports the same SDKs and creates nothing, and
for one with a single resource of each provider plugin that the stack starts; and by hand what the stack has created:
kubectl applies the objects, helm installs the releases with the same values, kubectl waits for the download and for the
graph, applies the same again, and deletes everything. Prints one JSON object of median seconds; its progress goes to
stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.fleet import Project, own_cluster
from bench.plan import timed
from bench.preview import EMPTY
from sim.sandbox import write_stack

NODES: Final = 2
STACK: Final = "life"
IMAGE: Final = {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64}
PLATFORM: Final = {"version": "1.6.1", "charts": "sim/charts/1.6.1"}
QUIET: Final = ("--non-interactive", "--stack", STACK)
COMMANDS: Final = {
    "preview": ("preview",),
    "up": ("up", "--yes", "--skip-preview"),
    "up with nothing to do": ("up", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
ONE_OF_EACH: Final = """import pulumi, pulumi.dynamic, pulumi_kubernetes as k8s, pulumi_random

class Provider(pulumi.dynamic.ResourceProvider):
    serialize_as_secret_always = False
    def create(self, props):
        return pulumi.dynamic.CreateResult("id", dict(props))

class Resource(pulumi.dynamic.Resource, module="bench", name="Resource"):
    pass

Resource(Provider(), "dynamic", {"key": "value"})
k8s.core.v1.Namespace("kubernetes", metadata={"name": "one-of-each"})
pulumi_random.RandomId("random", byte_length=4)
"""
"""The least that starts the plugins of Kubernetes, of random numbers and of dynamic resources."""
PROGRAMS: Final = {"empty": EMPTY, "one of each plugin": ONE_OF_EACH}
RELEASE: Final = "kubernetes:helm.sh/v3:Release"
GRAPH: Final = "DynamoGraphDeployment"
WAIT: Final = "300s"

Json = dict[str, Any]
Seconds = dict[str, list[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds: int = parser.parse_args().rounds
    before = os.getloadavg()[0]
    found: dict[str, Seconds] = {name: defaultdict(list) for name in ("stack", *PROGRAMS, "by hand")}
    with own_cluster(NODES) as (cluster, folder), tempfile.TemporaryDirectory() as elsewhere:
        stack = Project(cluster, folder)
        write_stack(folder, STACK, image=IMAGE, platform=PLATFORM, layout={"preset": "best-16gpu"})
        others = {
            name: Project(cluster, other_project(folder, Path(elsewhere) / name, program))
            for name, program in PROGRAMS.items()
        }
        stack.run("pulumi", "stack", "init", STACK, "--non-interactive")
        resources: list[Json] = []
        for number in range(rounds):
            for name, project in {"stack": stack, **others}.items():
                for phase, command in COMMANDS.items():
                    if project is stack and phase == "destroy":
                        resources = kubernetes_resources(stack)
                    found[name][phase].append(timed(partial(project.run, "pulumi", *command, *QUIET)))
            by_hand(stack, resources, found["by hand"])
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
    print(json.dumps(figures(found, rounds, before), indent=2))


def figures(found: dict[str, Seconds], rounds: int, before: float) -> Json:
    """Return the medians, and the ratio of the stack's times to the others'."""
    medians = {name: {phase: statistics.median(all_) for phase, all_ in each.items()} for name, each in found.items()}
    own = medians["stack"]
    ratios = {
        f"stack to {other}": {phase: round(own[phase] / seconds, 2) for phase, seconds in medians[other].items()}
        for other in (*PROGRAMS, "by hand")
    }
    rounded = {name: {phase: round(each, 1) for phase, each in phases.items()} for name, phases in medians.items()}
    load = [round(each, 1) for each in (before, os.getloadavg()[0])]
    return {**rounded, **ratios, "rounds": rounds, "load_before_and_after": load}


def other_project(folder: Path, copy: Path, program: str) -> Path:
    """Return a copy of the project with another program."""
    shutil.copytree(folder, copy, symlinks=True)
    (copy / "__main__.py").unlink()
    (copy / "__main__.py").write_text(program)
    return copy


def kubernetes_resources(stack: Project) -> list[Json]:
    """Return the Kubernetes resources of the stack, in the order in which they were created."""
    state: Json = json.loads(stack.run("pulumi", "stack", "export", "--show-secrets", "--stack", STACK))
    resources: list[Json] = state["deployment"]["resources"]
    return [each for each in resources if each["type"].startswith("kubernetes:") and not each.get("external")]


def by_hand(project: Project, resources: Sequence[Json], seconds: Seconds) -> None:
    """Create the same objects with kubectl and helm, apply them again, and delete them."""
    releases = [plain(each["inputs"]) for each in resources if each["type"] == RELEASE]
    objects = [plain(each["inputs"]) for each in resources if each["type"] != RELEASE]
    graphs = [each for each in objects if each["kind"] == GRAPH]
    others = [each for each in objects if each["kind"] != GRAPH]
    for phase in ("up", "up with nothing to do"):
        began = time.monotonic()
        apply(project, others)
        for each in releases:
            install(project, each)
        wait(project, [each for each in others if each["kind"] == "Job"], "complete")
        apply(project, graphs)
        wait(project, graphs, "Ready")
        seconds[phase].append(time.monotonic() - began)
    began = time.monotonic()
    project.run("kubectl", "delete", "--wait", "-f", "-", given=listed(graphs))
    for each in reversed(releases):
        project.run("helm", "uninstall", each["name"], "-n", each.get("namespace", "default"), "--wait")
    project.run("kubectl", "delete", "--wait", "--ignore-not-found", "-f", "-", given=listed(others[::-1]))
    seconds["destroy"].append(time.monotonic() - began)


def plain(value: Any) -> Any:
    """Return inputs as a person would write them: without the engine's marks of secrets, the provider's own keys, and
    owner references, whose UIDs are those of the stack's objects."""
    if isinstance(value, list):
        return [plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, dict):
        return value
    fields: Json = value
    if "plaintext" in fields:
        return plain(json.loads(fields["plaintext"]))
    return {key: plain(each) for key, each in fields.items() if not key.startswith("__") and key != "ownerReferences"}


def listed(objects: Sequence[Json]) -> str:
    """Return objects as one List document."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def apply(project: Project, objects: Sequence[Json]) -> None:
    """Apply objects, namespaces first, because the others are in them."""
    for some in ([each for each in objects if each["kind"] == "Namespace"], objects):
        if some:
            project.run("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-", given=listed(some))


def install(project: Project, release: Json) -> None:
    """Install a release with the values that the stack gave it."""
    place = ("-n", release.get("namespace", "default"))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as values:
        json.dump(release.get("values", {}), values)
        values.flush()
        words = (release["name"], release["chart"], *place, "--values", values.name, "--wait")
        project.run("helm", "upgrade", "--install", *words)


def wait(project: Project, objects: Sequence[Json], condition: str) -> None:
    """Wait until all objects have the condition."""
    for each in objects:
        name = f"{each['kind'].lower()}/{each['metadata']['name']}"
        place = ("-n", each["metadata"]["namespace"])
        project.run("kubectl", "wait", f"--for=condition={condition}", name, *place, f"--timeout={WAIT}")


if __name__ == "__main__":
    main()
