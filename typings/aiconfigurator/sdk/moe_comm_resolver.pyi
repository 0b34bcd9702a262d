from collections.abc import Mapping, Set

from aiconfigurator.sdk.config import ModelConfig
from aiconfigurator.sdk.perf_database import PerfDatabase

def resolve_model_config_moe_comm(
    model_config: ModelConfig,
    *,
    model_path: str,
    backend_name: str,
    database: PerfDatabase,
    required_phases: tuple[str, ...],
    coverage_snapshot: Mapping[str, Mapping[str, Set[int]]] | None = None,
) -> Mapping[str, str] | None: ...
