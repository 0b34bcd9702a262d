"""The watches start anew, whatever ends them."""

from __future__ import annotations

import asyncio
from typing import Any

import kopf
import pytest

from sim.operator import watches
from sim.operator.watches import Watches

LIMIT_SECONDS = 20


class Kopf:
    """In place of ``kopf.operator``: it ends by itself at first, as when an API that it watches goes."""

    def __init__(self, error: Exception | None) -> None:
        self.starts, self.error = 0, error

    async def __call__(self, *, ready_flag: Any, stop_flag: Any, **_: Any) -> None:
        self.starts += 1
        told = asyncio.get_running_loop().run_in_executor(None, stop_flag.wait)  # as kopf waits for the flag
        ready_flag.set()
        if self.starts > 1:
            await told
        elif self.error:
            raise self.error


@pytest.mark.parametrize("error", [None, RuntimeError("404 page not found")])
def test_watches_that_end_by_themselves_start_anew(error: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, looks = Kopf(error), list[int]()
    monkeypatch.setattr(kopf, "operator", fake)
    monkeypatch.setattr(watches, "AGAIN_SECONDS", 0)

    async def resync() -> None:
        looks.append(fake.starts)

    async def until_started_twice() -> None:
        there = Watches({}, resync)
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await there.start()
                while fake.starts < 2 or not looks:
                    await asyncio.sleep(0.01)
        finally:
            await there.stop()

    asyncio.run(until_started_twice())

    assert fake.starts == 2  # and what went in between was looked for
