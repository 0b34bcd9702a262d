"""TensorRT-LLM behind the interface of an engine: its worker's flags, its YAML, memory, rules and log."""
