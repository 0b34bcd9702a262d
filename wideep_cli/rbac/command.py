"""The ``rbac`` command and its options."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

__all__ = ["EXAMPLE", "rbac"]

EXAMPLE = "Example: [bold]wideep rbac --stack prod --user anna | kubectl apply -f -[/bold]"

User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Bind the roles to this user.")]
Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="Bind the roles to this group.")]
Account = Annotated[
    str | None,
    typer.Option("--service-account", metavar="NAME", help="Bind the roles to this service account of the namespace."),
]

Exec = Annotated[
    bool,
    typer.Option(
        "--exec", help="Add the right to run commands in the namespace's pods (gpus, network, eplb): as root in them."
    ),
]
Measure = Annotated[
    bool, typer.Option("--burnin", help="Add the right to make the Jobs of burnin, and to keep its figures.")
]
Up = Annotated[
    bool,
    typer.Option(
        "--up",
        help="Roles for pulumi up and destroy of a stack with platform.install: false, in a namespace that exists.",
    ),
]
UP_WARNING = (
    "With --up they may read and write the Secrets of namespace {}, and run pods in it. Create the namespace first. To "
    "install the platform or monitoring takes cluster-admin: their charts make cluster roles."
)
MEASURE_WARNING = (
    "With --burnin they may make Jobs in namespace {}: a Job's pod can mount the namespace's Secrets. Give it to those "
    "who may see them."
)
EXEC_WARNING = (
    "With --exec they may run any command in the pods of namespace {}: as root in the container, with all that its "
    "environment and volumes hold. Give it to those who may change the graph."
)


def rbac(
    user: User = None,
    group: Group = None,
    account: Account = None,
    may_exec: Exec = False,
    may_measure: Measure = False,
    may_deploy: Up = False,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Print the Role and ClusterRole that wideep, or with --up Pulumi, needs for a stack. Read-only without options."""
    import yaml

    from wideep.dynamo import release_of
    from wideep_cli.rbac.roles import Subject, deployer_roles, roles
    from wideep_cli.stack_context import settings_of, stack_file

    settings = settings_of(stack_file(stack, file))
    namespace = settings.namespace
    named = (("User", user), ("Group", group), ("ServiceAccount", account))
    subjects = [Subject(kind, name) for kind, name in named if name]
    webhooks = release_of(settings).webhooks
    if may_deploy:
        manifests = deployer_roles(namespace, subjects, admission=webhooks)
    else:
        manifests = roles(namespace, subjects, may_exec, may_measure=may_measure, admission=webhooks)
    if may_exec:
        say(EXEC_WARNING.format(namespace))
    if may_measure:
        say(MEASURE_WARNING.format(namespace))
    if may_deploy:
        say(UP_WARNING.format(namespace))
    if output is OutputFormat.JSON:
        answer(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}, indent=2))
    else:
        answer(yaml.safe_dump_all(manifests, sort_keys=False))
