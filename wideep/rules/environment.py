"""Rules of the workers' environment variables: none may hold a secret, and none may bypass a key of the stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from wideep.dynamo import release_of
from wideep.engines import engine_of
from wideep.errors import Problem
from wideep.settings.formatting import redact
from wideep.settings.root import Settings

__all__ = ["environment_problems"]

TOKENS: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")
GPUS: Final = "a pod sees the GPUs that Kubernetes gives it, and the plan uses all of them"
OWNED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "MODEL_REVISION": ("this program sets it, so that pods restart with modelCache.revision", "remove it"),
        "CUDA_VISIBLE_DEVICES": (GPUS, "remove it; layout.ROLE.gpusPerNode says how many a pod gets"),
        "NVIDIA_VISIBLE_DEVICES": (GPUS, "remove it; layout.ROLE.gpusPerNode says how many a pod gets"),
    }
)
"""Variables that this program or the kubelet sets: why another value breaks what was checked, and what to write."""


def environment_problems(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each such variable in ``workers.env`` or in a role's ``env``."""
    owned = {**OWNED, **engine_of(settings).owned_env, **release_of(settings).owned_env}
    both = ((f"layout.{name}", str(name), role.env) for name, role in settings.layout.roles.items())
    for key, role, env in (("workers", "ROLE", settings.workers.env), *both):
        for name, value in env.items():
            if name in TOKENS:
                rule = "environment variables are in clear text in the graph, for everyone to read"
                fix = "remove it: hfToken or hfTokenSecret brings the token from a Secret"
                yield Problem(f"{key}.env.{name}", "[secret]", rule, fix)
            elif name in owned:
                rule, fix = owned[name]
                yield Problem(f"{key}.env.{name}", redact(value), rule, fix.replace("ROLE", role))
