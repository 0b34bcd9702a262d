"""Warnings about the release of Dynamo that a stack names: it is legal, but has limits that a user should know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from wideep.dynamo import release_of
from wideep.dynamo.releases import TRAPS, nearest, newest_tried, row
from wideep.errors import Problem
from wideep.graph.refs import image_reference
from wideep.image_reference import ImageReference
from wideep.settings.image import PublishedImage
from wideep.settings.platform import Grove
from wideep.settings.root import Settings
from wideep.settings.services import AccessMode

__all__ = ["release_advice"]

SNAPSHOT_CRDS: Final = ((1, 3), (1, 4))
"""Minors whose operator needs CRDs that none of their charts contains (aws-do-eks 37 and 93)."""
GANGS_PLACED_WHOLE_FROM: Final = (1, 1)
"""Operators before this minor request gangs of one pod of each role (dynamo#7811). For 0.6 see docs/releases.md."""
RESTRICTED_FOR_TESTS_FROM: Final = (1, 4)
GROVE_OF_ITS_OWN_FROM: Final = (1, 0)
"""From this minor on the charts' READMEs state the minimum versions of Grove and KAI."""
EFA: Final = "vpc.amazonaws.com/efa"


def release_advice(settings: Settings) -> Iterator[Problem]:
    """Yield every warning about a stack's release."""
    for rule in _RULES:
        problem = rule(settings)
        if problem is not None:
            yield problem


def _only_read(settings: Settings) -> Problem | None:
    version, tried = settings.platform.version, row(settings.platform.version)
    if tried is not None and tried.tried:
        return None
    same = nearest(version).version
    basis = "its documents" if same == version else f"Dynamo {same} of the same minor"
    rule = f"values, manifests and engine arguments follow {basis}; none of it was run here (docs/releases.md)"
    fix = f"try it on a cluster that is not in use, or set version: {newest_tried().version}"
    return Problem("platform.version", version, rule, fix)


def _has_a_trap(settings: Settings) -> Problem | None:
    version = settings.platform.version
    if version not in TRAPS:
        return None
    return Problem("platform.version", version, TRAPS[version], f"set version: {nearest(version).version}")


def _frontend_reads_model(settings: Settings) -> Problem | None:
    """Warn if the frontend reads the model's tokenizer: it has no GPU, and its node may have neither the folder nor the
    volume."""
    cache, release = settings.model_cache, release_of(settings)
    if not release.frontend_reads_model:
        return None
    if cache.host_path is not None:
        rule = f"the frontend of {release.title} reads the tokenizer there, and its node need not have the model"
        return Problem("modelCache.hostPath", cache.host_path, rule, "write a volume, or version: 1.4.2 or newer")
    if cache.access_mode is AccessMode.READ_WRITE_ONCE:
        rule = f"the frontend of {release.title} reads the tokenizer there, so it has to be on the workers' node"
        return Problem("modelCache.accessMode", cache.access_mode, rule, "write ReadWriteMany, or keep to one node")
    return None


def _grove_of_the_cluster(settings: Settings) -> Problem | None:
    """Warn about the cluster's own Grove: with another version the operator finds kinds missing (ClusterTopology), or
    never places a pod."""
    release = release_of(settings)
    wide = [name for name, role in settings.layout.roles.items() if role.nodes > 1]
    if settings.platform.grove is not Grove.EXISTING or not wide or release.row.minor < GROVE_OF_ITS_OWN_FROM:
        return None
    least = [
        f"{name} {version}" for name, version in (("Grove", release.row.grove), ("KAI", release.row.kai)) if version
    ]
    needs = f" and goes with {' and '.join(least)} or newer" if least else ""
    rule = f"{release.title} starts {', '.join(wide)} through it{needs}"
    fix = (
        'give KAI the value scheduler.args.default-staleness-grace-period: "-1s" and a queue called dynamo\n'
        "or, with LeaderWorkerSet and Volcano, set enabled: false of global.grove and global.kai-scheduler"
    )
    return Problem("platform.grove", "existing", rule, fix)


def _gangs(settings: Settings) -> Problem | None:
    release = release_of(settings)
    wide = [name for name, role in settings.layout.roles.items() if role.nodes > 2]
    if not wide or not (0, 7) <= release.row.minor < GANGS_PLACED_WHOLE_FROM:
        return None
    rule = f"{release.title} places a leader and one more pod together, and the rest of a worker when there is room"
    fix = "set platform.version: 1.1.1 or newer, or keep the nodes free for it"
    return Problem(f"layout.{wide[0]}.nodes", str(settings.layout.roles[wide[0]].nodes), rule, fix)


def _snapshot_crds(settings: Settings) -> Problem | None:
    release = release_of(settings)
    if release.row.minor not in SNAPSHOT_CRDS or not settings.platform.install:
        return None
    rule = "its operator does not start without the CRDs podsnapshots and podsnapshotcontents, which its chart lacks"
    return Problem("platform.version", settings.platform.version, rule, "install them first, or set version: 1.5.1")


def _restricted(settings: Settings) -> Problem | None:
    release, platform = release_of(settings), settings.platform
    if not platform.namespace_restriction or release.row.minor < RESTRICTED_FOR_TESTS_FROM or not platform.install:
        return None
    rule = f"{release.title} has it for tests only: it needs a cluster-wide operator beside it, which brings the CRDs"
    return Problem("platform.namespaceRestriction", "true", rule, "remove it, or install the other one first")


def _operator_of_another(settings: Settings) -> Problem | None:
    """Warn about an operator image of another release: from 1.4 on the chart passes flags that an older operator does
    not know, so that it never starts."""
    image, version = settings.platform.operator_image, settings.platform.version
    tag = ImageReference.parse(image).tag if image else None
    if tag in (None, version) or not settings.platform.install or release_of(settings).row.minor < (1, 4):
        return None
    rule = f"the chart of {version} passes flags to it that the operator of another release does not know"
    return Problem("platform.operatorImage", str(image), rule, f"write the tag {version}, or no tag")


def _image_for_efa(settings: Settings) -> Problem | None:
    if settings.hardware.rdma_resource != EFA or not isinstance(settings.image, PublishedImage):
        return None
    reference = image_reference(settings)
    if "-efa" in reference:
        return None
    rule = f"{reference} has no libraries for EFA; and each pod has to ask for all EFA devices of its node"
    return Problem("image.tag", settings.image.tag or "", rule, f"set tag: {settings.platform.version}-efa")


_RULES: Final[tuple[Callable[[Settings], Problem | None], ...]] = (
    _only_read,
    _has_a_trap,
    _frontend_reads_model,
    _grove_of_the_cluster,
    _gangs,
    _snapshot_crds,
    _restricted,
    _operator_of_another,
    _image_for_efa,
)
