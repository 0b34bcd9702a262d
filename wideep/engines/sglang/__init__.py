"""SGLang as an engine; flags, classes and log lines are those of the release in ``wideep.versions``."""
