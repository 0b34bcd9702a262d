"""What every test may use: where the project is, and the reference data beside it where there is some."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT.parent / "shared"


COLLECTED = pytest.StashKey[list[pytest.Item]]()
"""Every test of the session, also those that its markers deselect."""


def _place(item: pytest.Item) -> tuple[bool, int]:
    late = item.get_closest_marker("late")
    return item.get_closest_marker("cluster") is not None, int(late.args[0]) if late else 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fast tests first: a mistake in the domain shows before a cluster is started."""
    config.stash[COLLECTED] = list(items)
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
