"""The work queue of the simulated operators."""

import asyncio

import pytest

from sim.operator import work_queue as queue
from sim.operator.work_queue import Key, Queue

A: Key = ("ns", "a")
B: Key = ("ns", "b")


def test_a_key_added_while_it_is_worked_on_is_worked_on_once_more() -> None:
    async def scenario() -> list[Key]:
        seen: list[Key] = []

        async def work(key: Key) -> None:
            seen.append(key)
            await asyncio.sleep(0.01)

        line = Queue("test", work)
        line.add(A)
        await asyncio.sleep(0.001)
        for _ in range(5):
            line.add(A)
        await asyncio.gather(*line.running.values())
        return seen

    assert asyncio.run(scenario()) == [A, A]


def test_one_key_is_worked_on_at_a_time() -> None:
    async def scenario() -> int:
        at_work: set[Key] = set()
        most = 0

        async def work(key: Key) -> None:
            nonlocal most
            at_work.add(key)
            most = max(most, len(at_work))
            await asyncio.sleep(0.01)
            at_work.discard(key)

        line = Queue("test", work)
        for key in (A, B, A, B):
            line.add(key)
        await asyncio.gather(*line.running.values())
        return most

    assert asyncio.run(scenario()) == 1


def test_a_failure_is_tried_again_until_it_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_RETRY_SECONDS", 0.001)

    async def scenario() -> int:
        tries = 0
        passed = asyncio.Event()

        async def work(key: Key) -> None:
            nonlocal tries
            tries += 1
            if tries < 4:
                raise RuntimeError("not yet")
            passed.set()

        line = Queue("test", work)
        line.add(A)
        await asyncio.wait_for(passed.wait(), 5)
        await asyncio.gather(*line.running.values())
        assert line.failures == {}
        return tries

    assert asyncio.run(scenario()) == 4
