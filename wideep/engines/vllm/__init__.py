"""vLLM as an engine of Dynamo 1.0 and newer; flags, classes and log lines are those of its wheels (``parser``)."""
