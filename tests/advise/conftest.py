"""Tests that run NVIDIA's estimator itself. Without it (make setup-advise) they are skipped."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from wideep_cli.advise.extra import estimator_version

PINNED = "0.12.0"
"""Version of the estimator that produced the figures in these tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark and, without the extra, skip all tests of this folder."""
    version = estimator_version()
    reason = "aiconfigurator is not installed: make setup-advise" if version is None else f"aiconfigurator is {version}"
    for item in items:
        if "tests/advise/" in str(item.path.as_posix()):
            item.add_marker(pytest.mark.advise)
            if version != PINNED:
                item.add_marker(pytest.mark.skip(reason=f"{reason}; these figures are of {PINNED}"))


@pytest.fixture(autouse=True, scope="session")
def empty_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Use an empty cache, so that no answer comes from an earlier run and each question is asked once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def advised() -> Callable[..., object]:
    """Return ``wideep advise`` as a function that caches its answers."""
    from wideep_cli.advise.comparison import advise
    from wideep_cli.advise.question import Asked, ask

    @functools.cache
    def call(**options: object) -> object:
        return advise(ask(Asked(**options), None, None), lambda role, done: None)  # type: ignore[arg-type]

    return call
