"""``wideep import``: launch commands of SGLang or vLLM become a stack's file"""
