"""Dynamo with wide expert parallelism on a Kubernetes cluster.

config ──► Settings ──► Plan ──► preflight (read-only) ──► DynamoStack ──► outputs
"""

import atexit
import gc

import pulumi

from components.dynamo_stack import DynamoStack, DynamoStackArgs
from components.stack_config import hf_token, read_settings, registry_password
from components.stack_preflight import OnCluster, run_preflight
from wideep.plan import make_plan
from wideep.rules import Accepted


def deploy(settings: Accepted, on_cluster: OnCluster) -> None:
    """Make all resources of a stack, and its outputs."""
    password = registry_password() if settings.image.registry else None
    args = DynamoStackArgs(settings, hf_token(), password, on_cluster, at_root=True)
    for name, value in DynamoStack("dynamo", args).outputs.items():
        pulumi.export(name, value)


if __name__ == "__main__":
    atexit.register(gc.freeze)  # the last collection would walk the SDK's classes for a quarter of a second
    the_settings = read_settings()
    deploy(the_settings, run_preflight(make_plan(the_settings)))
