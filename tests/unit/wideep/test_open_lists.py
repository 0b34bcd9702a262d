"""GPUs, interconnects and models that the catalog does not have: described, or told honestly why not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cases import failures, node, seen, view
from tests.support.configs import broken, hardware, settings, stack
from wideep.catalog import GPUS, MODELS, gpu_spec
from wideep.catalog.unknown import same_gpu, same_model
from wideep.errors import ConfigError
from wideep.rules import accept, warnings
from wideep.settings.hardware import Gpu, GpuShape

OWN = {"name": "H20-96x", "memoryGb": 102.0, "computeCapability": 9.0, "nvlinkGpus": 8}


def told(**changed: object) -> dict[str, str]:
    """All that is wrong with a stack, by key."""
    with pytest.raises(ConfigError) as caught:
        accept(stack(**changed))
    return {problem.key: str(problem) for problem in caught.value.problems}


def named(word: str) -> str:
    return told(hardware=hardware(word))["hardware.gpu"]


@pytest.mark.parametrize(
    ("changed", "figures"),
    [
        ({}, "this one has 102 GB, compute capability 9.0 and NVLink to 8 GPUs"),
        ({"memoryGb": 150.1, "nvlinkGpus": 4}, "and NVLink to 4 GPUs"),
        ({"memoryGb": 150.1, "computeCapability": 10.0, "name": "h200"}, "compute capability 10.0"),
    ],
)
def test_a_gpu_that_is_described_under_a_name_of_the_catalog_has_its_figures(
    changed: dict[str, object], figures: str
) -> None:
    message = told(hardware={**hardware(), "gpu": {**OWN, "name": "H200", **changed}})["hardware.gpu.name"]
    assert "the catalog has a GPU of this name with 150 GB, compute capability 9.0 and NVLink to 8 GPUs" in message
    assert figures in message
    assert "set gpu: H200 in place of the object, or another name" in message


def test_the_catalogs_own_figures_and_a_name_of_ones_own_are_accepted() -> None:
    for gpu in ({**OWN, "name": "H200", "memoryGb": 150.1}, {**OWN, "name": "H200-mine", "memoryGb": 150.1}):
        accept(stack(hardware={**hardware(), "gpu": gpu}))


@pytest.mark.parametrize("word", ["MI300X", "AMD-MI325X", "Gaudi3", "TPU-v5e", "trn2", "Ascend-910B", "Hygon-K100"])
def test_what_is_no_nvidia_gpu_is_not_supported_and_no_other_is_named(word: str) -> None:
    message = named(word)
    assert "not supported, because the engines in Dynamo's images are built for CUDA" in message
    assert not [gpu for gpu in Gpu if gpu in message]


@pytest.mark.parametrize("word", ["V100", "T4", "P100", "Tesla-V100", "GTX1080"])
def test_what_is_too_old_for_the_engine_is_not_supported(word: str) -> None:
    assert "kernels from compute capability 8.0 on" in named(word)


@pytest.mark.parametrize(
    ("word", "same"),
    [
        ("h200", "H200"),
        ("H2O0", "H200"),
        ("H100", "H100-80 or H100-NVL"),
        ("NVIDIA H100 80GB HBM3", "H100-80"),
        ("H20-3e", "H20-141"),
        ("H20-96", "H20"),
        ("GB200-NVL72", "GB200"),
        ("A100", "A100-80"),
        ("NVIDIA-GH200-480GB", "GH200"),
    ],
)
def test_another_spelling_is_told_the_catalogs(word: str, same: str) -> None:
    assert f"set gpu: {same}\n" in named(word)


@pytest.mark.parametrize("word", ["H20x", "B100", "GH200-144", "A100-40", "H200-NVL", "RTX-6000-Ada", "X900"])
def test_any_other_is_to_be_described_and_no_other_is_named(word: str) -> None:
    message = named(word)
    assert f"describe it: gpu: {{name: {word}, memoryGb: …" in message
    assert not [gpu for gpu in Gpu if gpu in message.replace(word, "")]


@given(st.from_regex(r"[A-Za-z]{1,3}[0-9]{1,4}([A-Za-z]{0,3}|-[0-9]{2,3})", fullmatch=True))
def test_a_hint_is_of_the_same_class_or_absent(word: str) -> None:
    letters_and_number = "".join(c for c in word.upper() if c.isalnum())
    for gpu in same_gpu(word):
        stem = gpu.split("-")[0]
        assert letters_and_number.replace("O", "0").startswith(stem)


@pytest.mark.parametrize("gpu", ["H20", "H20-141", "H800", "GH200", "L40S", "H100-NVL"])
def test_gpus_that_the_field_asked_for_have_rows_with_sources(gpu: str) -> None:
    row = GPUS[Gpu(gpu)]
    assert row.source
    assert row.product
    assert row.is_product(row.product)


def test_a_product_label_is_one_gpus_only() -> None:
    for gpu, row in GPUS.items():
        assert row.product
        assert [other for other, its in GPUS.items() if its.is_product(row.product)] == [gpu]


def test_r1_fits_sixteen_h20_and_the_h800_is_an_h100_with_less_nvlink() -> None:
    assert broken("lab-32gpu", hardware=hardware("H20")) == {}
    assert broken("lab-32gpu", hardware=hardware("H800")) == broken("lab-32gpu", hardware=hardware("H100-80"))
    h800, h100 = GPUS[Gpu.H800].peaks, GPUS[Gpu.H100_80].peaks
    assert h800
    assert h100
    assert h800.nvlink < h100.nvlink


def test_a_gpu_can_be_described() -> None:
    described = settings(hardware={**hardware(), "gpu": OWN}).hardware.gpu
    assert isinstance(described, GpuShape)
    assert str(described) == "H20-96x"
    row = gpu_spec(described)
    assert (row.memory_bytes, row.compute_capability, row.nvlink_reach(8)) == (102_000_000_000, 90, 8)
    assert broken("lab-32gpu", hardware={**hardware(), "gpu": OWN}) == {}
    slow = {**OWN, "nvlinkGpus": 1}
    assert "no NVLink" in broken("wide-32gpu", hardware={**hardware(), "gpu": slow})["layout.decode.moeA2aBackend"]


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"memoryGb": "96"}, "hardware.gpu.memoryGb"),
        ({"memory": 96}, "hardware.gpu.memory"),
        ({"computeCapability": 7.0}, "hardware.gpu.computeCapability"),
        ({"peaks": {"bf16Tflops": 148}}, "hardware.gpu.peaks.memoryTbPerSecond"),
    ],
)
def test_what_is_wrong_in_a_description_has_its_key(changed: dict[str, object], key: str) -> None:
    assert key in told(hardware={**hardware(), "gpu": {**OWN, **changed}})


def test_all_that_is_wrong_with_the_hardware_is_told_at_once() -> None:
    found = told(hardware={"gpu": "MI300X", "nodes": 0, "gpusPerNode": 8, "interconnect": "efa"})
    assert set(found) == {"hardware.gpu", "hardware.interconnect", "hardware.nodes"}


@pytest.mark.parametrize("word", ["efa", "EFA", "erdma", "eRDMA"])
def test_an_rdma_that_deepep_cannot_use_is_told_what_works(word: str) -> None:
    message = told(hardware=hardware(interconnect=word))["hardware.interconnect"]
    assert "mlx5 only" in message
    assert "set interconnect: ethernet" in message
    assert broken("lab-32gpu", hardware=hardware(interconnect="ethernet")) == {}


@pytest.mark.parametrize(("word", "meant"), [("ib", "infiniband"), ("RoCEv2", "roce"), ("infinband", "infiniband")])
def test_another_word_for_an_interconnect_is_understood(word: str, meant: str) -> None:
    assert f"did you mean {meant}?" in told(hardware=hardware(interconnect=word))["hardware.interconnect"]


@pytest.mark.parametrize("word", ["slingshot", "Omni-Path", "gpudirect-tcpx", "TCPXO", "irdma", "bnxt_re"])
def test_a_network_of_others_is_not_supported_as_rdma_and_gets_no_hint(word: str) -> None:
    message = told(hardware=hardware(interconnect=word))["hardware.interconnect"]
    assert "not supported as RDMA" in message
    assert "set interconnect: ethernet" in message
    assert "did you mean" not in message


@pytest.mark.parametrize("word", ["ConnectX-7", "cx7", "mlx5_0", "bluefield3"])
def test_an_adapter_is_none_and_says_how_to_tell_what_its_ports_are(word: str) -> None:
    assert "set infiniband or roce, as `ibstat`" in told(hardware=hardware(interconnect=word))["hardware.interconnect"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("NDR400", "infiniband"), ("hdr200g", "infiniband"), ("Spectrum-X", "roce"), ("nvswitch", "nvlink")],
)
def test_a_rate_behind_the_word_does_not_hide_it(word: str, meant: str) -> None:
    assert f"did you mean {meant}?" in told(hardware=hardware(interconnect=word))["hardware.interconnect"]


@pytest.mark.parametrize("resource", ["vpc.amazonaws.com/efa", "aliyun/erdma", "rdma/bnxt"])
def test_without_deepep_other_adapters_are_warned_of(resource: str) -> None:
    found = warnings(settings(layout="lab-32gpu", hardware={**hardware(), "rdmaResource": resource}))
    assert "hardware.rdmaResource" in {warning.key for warning in found}


def test_doctor_does_not_advise_the_network_operator_where_the_adapters_are_others() -> None:
    nodes = seen(*(node(f"gpu-{n}", rdma=0, resources={"vpc.amazonaws.com/efa": "32"}) for n in range(4)))
    wide = {"layout": "wide-32gpu", "hardware": {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "roce"}}
    network = next(each for each in failures(view(nodes=nodes, deployed=False), **wide) if each.check == "network")
    assert "vpc.amazonaws.com/efa (AWS's EFA)" in network.what
    assert "network operator" not in " ".join(network.fix)
    assert "hardware.interconnect: ethernet" in network.fix[0]
    assert any("layout.decode: moeA2aBackend: none" in fix for fix in network.fix)


@pytest.mark.parametrize("word", ["deepseek-ai/DeepSeek-V2.5", "zai-org/GLM-4.5-Air", "openai/gpt-oss-20b"])
def test_another_model_is_no_hint(word: str) -> None:
    assert same_model(word, MODELS) == []
    message = told(model=word)["model"]
    assert f"{{name: {word}, config: PATH}}" in message
    assert not [name for name in MODELS if name in message.replace(word, "")]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("deepseek-ai/DeepSeek-V3.2-Exp", "an indexer's keys beside MLA's cache"),
        ("DeepSeek-V4-Flash", "caches of several kinds"),
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", "a state per request and no cache per token"),
    ],
)
def test_a_model_whose_cache_is_of_another_kind_is_refused_by_name(word: str, why: str) -> None:
    message = told(model=word)["model"]
    assert why in message
    assert re.search("set model: (.*)", message).group(1) in MODELS  # pyright: ignore[reportOptionalMemberAccess]


def test_the_same_model_in_another_spelling_is() -> None:
    assert "did you mean deepseek-ai/DeepSeek-R1?" in told(model="deepseek-r1")["model"]
