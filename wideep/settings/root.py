"""The whole stack config, with nothing left open. ``wideep.settings.parse`` makes it from what a person wrote."""

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
    """Stands where the Hugging Face token was: it is set, and it stays out of Settings."""

    SET = "[secret]"


class Settings(SettingsModel):
    """A stack config. What follows from it is the Plan (``wideep.plan``)."""

    namespace: DnsLabel
    """Where all of it is installed: a Kubernetes name, lower-case letters, digits and dashes, up to 63."""
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
    repository (``build``, which 0.6 needs for DeepEP), or one that exists (``existing``)."""
    hf_token: HfToken | None = None
    """The Hugging Face token, a secret. Settings only know that it is set."""
    hf_token_secret: DnsLabel | None = None
    """The name of a Secret of the namespace that exists, with the key HF_TOKEN; in place of ``hfToken``."""
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
    """Prometheus and Grafana, and what they read of the stack."""
    planner: Planner = Planner()
    """NVIDIA's planner, which scales the workers."""
    telemetry: Telemetry = Telemetry()
    """The form of the pods' logs, and where traces are sent."""
    burnin: BurnIn = BurnIn()
    """The GPUs and links of free nodes, measured before the model is loaded on them."""
    teardown: Teardown = Teardown()
    """What is checked before the stack is destroyed."""
    traffic: Traffic | None = None
    """Requests and latency limits that `wideep plan` predicts for and `wideep advise` searches for."""
    name: Annotated[str, Field(max_length=30, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")] | None = None
    """The graph's name: lower-case letters, digits and dashes, up to 30, a letter first. None: from the model's."""
