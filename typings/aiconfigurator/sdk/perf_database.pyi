from collections.abc import Mapping

class PerfDatabase:
    system_spec: Mapping[str, Mapping[str, int]]

def get_latest_database_version(*, system: str, backend: str) -> str: ...
def get_database_view(system: str, backend: str, version: str) -> PerfDatabase: ...
