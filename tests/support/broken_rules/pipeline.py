"""Rules of pipeline stages, each broken once."""

from __future__ import annotations

from tests.support.broken_rules.broken import Broken
from tests.support.configs import EXAMPLE

CASES = (
    Broken(
        "decode_has_one_stage",
        "lab-16gpu-singlenode",
        "decode",
        {"pp": 2, "tp": 4, "dp": 4, "ep": 4},
        "pp",
        ("no pipeline", "set pp: 1 and tp: 8"),
        {"pp": 1, "tp": 8, "dp": 8, "ep": 8},
    ),
    Broken(
        "stages_need_model",
        "lab-32gpu",
        "prefill",
        {"pp": 2, "tp": 8, "dp": 1, "ep": 8},
        "pp",
        ("Glm4MoeForCausalLM", "set pp: 1 and tp: 16"),
        {"pp": 1, "tp": 16, "dp": 2, "ep": 16},
        stack={"model": "zai-org/GLM-4.5", "layout.decode": {"dp": 2}},
    ),
    Broken(
        "stages_have_layers",
        "lab-8gpu",
        "prefill",
        {"pp": 8, "gpusPerNode": 8, "tp": 1, "ep": 1},
        "pp",
        ("4 layers", "set pp: 4 or less"),
        {"pp": 4, "gpusPerNode": 4, "tp": 1, "ep": 1},
        stack={"model": EXAMPLE},
    ),
    Broken(
        "stages_divide_nodes",
        "lab-32gpu",
        "prefill",
        {"nodes": 3, "pp": 4, "tp": 6, "ep": 1},
        "pp",
        ("4 stages over 3 nodes", "set pp: 1 or 3"),
        {"nodes": 3, "pp": 3, "tp": 8, "ep": 8},
    ),
)
