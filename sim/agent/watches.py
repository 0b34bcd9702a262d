"""The API server's events, brought by kopf in a thread and an event loop of its own.

kopf watches each kind from the moment its API is served, which a CRD may be only later. It ends when an API that it
watches goes (a CRD is deleted); then it is started anew, and the other tasks of the agent do not notice.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

import kopf

from sim.agent.contract import Manifest

logger = logging.getLogger(__name__)
AGAIN_SECONDS = 0.3

Handler = Callable[[Manifest, bool], Awaitable[None]]
"""Takes an object as it is now, and whether it is gone."""


class Watches:
    """Calls a handler, in the loop that made this, for every event of its kind (`PLURAL.GROUP`)."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self.handlers = handlers
        self.loop = asyncio.get_running_loop()
        self.ready, self.ending = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, name="watches", daemon=True)

    async def start(self) -> None:
        """Returns when everything that is served is watched."""
        self.thread.start()
        await asyncio.to_thread(self.ready.wait)

    async def stop(self) -> None:
        self.ending.set()
        await asyncio.to_thread(self.thread.join, 5)

    def _run(self) -> None:
        while not self.ending.is_set():
            try:
                asyncio.run(self._watch())
            except Exception as error:  # whatever ended them, there is no agent without them
                logger.warning("the watches ended and start again: %s: %s", type(error).__name__, error)
                time.sleep(AGAIN_SECONDS)

    async def _watch(self) -> None:
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.queueing.exit_timeout = 0.1  # handlers only pass things on: nothing is lost at the end
        settings.queueing.idle_timeout = 0.5
        await kopf.operator(
            registry=self._registry(),
            settings=settings,
            clusterwide=True,
            standalone=True,
            ready_flag=self.ready,
            stop_flag=self.ending,
        )

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(kopf.login_with_kubeconfig)
        for resource, handler in self.handlers.items():
            kopf.on.event(resource, id=resource, registry=registry)(self._passed_on(handler))
        return registry

    def _passed_on(self, handler: Handler) -> Any:
        async def handle(body: Manifest, gone: bool) -> None:
            await handler(body, gone)

        async def on_event(event: Any, **_: Any) -> None:
            passed = asyncio.run_coroutine_threadsafe(
                handle(dict(event["object"]), event["type"] == "DELETED"), self.loop
            )
            passed.add_done_callback(_log_failure)

        return on_event


def _log_failure(passed: Future[None]) -> None:
    if not passed.cancelled() and passed.exception():
        logger.error("an event was not handled", exc_info=passed.exception())
