"""How tokens reach their experts (DeepEP), and how experts move to where the tokens are (EPLB)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from wideep.settings.base import SettingsModel

__all__ = ["DeepEpMode", "DispatchAlgorithm", "Eplb", "EplbAlgorithm", "MoeA2aBackend", "RecorderMode"]


class MoeA2aBackend(StrEnum):
    """How tokens reach their experts: DeepEP's all-to-all, or (none) all-reduce and all-gather."""

    NONE = "none"
    DEEPEP = "deepep"


class DeepEpMode(StrEnum):
    """DeepEP's kernels: ``normal`` moves many tokens (prefill), ``low_latency`` few and fast (decode)."""

    NORMAL = "normal"
    LOW_LATENCY = "low_latency"
    AUTO = "auto"


class EplbAlgorithm(StrEnum):
    """How the balancer places experts (SGLang's ``--eplb-algorithm``).

    The hierarchical algorithms keep a router group's experts on one node, so that fewer tokens cross the network; they
    need the model's groups to spread evenly over the nodes. ``deepseek_vec`` weighs the recorded steps one by one
    instead of their sum.
    """

    AUTO = "auto"
    DEEPSEEK = "deepseek"
    DEEPSEEK_HIERARCHICAL = "deepseek_hierarchical"
    DEEPSEEK_VEC = "deepseek_vec"
    DEEPSEEK_VEC_HIERARCHICAL = "deepseek_vec_hierarchical"


class DispatchAlgorithm(StrEnum):
    """Which copy of a replicated expert serves a token (SGLang's ``--ep-dispatch-algorithm``).

    ``static`` gives each GPU one fixed copy, the nearest if possible; ``dynamic`` picks a copy at random for each
    token.
    """

    STATIC = "static"
    DYNAMIC = "dynamic"


class RecorderMode(StrEnum):
    """What is recorded about the use of experts (SGLang's ``--expert-distribution-recorder-mode``).

    ``stat`` counts tokens per expert, ``stat_approx`` takes DeepEP's own counts (normal mode only); the others write
    each step or token, for research.
    """

    STAT = "stat"
    STAT_APPROX = "stat_approx"
    PER_PASS = "per_pass"  # noqa: S105 - no password
    PER_TOKEN = "per_token"  # noqa: S105 - no token


class Eplb(SettingsModel):
    """The expert-parallel load balancer: hot experts get additional slots while the engine runs.

    Expert placement is a map from each layer's slots to experts. It starts as ``initialExpertLocation`` says; with
    ``enabled`` it is recomputed every ``rebalanceIterations`` steps from what the recorder counted.
    """

    enabled: bool = False
    """Rebalance while the engine runs. This needs room outside the pool for one layer's slots (0.8 GB for 18 of R1's)
    and pauses the engine at each rebalance; it pays if traffic changes which experts are hot."""
    algorithm: EplbAlgorithm | None = None
    """None: SGLang's auto, which is hierarchical if the model's groups allow it. Set it only to compare algorithms."""
    rebalance_iterations: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Steps between two rebalances. None: 1000. A smaller number follows the traffic faster and pauses more often; the
    recorder keeps this many steps at 4 bytes × layers × (E + R) each, 70 MB for 1000 steps of R1 with 32 redundant
    experts."""
    dispatch_algorithm: DispatchAlgorithm | None = None
    """None: static. ``dynamic`` spreads a hot expert's tokens over all its copies, wherever they are."""
    recorder_mode: RecorderMode | None = None
    """None: stat with EPLB, and no recording without it. Set it without EPLB to record a distribution for
    ``initialExpertLocation``."""
    initial_expert_location: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Where experts are placed at the start: ``trivial`` (slot i holds expert i % E), or a .json or .pt file on the
    cache volume with recorded counts (``logical_count``) or a map (``physical_to_logical_map``). None: trivial. A
    recorded file gives a balanced start without waiting for EPLB, and costs no memory."""
