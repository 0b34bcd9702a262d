"""What every test may use: where the project is, and the reference data beside it where there is some."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT.parent / "shared"


LONG = (
    "test_adopt",
    "test_components_changes",
    "test_components_retain",
    "test_components_shared",
    "test_doctor",
    "test_pull_request",
)
"""Modules that `make test-long` runs: each takes minutes, and stands on a cluster that no other module has used."""
LAST = ("test_plugins", "test_plugins_outage", "test_conformance")
"""They restart the API server and take the CRDs away under the operator, so the others come before them."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first: a mistake in the domain shows before a cluster is started."""
    for item in items:
        if item.path.stem in LONG and "sim" in item.path.parts:
            item.add_marker("long")
    items.sort(key=lambda item: (item.get_closest_marker("cluster") is not None, item.path.stem in LAST))


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
