"""Work queues as in controllers: one task at a time works on a key, and again if the key was added meanwhile."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Namespace and name of an object."""

FIRST_RETRY_SECONDS = 0.2
LAST_RETRY_SECONDS = 20.0


@dataclass
class Queue:
    """Calls `work` for each key that is added, and retries failures at doubling intervals.

    It works on one key at a time, like a controller of controller-runtime with its default concurrency.
    """

    name: str
    work: Callable[[Key], Awaitable[None]]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: dict[Key, asyncio.Task[None]] = field(default_factory=dict)
    dirty: set[Key] = field(default_factory=set)
    failures: dict[Key, int] = field(default_factory=dict)
    done: int = 0
    failed: int = 0

    def add(self, key: Key) -> None:
        self.dirty.add(key)
        if key not in self.running:
            task = asyncio.create_task(self._run(key), name=f"{self.name} {key[0]}/{key[1]}")
            self.running[key] = task

    async def _run(self, key: Key) -> None:
        try:
            while key in self.dirty:
                async with self.turn:
                    self.dirty.discard(key)
                    await self._once(key)
        finally:
            del self.running[key]

    async def _once(self, key: Key) -> None:
        try:
            await self.work(key)
        except Exception as error:  # a failure with one object must not end the controller
            self.failed += 1
            count = self.failures[key] = self.failures.get(key, 0) + 1
            delay = min(FIRST_RETRY_SECONDS * 2 ** (count - 1), LAST_RETRY_SECONDS)
            logger.warning("%s %s/%s, again in %.1f s: %s: %s", self.name, *key, delay, type(error).__name__, error)
            asyncio.get_running_loop().call_later(delay, self.add, key)
        else:
            self.done += 1
            self.failures.pop(key, None)
