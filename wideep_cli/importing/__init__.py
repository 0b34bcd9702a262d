"""``wideep import``: launch commands of SGLang or vLLM turned into a stack file."""
