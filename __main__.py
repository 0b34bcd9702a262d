"""Dynamo with wide expert parallelism on a Kubernetes cluster.

config ──► Settings ──► Plan ──► preflight (read-only) ──► DynamoStack ──► outputs
"""

import asyncio
import atexit
import gc

import pulumi

from components.dynamic.stack_cleanup import Sweep
from components.dynamo_stack import DynamoStack, DynamoStackArgs, import_sdks, make_sweep
from components.stack_config import hf_token, read_settings, registry_password
from components.stack_preflight import OnCluster, run_preflight
from wideep.plan import make_plan
from wideep.rules import Accepted


def deploy(settings: Accepted, on_cluster: OnCluster, sweep: Sweep | None = None) -> None:
    """Create all resources of a stack, and export its outputs. ``sweep`` is the first of them, if it exists already."""
    password = registry_password() if settings.image.registry else None
    args = DynamoStackArgs(settings, hf_token(), password, on_cluster, sweep, at_root=True)
    for name, value in DynamoStack("dynamo", args).outputs.items():
        pulumi.export(name, value)


async def main() -> None:
    """Read, check, deploy. The first resource is registered early: the engine then starts the process of the dynamic
    providers while this process imports the SDKs, which takes about as long."""
    settings = read_settings()
    plan = make_plan(settings)
    on_cluster = run_preflight(plan)
    sweep = make_sweep(plan)
    await asyncio.to_thread(import_sdks)
    deploy(settings, on_cluster, sweep)


if __name__ == "__main__":
    atexit.register(gc.freeze)  # the final garbage collection would take 0.25 s for the SDK's classes
    pulumi.run(main)
