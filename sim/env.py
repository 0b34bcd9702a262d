"""The environment in which pulumi, kubectl, helm and the wideep command work on the simulated cluster."""

import os
import re
import sys
from pathlib import Path

from sim import paths
from sim.state import Cluster

# Needed for `--policy-pack`. A current language host does not need it for the program, since Pulumi.yaml names a
# virtual environment.
_LANGUAGE_HOST_PYTHON = paths.PROJECT / "sim" / "languagehost" / "python"
_ONE_FILE_EACH = "metadata=skip"
"""Keeps Pulumi from writing a second file beside each state. If Pulumi is killed while it writes that file, it can no
longer read the state either: "failed to load checkpoint: EOF"."""
_NOT_COMMANDS = re.compile(r"dynamo.*|pulumi-resource-.*")
"""Tools whose folders stay off PATH: Dynamo's folder contains a python, which would shadow the program's own, and the
engine loads a plugin that it finds on PATH, with a warning."""


def environment(cluster: Cluster) -> dict[str, str]:
    """Return the variables to set on top of the caller's environment."""
    home = cluster.directory
    return {
        "PATH": _path(cluster),
        "KUBECONFIG": str(cluster.kubeconfig),
        "KUBECACHEDIR": str(home / "kubectl"),
        "SIM_CLUSTER": str(cluster.file),
        "SIM_TOKENIZER": str(cluster.agent_dir / "model"),
        "PULUMI_HOME": str(cluster.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{cluster.pulumi_state}?{_ONE_FILE_EACH}",
        "PULUMI_CONFIG_PASSPHRASE": "simulated-cluster",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_PYTHON_CMD": str(_LANGUAGE_HOST_PYTHON),
        "DOCKER_CONFIG": str(cluster.docker_config),
        "HELM_CACHE_HOME": str(home / "helm" / "cache"),
        "HELM_CONFIG_HOME": str(home / "helm" / "config"),
        "HELM_DATA_HOME": str(home / "helm" / "data"),
    }


def _path(cluster: Cluster) -> str:
    """Return a PATH of the venv's commands, the cached tools and the caller's PATH. A tool that was found on the
    caller's PATH keeps its place there."""
    first = [Path(sys.prefix) / "bin"]
    root = paths.tools_root()
    commands = [path for name, path in cluster.tools.items() if not _NOT_COMMANDS.fullmatch(name)]
    first += [path.parent for path in commands if root in path.parents]
    return os.pathsep.join(dict.fromkeys([*map(str, first), *os.environ.get("PATH", os.defpath).split(os.pathsep)]))
