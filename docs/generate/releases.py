"""Writes docs/releases.md: the table of Dynamo's releases, the upgrade paths and the problems of the newest release."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from wideep.dynamo.releases import ROWS, TRAPS, ReleaseRow, Store
from wideep.dynamo.upgrades import upgrade
from wideep.versions import DYNAMO
from wideep_cli.markdown import table

__all__ = ["FRESH_CLUSTER", "Trap", "pages"]

PAGE = Path(__file__).parents[1] / "releases.md"
INTRO = f"""<!-- Written by python -m docs.generate from wideep/dynamo. Change that, not this. -->

# Releases of Dynamo

Which releases of NVIDIA Dynamo a stack can run, what of each was tried, and how to get from one to another. The stack's
`platform.version` names one of these, or another patch release of the same minor; any other version is refused with the
nearest. Without the key it is {DYNAMO}.
"""
TRIED = """\
Of releases that were not tried only the documents, the charts' READMEs and the wheels were read; a plan for one of them
has a warning. What *tried* means:
"""
GANGS = """## Grove and KAI

The versions that a release installs where a worker has several pods; those of the others are not known:
"""
STORES: dict[Store, str] = {"needed": "needed", "installed": "installed", "off": "if asked"}
IMAGES = """## Images

`image.source: published`, the default from 0.7 on, pulls NVIDIA's `sglang-runtime` of the release. Whether it contains
DeepEP was not checked in an image: 0.6's does not; for 0.7 to 0.9 Dynamo's documents run wide layouts with it; from 1.0
on its Dockerfile starts from SGLang's runtime image and pins NCCL and cuDNN for DeepEP. `python3 -c "import deep_ep"`
in a pod settles it. From 1.3 on the images have CUDA 13 only: nodes need driver 580 or newer. `image.tag: 1.6.1-efa` is
the variant for AWS EFA.

`image.source: build` builds 0.6's `container/Dockerfile.sglang-wideep`. From 0.7 on Dynamo generates its Dockerfiles by
script, in several steps: name one of your own with `image.dockerfile` and `image.buildArgs`, or build the image
elsewhere and set `source: existing`.
"""
UPGRADES = """## From one release to another

Dynamo documents updates within a minor and to the next minor. For releases before 1.0 no such page was found: any step
up is accepted among them, and only the one from 0.9 to 1.0. A longer step is refused with the path to take. Downgrades
go one minor at a time, and never from 1.0 to 0.9. How to do one, and how to skip steps with one longer outage:
[upgrading](upgrading.md).
"""
FRESH = """## What goes wrong with 1.6.1 on a fresh cluster

What this program does about each known problem; `tests/unit/wideep/test_release_traps.py` tests it.

"""
UNKNOWN = """## Not known

- The last release whose operator starts kube-rbac-proxy: its image is overridden in all of them, and a chart without it
  ignores that.
- Which fields of v1alpha1 graphs the admission webhook of 1.0 to 1.2 refuses to change: a change of `backendFramework`
  or `multinode` replaces the graph, as from 1.3 on.
- From which release on the frontend reads the tokenizer at the worker's path: 0.7 is assumed.

