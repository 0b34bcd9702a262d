"""Messages about a GPU, an interconnect or a model that is not in the catalog.

A hint suggests only another spelling of the same thing, never other hardware or another model: an H20 is not an H200.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from wideep.settings.hardware import Gpu, Interconnect

__all__ = [
    "same_gpu",
    "same_model",
    "uncounted_model",
    "unknown_class",
    "unknown_gpu",
    "unknown_interconnect",
    "unknown_model",
]

CUDA: Final = "the engines in Dynamo's images are built for CUDA, and {word} is not an NVIDIA GPU"
OLD: Final = "the plan knows kernels from compute capability 8.0 on, which {word} does not have"
UNSUPPORTED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        r"(AMD|INSTINCT|RADEON)?MI\d+[A-Z]*": ("AMD's GPUs take ROCm", CUDA),
        r"(INTEL)?(GAUDI\d*|HL\d+|MAX\d+|B[56]0|PVC|PONTEVECCHIO)": ("Intel's use a software stack of their own", CUDA),
        r"(GOOGLE)?(TPU.*|V\d+[EP]|TRILLIUM|IRONWOOD)": ("Google's TPUs use a software stack of their own", CUDA),
        r"(AWS)?(TRN\d.*|TRAINIUM\d*|INF\d.*|INFERENTIA\d*)": ("AWS's chips use a software stack of their own", CUDA),
        r"(HUAWEI)?(ASCEND.*|910[A-D]?\d*)": ("Huawei's take CANN", CUDA),
        r"(HYGON|DCU|KUNLUN|MTT|BIREN|CAMBRICON|MLU).*": ("it uses a software stack of its own", CUDA),
        r"(TESLA)?([VPK]\d{2,3}S?|M\d{2}|T4)": ("Ampere and newer do", OLD),
        r"(QUADRO)?RTX([2345678])000": ("Ampere and newer do", OLD),
        r"(GEFORCE)?(GTX\d+|RTX20\d\d)(TI|SUPER)?": ("Ampere and newer do", OLD),
    }
)
"""Why none of the images runs on a GPU, by a pattern of its name in upper case without dashes and blanks."""
OTHERWISE: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        r"deepseek-v3\.2.*": (
            "DeepseekV32ForCausalLM",
            "its sparse attention keeps an indexer's keys beside MLA's cache",
            "deepseek-ai/DeepSeek-V3.1",
        ),
        r"deepseek-v4.*": (
            "DeepseekV4ForCausalLM",
            "its attention keeps caches of several kinds",
            "deepseek-ai/DeepSeek-V3.1",
        ),
        r"qwen3-next.*": (
            "Qwen3NextForCausalLM",
            "three of four layers have linear attention, which keeps a state per request and no cache per token",
            "Qwen/Qwen3-235B-A22B",
        ),
    }
)
"""Unsupported models by a pattern of the name in lower case, without its owner: the class, why the plan cannot compute
its memory, and a model that is supported instead."""
NOISE: Final = r"NVIDIA|TESLA|SXM\d?|HBM3E?|HGX|DGX|TENSORCORE|GPU|SERVER|(?<=\d)GI?B"
WORDS: Final[Mapping[str, Interconnect]] = MappingProxyType(
    {
        "ib": Interconnect.INFINIBAND,
        "ndr": Interconnect.INFINIBAND,
        "hdr": Interconnect.INFINIBAND,
        "edr": Interconnect.INFINIBAND,
        "xdr": Interconnect.INFINIBAND,
        "rocev2": Interconnect.ROCE,
        "spectrumx": Interconnect.ROCE,
        "nvswitch": Interconnect.NVLINK,
        "nvl": Interconnect.NVLINK,
        "nvl72": Interconnect.NVLINK,
        "mnnvl": Interconnect.NVLINK,
        "tcp": Interconnect.ETHERNET,
        "eth": Interconnect.ETHERNET,
    }
)
"""Other names of the interconnects."""
NOT_MLX5: Final = ("efa", "erdma", "slingshot", "omnipath", "cornelis", "tcpx", "irdma", "bnxt", "ionic")
"""Networks and adapters of other vendors, some with RDMA: AWS, Alibaba, HPE, Cornelis, Google, Intel, Broadcom, AMD."""
ADAPTER: Final = r"connectx|^cx\d|^mlx5|bluefield"
"""Pattern of the names of NVIDIA's adapters."""


