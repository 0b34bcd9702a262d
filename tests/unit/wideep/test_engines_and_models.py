"""Each engine with each release, model and preset: a plan, or a reason that names a key and what to write."""

import pytest

from docs.generate.models import cell
from tests.golden.cases import SITES
from tests.support.configs import stack
from wideep import load
from wideep.catalog import MODELS, PRESETS
from wideep.dynamo import release, release_of
from wideep.dynamo.releases import ROWS
from wideep.engines import engine
from wideep.errors import ConfigError
from wideep.plan.make import make_plan
from wideep.rules import check
from wideep.rules.validate import accept_settings
from wideep.settings.backend import Backend
from wideep.settings.layout import Role
from wideep.settings.reading import read

SOME = ["deepseek-ai/DeepSeek-R1", "Qwen/Qwen3-30B-A3B", "mistralai/Mixtral-8x7B-Instruct-v0.1", "openai/gpt-oss-120b"]
NONE = {
    ("nvidia/DeepSeek-R1-FP4", Backend.SGLANG): "nvfp4 weights are supported here on TensorRT-LLM only",
    ("nvidia/DeepSeek-R1-FP4", Backend.VLLM): "nvfp4 weights are supported here on TensorRT-LLM only",
    ("zai-org/GLM-4.5", Backend.TRTLLM): "the buffers that send and receive the cache",
}
"""Models for which no preset fits, and why."""
IMAGE = {"source": "existing", "reference": "registry.example.com/worker:1"}


@pytest.mark.parametrize("version", [ROWS[0].version, "1.0.2", "1.3.1", ROWS[-1].version])
@pytest.mark.parametrize("backend", Backend)
def test_every_model_with_every_preset_plans_or_is_refused_with_what_to_write(backend: Backend, version: str) -> None:
    planned, runs = 0, engine(backend, release(version).engines[backend.value])
    for model in SOME:
        for preset in PRESETS:
            config = stack(model=model, hardware=SITES[preset][1], layout=preset.value, backend=backend.value)
            reading = read(config | {"platform": {"version": version}, "image": IMAGE})
            assert reading.settings is not None
            problems = check(reading.settings)
            assert all(problem.key and problem.rule and problem.fix for problem in problems)
            if not problems:
                planned += 1
                plan = make_plan(accept_settings(reading.settings))
                assert plan.engine == runs.release
                assert plan.graph.manifest()["spec"]["backendFramework"] == backend
    assert (planned > 0) is (backend is not Backend.VLLM or not version.startswith("0."))


@pytest.mark.parametrize("backend", Backend)
@pytest.mark.parametrize("model", MODELS)
def test_each_model_of_the_catalog_has_a_preset_on_each_engine(backend: Backend, model: str) -> None:
    """docs/models.md: where none fits, the cell says the rule."""
    of = engine(backend, release_of().engines[backend.value])
    found = cell(MODELS[model], of, backend)

    assert found.startswith("`") or NONE.get((model, backend), "-") in found


def test_mixtral_with_eplb_goes_to_vllm_or_tensorrt_llm() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"eplb": {"enabled": True}, "redundantExperts": 8}}
    config = stack(model=SOME[2], layout=layout, image=None, platform={"version": "1.6.1"})

    with pytest.raises(ConfigError) as refused:
        load(config)
    assert "or backend: vllm or trtllm" in str(refused.value)
    assert "--enable-eplb" in load(config | {"backend": "vllm"}).roles[Role.DECODE].args
    room = {"workers": {"sharedMemory": "100Gi"}}
    files = {each.role: each.files for each in load(config | {"backend": "trtllm"} | room).engine_configs}
    assert "num_slots: 16" in files[Role.DECODE]["engine.yaml"]