Also: 1.6.2 and 1.7 exist; 1.6.2 is treated as 1.6.1, and 1.7 is refused. In 0.6 to 1.0 a gang asks for one pod of each
role: of a worker of more than two pods, a leader and one more are placed together, the rest when there is room
(dynamo#7811).
"""


@dataclass(frozen=True)
class Trap:
    """A problem that keeps a graph of 1.6.1 from running on a fresh cluster, and what this program does about it."""

    text: str
    how: str
    done: str
    test: str
    """Name of a test function; empty if there is nothing to test here."""


FRESH_CLUSTER: tuple[Trap, ...] = (
    Trap(
        "Webhooks fail closed, and answer only some time after the install",
        "avoided",
        "`up` waits until they answer before it creates the graph",
        "test_from_1_0_on_a_webhook_admits_graphs",
    ),
    Trap(
        "Grove or KAI is missing, has another version, or evicts stale pods",
        "avoided",
        "installed with the staleness period as a string; with `grove: existing` a warning has the minimum versions",
        "test_grove_and_kai_of_1_6_come_together_with_the_staleness_period_as_a_text",
    ),
    Trap(
        "KAI's queue does not exist",
        "avoided",
        "`global.kai-scheduler.enabled` makes the chart create it; a warning with `grove: existing`",
        "test_the_operator_is_told_of_grove_and_kai_whoever_installs_them",
    ),
    Trap(
        "An operator of another release crash-loops on the chart's flags",
        "warned",
        "`platform.operatorImage` with another tag",
        "test_an_operator_of_another_release_is_said",
    ),
    Trap(
        "Claims of NATS and etcd hang without a default storage class",
        "avoided",
        "neither is installed unless you ask for it; a warning lists the CRDs to apply by hand for 1.3 and 1.4",
        "test_neither_etcd_nor_nats_is_installed_unless_it_is_asked_for",
    ),
    Trap(
        "The source of the MPI Secret is missing, and every graph fails",
        "avoided",
        "the stack creates it, or names one, in every release",
        "test_every_release_has_the_mpi_secret_that_its_operator_looks_for",
    ),
    Trap("Engine flags of the 0.6 era", "avoided", "each release's engine has its own flags (tests/wheels)", ""),
    Trap(
        "Several quick updates roll a whole gang; 1.4 leaves a graph at zero replicas",
        "avoided",
        "one update of the graph per `up`; a role always starts with a replica",
        "test_a_role_starts_with_a_replica_at_least",
    ),
    Trap(
        "Up to 1.0 a gang places only two pods of a worker",
        "warned",
        "for workers of more than two pods",
        "test_a_gang_that_is_placed_in_part_is_said",
    ),
    Trap(
        "vLLM with TP across nodes crashes at startup",
        "avoided",
        "a tensor-parallel group stays within a node (wideep/engines/vllm/rules)",
        "",
    ),
    Trap(
        "Drivers below 580",
        "warned",
        "above, and in the preview of the step to 1.3",
        "test_what_a_step_does_with_nats_drivers_and_storage_is_said",
    ),
    Trap(
        "Pods without an API token find no other pods",
        "avoided",
        "their token is mounted, and the operator names the service account",
        "test_pods_of_1_x_have_the_token_that_discovery_needs_and_no_account_of_their_own",
    ),
    Trap(
        "SGLang over EFA stalls; a pod with some of its node's devices mismatches its peer",
        "warned",
        "with the image variant to use, and that all devices are needed",
        "test_the_image_without_efa_is_said",
    ),
)


def row_line(row: ReleaseRow) -> tuple[str, ...]:
    """Return a release's row of the table."""
    return (
        row.version,
        row.date or "?",
        row.sglang,
        row.api.version,
        "chart" if row.crds == "chart" else "operator",
        STORES[row.etcd],
        STORES[row.nats],
        "yes" if row.tried else "no",
    )


def releases() -> str:
    """Return the table of releases, and for those that were tried what was tried."""
    head = ("release", "date", "SGLang", "graph API", "CRDs from", "etcd", "NATS", "tried")
    tried = [
        f"- {row.version}: {'; '.join(f'{trial.what}: {trial.on}' for trial in row.tried)}."
        for row in ROWS
        if row.tried
    ]
    return "\n".join([table(head, map(row_line, ROWS)), "", TRIED, *tried])


def gangs() -> str:
    """Return the known versions of Grove and KAI."""
    rows = [(row.version, row.grove or "?", row.kai or "?") for row in ROWS if row.grove or row.kai]
    return f"{GANGS}\n{table(('release', 'Grove', 'KAI'), rows)}"


def mended() -> str:
    """Return the faulty patch releases that have a better successor, with their faults."""
    lines = [f"| {version} | {what} |" for version, what in TRAPS.items()]
    return "\n".join(["| do not use | because |", "|---|---|", *lines])


def steps() -> str:
    """Return the consequences of each documented step."""
    path = upgrade(ROWS[0].version, ROWS[-1].version).path
    lines = [
        f"| {before} → {after} | " + "<br>".join(f"{each.subject}: {each.text}" for each in found.consequences) + " |"
        for before, after in pairwise((ROWS[0].version, *path))
        for found in [upgrade(before, after)]
    ]
    return "\n".join(["| step | what happens |", "|---|---|", *lines])


def traps() -> str:
    """Return the problems on a fresh cluster, and what is done about them."""
    rows = [(str(number), trap.text, f"{trap.how}: {trap.done}") for number, trap in enumerate(FRESH_CLUSTER, 1)]
    return table(("", "problem", "here"), rows)


def page() -> str:
    """Return the whole page."""
    return "\n\n".join(
        [
            INTRO + "\n" + releases(),
            mended(),
            IMAGES.rstrip(),
            gangs(),
            UPGRADES.rstrip(),
            steps(),
            FRESH + traps(),
            UNKNOWN.rstrip() + "\n",
        ]
    )


def pages() -> dict[Path, str]:
    """Return the page."""
    return {PAGE: page()}
