from aiconfigurator.sdk.config import ModelConfig

def build_model_config(
    tp_size: int, pp_size: int, attention_dp_size: int, moe_tp_size: int, moe_ep_size: int
) -> ModelConfig: ...
