DefaultHFModels: frozenset[str]
