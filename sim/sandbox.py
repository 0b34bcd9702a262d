"""A scratch project and a Dynamo platform that tests and benchmarks install on a simulated cluster."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from sim.paths import PROJECT

__all__ = ["CRDS", "RELEASE", "WORKS_TODAY", "copy_project", "install_platform", "make_mpi_secret", "write_stack"]

RELEASE: Final = "dynamo-platform"
CRDS: Final = ("dynamo-crds", "--namespace=default")
WORKS_TODAY: Final = (
    "--set=dynamo-operator.dynamo.mpiRun.sshKeygen.enabled=false",
    "--set=dynamo-operator.controllerManager.kubeRbacProxy.image.repository=quay.io/brancz/kube-rbac-proxy",
)
"""Values without which the chart fails on a fresh cluster."""

Run = Callable[..., object]
"""Runs a command in the project's folder and raises if it fails."""


def copy_project(folder: Path) -> Path:
    """Make a project folder into which Pulumi may write: stack files are copied, everything else is linked."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in PROJECT.iterdir():
        if entry.match("Pulumi*.yaml"):
            shutil.copy(entry, folder)
        elif entry.name != ".git":
            os.symlink(entry, folder / entry.name)
    return folder


def write_stack(folder: Path, name: str, **changes: Any) -> None:
    """Write ``Pulumi.NAME.yaml``: the sim stack with some keys changed. None removes a key; a changed ``platform``
    keeps the sim stack's release unless it names its own."""
    stack = yaml.safe_load((PROJECT / "Pulumi.sim.yaml").read_text(encoding="utf-8"))
    if isinstance(changes.get("platform"), dict):
        own = stack["config"]["dynamo-wideep:platform"]["version"]
        changes["platform"] = {"version": own, **changes["platform"]}
    config = stack["config"] | {f"dynamo-wideep:{key}": value for key, value in changes.items()}
    stack["config"] = {key: value for key, value in config.items() if value is not None}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(stack), encoding="utf-8")


def install_platform(run: Run, namespace: str) -> None:
    """Install a cluster-wide platform with Helm, as a user would without this project."""
    run("kubectl", "create", "namespace", namespace)
    run("helm", "upgrade", "--install", *CRDS, "sim/charts/dynamo-crds", "--wait")
    make_mpi_secret(run, namespace)
    chart = ("sim/charts/dynamo-platform", "-n", namespace, "--wait", "--timeout=60s")
    run("helm", "install", RELEASE, *chart, *WORKS_TODAY)


def make_mpi_secret(run: Run, namespace: str) -> None:
    """Create the MPI SSH key's Secret, because the chart's own Job that would create it fails."""
    keys = ("--from-literal=private.key=x", "--from-literal=private.key.pub=y")
    run("kubectl", "-n", namespace, "create", "secret", "generic", "mpi-run-ssh-secret", *keys)
