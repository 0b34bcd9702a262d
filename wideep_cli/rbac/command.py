"""The verb ``rbac``: its options."""

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
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Print the Role and ClusterRole that wideep needs to inspect a stack. Read-only without --exec and --burnin."""
    import yaml

    from wideep.dynamo import release_of
    from wideep_cli.rbac.roles import Subject, roles
    from wideep_cli.stack_context import settings_of, stack_file

    settings = settings_of(stack_file(stack, file))
    namespace = settings.namespace
    named = (("User", user), ("Group", group), ("ServiceAccount", account))
    subjects = [Subject(kind, name) for kind, name in named if name]
    manifests = roles(namespace, subjects, may_exec, may_measure=may_measure, admission=release_of(settings).webhooks)
    if may_exec:
        say(EXEC_WARNING.format(namespace))
    if may_measure:
        say(MEASURE_WARNING.format(namespace))
    if output is OutputFormat.JSON:
        answer(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}, indent=2))
    else:
        answer(yaml.safe_dump_all(manifests, sort_keys=False))
