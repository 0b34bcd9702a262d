"""The whole stack config with every key filled in. ``wideep.settings.parse`` makes it from what a person wrote."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from wideep.settings.backend import Backend
from wideep.settings.base import SettingsModel
from wideep.settings.burnin import BurnIn
from wideep.settings.hardware import Hardware
from wideep.settings.image import Image
from wideep.settings.layout import Layout
from wideep.settings.model import ModelShape
from wideep.settings.monitoring import Monitoring
from wideep.settings.planner import Planner
from wideep.settings.platform import Platform
from wideep.settings.services import ModelCache, Teardown
from wideep.settings.serving import Access, Frontend, Workers
from wideep.settings.telemetry import Telemetry
from wideep.settings.traffic import Traffic

__all__ = ["HfToken", "Settings"]

DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class HfToken(StrEnum):
    """Stands in for the Hugging Face token that is set, so that the token itself stays out of Settings."""

    SET = "[secret]"


class Settings(SettingsModel):
    """A stack config. The Plan (``wideep.plan``) is derived from it."""

    namespace: DnsLabel
    """The namespace in which everything is installed: lower-case letters, digits and dashes, up to 63."""
    model: ModelShape
    """A name of the catalog, an object with the model's shape, or ``{config: PATH}`` of a Hugging Face config.json."""
    hardware: Hardware
    """The GPU nodes that the stack may use."""
    backend: Backend = Backend.SGLANG
    """The inference engine: ``sglang``, ``vllm`` or ``trtllm``. The keys of ``layout`` are the same for all; what an
    engine cannot do is refused with the key and the engine that can. vLLM needs Dynamo 1.0 or newer."""
    layout: Layout
    """A preset's name, or an object: a preset with changes, or every key of a layout of your own."""
    image: Image
    """The image of all pods: NVIDIA's (``source: published``, the default from Dynamo 0.7 on), built from Dynamo's
    repository (``build``, which 0.6 needs for DeepEP), or an existing one (``existing``)."""
    hf_token: HfToken | None = None
    """The Hugging Face token, a secret. Settings only know that it is set."""
    hf_token_secret: DnsLabel | None = None
    """The name of an existing Secret of the namespace with the key HF_TOKEN, instead of ``hfToken``."""
    model_cache: ModelCache
    """The volume with the model's weights."""
    platform: Platform = Platform()
    """The Dynamo platform."""
    frontend: Frontend = Frontend()
    """The OpenAI-compatible HTTP server."""
    workers: Workers = Workers()
    """What the pods of both roles get beyond their GPUs."""
    access: Access = Access()
    """Who may open connections to the pods."""
    monitoring: Monitoring = Monitoring()
    """Prometheus and Grafana, and what they read from the stack."""
    planner: Planner = Planner()
    """NVIDIA's planner, which scales the workers."""
    telemetry: Telemetry = Telemetry()
    """The format of the pods' logs, and where traces are sent."""
    burnin: BurnIn = BurnIn()
    """The measurement of free nodes' GPUs and links before the model is loaded on them."""
    teardown: Teardown = Teardown()
    """What is checked before the stack is destroyed."""
    traffic: Traffic | None = None
    """The requests and latency limits for which `wideep plan` predicts and `wideep advise` searches."""
    name: Annotated[str, Field(max_length=30, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")] | None = None
    """The graph's name: lower-case letters, digits and dashes, up to 30, a letter first. None: derived from the model's
    name."""
