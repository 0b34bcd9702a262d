"""The `wideep` command, run without a terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from wideep_cli.main import app


@pytest.fixture
def run() -> Callable[..., Result]:
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb"})
    return lambda *args: runner.invoke(app, [str(arg) for arg in args])
