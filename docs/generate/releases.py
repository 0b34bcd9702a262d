"""Write docs/releases.md: the table of Dynamo's releases, the ways between them and what goes wrong with the newest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from wideep.dynamo.releases import ROWS, TRAPS, ReleaseRow, Store
from wideep.dynamo.upgrades import short_way, upgrade
from wideep.versions import DYNAMO

__all__ = ["FRESH_CLUSTER", "Trap", "pages"]

PAGE = Path(__file__).parents[1] / "releases.md"
INTRO = f"""<!-- Written by python -m docs.generate from wideep/dynamo. Change that, not this. -->

# Releases of Dynamo

`platform.version` names one of these, or another patch release of the same minor; any other version is refused with the
nearest. A stack that names none gets {DYNAMO}. *Tried* means that something was run here; of all other rows the
documents, the charts' READMEs and the wheels were read, and a plan for one of them says so.
"""
STORES: dict[Store, str] = {"needed": "needed", "installed": "installed", "off": "if asked"}
DEEPEP = {"no": "no", "documented": "documented", "inferred": "as its Dockerfile reads"}
IMAGES = """## Images

`image.source: published` takes NVIDIA's `sglang-runtime` of the release; it is the default from 0.7 on. Whether that
image holds DeepEP was not checked in an image. For 0.7 to 0.9 Dynamo's documents run wide layouts with it; from 1.0 on
its Dockerfile starts from SGLang's runtime image and pins NCCL and cuDNN for DeepEP. `python3 -c "import deep_ep"` in a
pod answers it. From 1.3 on the images have CUDA 13 only: nodes need a driver of 580 or newer. `image.tag: 1.6.1-efa`
is the variant for AWS EFA.

`image.source: build` builds 0.6's `container/Dockerfile.sglang-wideep`. From 0.7 on Dynamo puts its Dockerfiles
together by script, in several steps; name one of your own with `image.dockerfile` and `image.buildArgs`, or build it
elsewhere and write `source: existing`.
"""
UPGRADES = """## From one release to another

Dynamo documents updates within a minor and to the adjacent one. Of the releases before 1.0 no such page was found:
among them any step up is taken, and to 1.0 only the one from 0.9. A step further is refused with its path. Back goes
one minor at a time, and never from 1.0 to 0.9.
"""
SHORT_WAY = """## The short way

Graph and platform go, the weights stay, and the stack comes up on the newest. Nothing answers from the second command
until the workers have loaded the weights again; none of them is downloaded again.

"""
UNKNOWN = """## Not known

- The versions of Grove and KAI where the table has none, and which is the last release whose operator starts
  kube-rbac-proxy: its image is overridden in all of them, which a chart without it ignores.
- Which fields the admission of 1.0 to 1.2 refuses to change in graphs of v1alpha1: `backendFramework` and `multinode`
  are replaced there as from 1.3 on.
