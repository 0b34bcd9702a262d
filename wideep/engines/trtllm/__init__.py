"""TensorRT-LLM behind the interface of an engine: its worker's flags, its YAML, its memory, its rules and its log."""
