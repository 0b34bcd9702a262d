from enum import Enum

class ModelConfig:
    enable_eplb: bool
    kvcache_quant_mode: Enum | None
    moe_comm_backend: dict[str, str] | None

class RuntimeConfig:
    def __init__(self, *, batch_size: int, isl: int, osl: int) -> None: ...