- From which release on the frontend reads the tokenizer at the worker's path: 0.7 is taken for the first.
- 1.6.2 and 1.7 exist; 1.6.2 is taken as 1.6.1, and 1.7 is refused.
- In 0.6 to 1.0 a gang asks for one pod of each role: of a worker of more than two pods, a leader and one more are
  placed together, and the rest when there is room (dynamo#7811).
"""


@dataclass(frozen=True)
class Trap:
    """Something that keeps a graph of 1.6.1 from running on a fresh cluster, and what is done about it here."""

    text: str
    how: str
    done: str
    test: str
    """Name of a test function; empty where there is nothing of it to try here."""


FRESH_CLUSTER: tuple[Trap, ...] = (
    Trap(
        "Webhooks fail closed, and answer only some time after the install",
        "avoided",
        "`up` waits until they answer before it makes the graph",
        "test_from_1_0_on_a_webhook_admits_graphs",
    ),
    Trap(
        "Grove or KAI is missing, of another version, or evicts what is stale",
        "avoided",
        "installed with the staleness period as a text; with `grove: existing` the least versions are told",
        "test_grove_and_kai_of_1_6_come_together_with_the_staleness_period_as_a_text",
    ),
    Trap(
        "KAI's queue does not exist",
        "avoided",
        "`global.kai-scheduler.enabled` makes the chart create it; told with `grove: existing`",
        "test_the_operator_is_told_of_grove_and_kai_whoever_installs_them",
    ),
    Trap(
        "An operator of another release crash-loops on the chart's flags",
        "told",
        "`platform.operatorImage` with another tag is a warning",
        "test_an_operator_of_another_release_is_said",
    ),
    Trap(
        "Claims of NATS and etcd hang without a default storage class",
        "avoided",
        "neither is installed unless it is asked for; the CRDs that 1.3 and 1.4 want by hand are told",
        "test_neither_etcd_nor_nats_is_installed_unless_it_is_asked_for",
    ),
    Trap(
        "The source of the MPI Secret is missing, and every graph fails",
        "avoided",
        "the stack makes it, or names one, in every release",
        "test_every_release_has_the_mpi_secret_that_its_operator_looks_for",
    ),
    Trap("Engine flags of the 0.6 era", "avoided", "each release's engine has its own flags (tests/wheels)", ""),
    Trap(
        "Several quick updates roll a whole gang; 1.4 leaves a graph at zero replicas",
        "avoided",
        "one update of the graph in each `up`; a role always has a replica to start with",
        "test_a_role_starts_with_a_replica_at_least",
    ),
    Trap(
        "Gangs up to 1.0 place two pods of a worker only",
        "told",
        "a warning for workers of more than two pods",
        "test_a_gang_that_is_placed_in_part_is_said",
    ),
    Trap(
        "vLLM over nodes by TP crashes at its start",
        "avoided",
        "a tensor-parallel group stays within a node (wideep/engines/vllm/rules)",
        "",
    ),
    Trap(
        "Drivers below 580",
        "told",
        "above, and in the preview of the step to 1.3",
        "test_what_a_step_does_with_nats_drivers_and_storage_is_said",
    ),
    Trap(
        "Pods without a token of the API find nobody",
        "avoided",
        "their token is mounted, and the operator names the service account",
        "test_pods_of_1_x_have_the_token_that_discovery_needs_and_no_account_of_their_own",
    ),
    Trap(
        "SGLang over EFA stalls; a pod with some of its node's devices mismatches its peer",
        "told",
        "a warning with the variant of the image, and that all devices are needed",
        "test_the_image_without_efa_is_said",
    ),
)


def row_line(row: ReleaseRow) -> str:
    """Return a release's line of the table."""
    crds = "chart dynamo-crds" if row.crds == "chart" else "the operator"
    tried = "; ".join(f"{trial.what}: {trial.on}" for trial in row.tried) or "only read"
    cells = (
        row.version,
        row.date or "?",
        row.sglang,
        row.api.version,
        crds,
        STORES[row.etcd],
        STORES[row.nats],
        row.grove or "?",
        row.kai or "?",
        DEEPEP[row.deepep],
        tried,
    )
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """Return the table of releases."""
    head = (
        "| release | date | SGLang | graph | CRDs from | etcd | NATS | Grove | KAI | DeepEP in NVIDIA's image | tried |"
    )
    return "\n".join([head, "|---" * 11 + "|", *map(row_line, ROWS)])


def mended() -> str:
    """Return what is wrong with patch releases that have a better one."""
    lines = [f"| {version} | {what} |" for version, what in TRAPS.items()]
    return "\n".join(["| do not use | because |", "|---|---|", *lines])


def steps() -> str:
    """Return what each documented step does."""
    path = upgrade(ROWS[0].version, ROWS[-1].version).path
    lines = [
        f"| {before} → {after} | " + "<br>".join(f"{each.subject}: {each.text}" for each in found.consequences) + " |"
        for before, after in pairwise((ROWS[0].version, *path))
        for found in [upgrade(before, after)]
    ]
    return "\n".join(["| step | what happens |", "|---|---|", *lines])


def traps() -> str:
    """Return what goes wrong on a fresh cluster, and what is done about it."""
    lines = [
        f"| {number} | {trap.text} | {trap.how}: {trap.done} | {f'`{trap.test}`' if trap.test else ''} |"
        for number, trap in enumerate(FRESH_CLUSTER, 1)
    ]
    return "\n".join(["| | trap | here | test |", "|---|---|---|---|", *lines])


def page() -> str:
    """Return the whole page."""
    short = "\n".join(f"1. `{command}`{note}" for command, note in map(_split, short_way(ROWS[-1].version)))
    return "\n\n".join(
        [
            INTRO + "\n" + table(),
            mended(),
            IMAGES.rstrip(),
            UPGRADES.rstrip(),
            steps(),
            SHORT_WAY + short,
            "## What goes wrong with 1.6.1 on a fresh cluster\n\n" + traps(),
            UNKNOWN.rstrip() + "\n",
        ]
    )


def _split(line: str) -> tuple[str, str]:
    command, _, note = line.partition("   ")
    return command, f" {note}"


def pages() -> dict[Path, str]:
    """Return the page."""
    return {PAGE: page()}
