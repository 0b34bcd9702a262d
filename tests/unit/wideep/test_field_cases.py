"""Cases of people in the field (../shared/cases): what each is told today. Small ones of each kind stand in the modules
of their rules; these are the whole files."""

import pytest

from tests.conftest import REFERENCE
from wideep.errors import ConfigError
from wideep.rules import accept
from wideep.settings.reading import read
from wideep_cli.stack_file import read_stack_file

CASES = REFERENCE / "cases"
REFUSED = {
    "a01-graph-beyond-dispatch": ("layout.decode.cudaGraphBatchSizes", "256"),
    "a01b-graph-beyond-dispatch-extra": ("layout.decode.extraArgs", "write cudaGraphBatchSizes"),
    "e03-pp": ("layout.prefill.extraArgs", "write pp"),
    "e05-quantization": ("layout.decode.extraArgs", "model: {config: PATH}"),
    "e06-maxrunning-wide": ("layout.decode.extraArgs", "write maxRunningRequests"),
    "a13-mtp": ("layout.decode.extraArgs", "write speculative"),
    "e07-efa": ("hardware.rdmaResource", "mlx5"),
    "e08-efa-word": ("hardware.interconnect", "mlx5"),
    "e13-mi300x": ("hardware.gpu", "not supported, because"),
    "e14-l40s": ("layout.decode.gpusPerNode", "L40S"),
    "c02-nvfp4": ("model.weightFormat", "quantization_config.quant_algo: NVFP4"),
    "c03-w4afp8": ("model.weightFormat", "quantization_config.quant_method: w4afp8"),
    "c04-awq": ("model.weightFormat", "quantization_config.quant_method: awq"),
    "c07-k2t": ("model.weightFormat", "config_groups.group_0.weights: 4 bits, type int"),
}
"""By file: the key that is named, and words of the message."""

shared = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not beside this checkout")


def text_of(path: str) -> str:
    return (CASES / path).read_text(encoding="utf-8")


@shared
@pytest.mark.parametrize(("name", "key", "words"), [(name, *told) for name, told in REFUSED.items()])
def test_the_case_is_refused_with_its_key(name: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        accept(read_stack_file(CASES / f"{name}.yaml").config, text_of)
    told = [str(problem) for problem in caught.value.problems if problem.key == key]
    assert any(words in each for each in told), str(caught.value)


@shared
@pytest.mark.parametrize(
    ("name", "gpu"), [("a03b-h20", "H20"), ("e11-h20-3e", "H20-141"), ("e12-h800", "H800"), ("e15-gh200", "GH200")]
)
def test_the_gpu_of_the_case_is_known_by_its_own_memory(name: str, gpu: str) -> None:
    settings = read(read_stack_file(CASES / f"{name}.yaml").config, text_of).settings
    assert settings
    assert str(settings.hardware.gpu) == gpu


@shared
def test_fp8_by_channel_is_accepted() -> None:
    accept(read_stack_file(CASES / "c09-glmfp8.yaml").config, text_of)