def unknown_gpu(word: str) -> tuple[str, str]:
    """Return the broken rule and the fix for a GPU name that the catalog does not have."""
    plain = _plain(word)
    for pattern, (why, rule) in UNSUPPORTED.items():
        if re.fullmatch(pattern, plain):
            return (
                f"not supported, because {rule.format(word=word)} ({why})",
                "run it on nodes with NVIDIA GPUs of compute capability 8.0 or more",
            )
    same = same_gpu(word)
    own = (
        f"describe it: gpu: {{name: {_name(word)}, memoryGb: …, computeCapability: …, nvlinkGpus: …}} "
        "(docs/configuration.md says where to read them)"
    )
    return "the catalog has no GPU of that name", f"set gpu: {' or '.join(same)}\nor {own}" if same else own


def same_gpu(word: str) -> list[Gpu]:
    """Return the catalog's GPUs that the word may mean, in another spelling or without the memory size."""
    plain = re.sub(NOISE, "", _plain(word)) or _plain(word)
    plain = re.sub(r"(?<=\d)O|O(?=\d)", "0", plain)  # the letter O typed for a zero
    exact = [gpu for gpu in Gpu if plain == gpu.spec.also[0] or plain == _plain(gpu)]
    return exact + [gpu for gpu in Gpu if plain in gpu.spec.also and gpu not in exact]


def unknown_interconnect(word: str) -> tuple[str, str]:
    """Return the broken rule and the fix for an unknown interconnect."""
    plain = re.sub(r"[^a-z0-9]", "", word.lower())
    known = ", ".join(Interconnect)
    if any(other in plain for other in NOT_MLX5):
        rule = (
            "not supported as RDMA: NCCL, UCX and DeepEP are set up for mlx5 adapters here, and DeepEP's kernels post "
            "their sends to mlx5 only (deepseek-ai/DeepEP#369, #759)"
        )
        fix = "set interconnect: ethernet; all goes over TCP then, and DeepEP stays within a node (workers of nodes: 1)"
        return rule, fix
    if re.search(ADAPTER, plain):
        fix = "set infiniband or roce, as `ibstat` has it under Link layer (Ethernet is roce)"
        return "that is an adapter, whose ports run as InfiniBand or as Ethernet with RDMA", fix
    near = difflib.get_close_matches(plain, list(Interconnect), n=1, cutoff=0.7)
    hint = WORDS.get(plain) or WORDS.get(re.sub(r"\d+g?$", "", plain)) or next(iter(near), None)
    return "there is no such interconnect here", f"did you mean {hint}?" if hint else f"one of {known}"


def unknown_model(word: str, known: Iterable[str]) -> tuple[str, str]:
    """Return the broken rule and the fix for a model name that the catalog does not have."""
    uncounted = uncounted_model(word)
    if uncounted:
        return uncounted
    rule, same = "the catalog has no model of that name", same_model(word, known)
    if same:
        return (
            rule,
            f"did you mean {' or '.join(same)}?\nor write an object with the model's shape, or {{config: PATH}}",
        )
    own = f"set model: {{name: {word}, config: PATH}} with the path of its config.json, or an object with its shape"
    return rule, own


def uncounted_model(word: str) -> tuple[str, str] | None:
    """Return the broken rule and the fix for a known model whose memory the plan cannot compute; None for any other."""
    last = word.rstrip("/").split("/")[-1].lower()[:200]
    return next((_uncounted(*row) for pattern, row in OTHERWISE.items() if re.fullmatch(pattern, last)), None)


def unknown_class(architecture: str) -> tuple[str, str] | None:
    """Return the broken rule and the fix for a model class whose memory the plan cannot compute; None for any other."""
    return next((_uncounted(*row) for row in OTHERWISE.values() if row[0] == architecture), None)


def _uncounted(architecture: str, why: str, other: str) -> tuple[str, str]:
    return f"not supported: {why} ({architecture}), and the plan's memory would be wrong", f"set model: {other}"


def same_model(word: str, known: Iterable[str]) -> list[str]:
    """Return up to three names that are spelled almost like the word, with the same numbers in them."""
    last = word.split("/")[-1].lower()[:200]
    alike = {name: _likeness(last, name.split("/")[-1].lower()) for name in known}
    return sorted((name for name, like in alike.items() if like >= 0.85), key=lambda name: -alike[name])[:3]


def _likeness(word: str, name: str) -> float:
    if re.findall(r"\d+", word) != re.findall(r"\d+", name):
        return 0.0
    return difflib.SequenceMatcher(None, word, name).ratio()


def _plain(word: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", word.upper()[:200])


def _name(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", word)[:40] if re.match(r"[A-Za-z0-9]", word) else "NAME"
