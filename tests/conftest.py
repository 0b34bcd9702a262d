"""What every test may use: where the project is, and the reference data beside it where there is some."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT.parent / "shared"


LONG = (
    "test_adopt",
    "test_commands",
    "test_components_access",
    "test_components_changes",
    "test_components_platform",
    "test_components_retain",
    "test_components_shared",
    "test_doctor",
    "test_pull_request",
    "test_scale",
    "test_waiting",
)
"""Modules that `make test-long` runs: each takes minutes, and stands on a cluster that no other module has used."""
ORDER = (
    *(
        "test_main_job",
        "test_ops_graph",
        "test_ops_watch",
        "test_readonly",
        "test_bench",
        "test_readme",
        "test_cluster",
        "test_tools",
        "test_ci_pages",
        "test_takedown",
        "test_serving",
    ),
    *("test_operator", "test_operator_grove", "test_charts", "test_preview"),
    *("test_conformance", "test_plugins", "test_plugins_outage"),
)
"""From what leaves the cluster as it was to what takes its CRDs away and restarts its API server."""


def _place(item: pytest.Item) -> tuple[bool, int]:
    slow = item.get_closest_marker("cluster") is not None
    return slow, ORDER.index(item.path.stem) if slow and item.path.stem in ORDER else -1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first: a mistake in the domain shows before a cluster is started."""
    for item in items:
        if item.path.stem in LONG and "sim" in item.path.parts:
            item.add_marker("long")
    items.sort(key=_place)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder with the real CRDs and the real provider's recorded calls; a user's clone has none."""
    if not REFERENCE.is_dir():
        pytest.skip(f"no reference data: {REFERENCE.name}/ is not beside the checkout")
    return REFERENCE
