"""Environment variables of the workers: none that holds a secret, and none that goes round a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from wideep.errors import Problem
from wideep.settings.formatting import shown
from wideep.settings.root import Settings

__all__ = ["environment_problems"]

TOKENS: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")
GPUS: Final = "a pod sees the GPUs that Kubernetes gives it, and the plan computes with all of them"
OPERATOR: Final = "the Dynamo operator sets it, by the graph's name and the platform's addresses"
OWNED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK": (
            "it is set from layout.ROLE.maxDispatchTokensPerRank, and DeepEP's buffers are worked out from that key",
            "take it out and write layout.ROLE.maxDispatchTokensPerRank",
        ),
        "MODEL_REVISION": ("this program sets it, so that pods restart with modelCache.revision", "take it out"),
        "CUDA_VISIBLE_DEVICES": (GPUS, "take it out; layout.ROLE.gpusPerNode says how many a pod gets"),
        "NVIDIA_VISIBLE_DEVICES": (GPUS, "take it out; layout.ROLE.gpusPerNode says how many a pod gets"),
        "DYN_NAMESPACE": (OPERATOR, "take it out; name is the graph's name"),
        "DYN_COMPONENT": (OPERATOR, "take it out"),
        "DYN_PARENT_DGD_K8S_NAME": (OPERATOR, "take it out"),
        "DYN_PARENT_DGD_K8S_NAMESPACE": (OPERATOR, "take it out"),
        "ETCD_ENDPOINTS": (OPERATOR, "take it out; platform says where etcd and NATS are"),
        "NATS_SERVER": (OPERATOR, "take it out; platform says where etcd and NATS are"),
    }
)
"""Variables that a key or the operator sets: why another value breaks what was checked, and what to write instead."""


def environment_problems(settings: Settings) -> Iterator[Problem]:
    """Of ``workers.env``, and of each role's own."""
    both = ((f"layout.{name}", str(name), role.env) for name, role in settings.layout.roles.items())
    for key, role, env in (("workers", "ROLE", settings.workers.env), *both):
        for name, value in env.items():
            if name in TOKENS:
                rule = "environment variables stand in the graph, for everyone to read"
                fix = "take it out: hfToken or hfTokenSecret brings the token from a Secret"
                yield Problem(f"{key}.env.{name}", "[secret]", rule, fix)
            elif name in OWNED:
                rule, fix = OWNED[name]
                yield Problem(f"{key}.env.{name}", shown(value), rule, fix.replace("ROLE", role))
