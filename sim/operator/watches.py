"""The API server's events, delivered by kopf in a thread with its own event loop.

kopf is restarted when a CRD comes or goes, without disturbing the agent's other tasks. On its own it ends when an API
that it watches goes, and sometimes misses one that comes, because discovery shows a kind a moment after its CRD is
established.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import kopf

from sim.operator.contract import Manifest
from sim.operator.graph import is_true

logger = logging.getLogger(__name__)
AGAIN_SECONDS = 0.3
LOOK_SECONDS = 1.0
DISCOVERY_SECONDS = 1.0
"""Time within which discovery shows a kind whose CRD is established."""
CRDS = "customresourcedefinitions.apiextensions.k8s.io"

Handler = Callable[[Manifest, bool], Coroutine[Any, Any, None]]
"""Takes an object in its current state, and whether it was deleted."""


class Watches:
    """Calls a handler, in the loop that created this object, for every event of its kind (`PLURAL.GROUP`, as CRDs are
    named).

    An object that is deleted while kopf restarts causes no event: `resync` has to find it.
    """

    def __init__(self, handlers: dict[str, Handler], resync: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.handlers, self.resync = handlers, resync
        self.loop = asyncio.get_running_loop()
        self.ready, self.ending, self.again = threading.Event(), threading.Event(), threading.Event()
        self.served: dict[str, list[str]] = {}
        self.thread = threading.Thread(target=self._run, name="watches", daemon=True)

    async def start(self) -> None:
        """Start the watches, and wait until all served kinds are watched."""
        self.thread.start()
        while not await asyncio.to_thread(self.ready.wait, LOOK_SECONDS):
            pass  # short waits only: when the event loop closes, it waits for this thread

    async def stop(self) -> None:
        self.ending.set()
        self.again.set()
        await asyncio.to_thread(self.thread.join, 5)

    def _run(self) -> None:
        while not self.ending.is_set():
            self.again.clear()
            self.served.clear()  # a CRD deleted while kopf ended caused no event
            try:
                asyncio.run(self._watch())
            except Exception as error:  # the agent cannot work without watches, whatever ended them
                logger.warning("the watches ended and start again: %s: %s", type(error).__name__, error)
            time.sleep(AGAIN_SECONDS)
            self._pass_on(self.resync())

    async def _watch(self) -> None:
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.queueing.exit_timeout = 0.1  # handlers only pass events on: nothing is lost at the end
        settings.queueing.idle_timeout = 0.5
        try:
            await kopf.operator(
                registry=self._registry(),
                settings=settings,
                clusterwide=True,
                standalone=True,
                ready_flag=self.ready,
                stop_flag=self.again,
            )
        finally:
            self.again.set()  # a kopf thread waits for it, and a closing event loop waits for that thread

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(kopf.login_with_kubeconfig)
        for resource, handler in self.handlers.items():
            kopf.on.event(resource, id=resource, registry=registry)(self._passed_on(handler))
        kopf.on.event(CRDS, registry=registry)(self._see_crd)
        return registry

    def _passed_on(self, handler: Handler) -> Any:
        async def on_event(event: Any, **_: Any) -> None:
            self._pass_on(handler(dict(event["object"]), event["type"] == "DELETED"))

        return on_event

    def _pass_on(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).add_done_callback(_log_failure)

    async def _see_crd(self, event: Any, **_: Any) -> None:
        crd = event["object"]
        name = crd["metadata"]["name"]
        if event["type"] == "DELETED":
            self.served.pop(name, None)
        elif name in self.handlers and is_true(crd, "Established"):
            versions = [one["name"] for one in crd["spec"]["versions"] if one["served"]]
            before, self.served[name] = self.served.get(name), versions
            # Skip the CRDs that kopf found itself when it started.
            if before != versions and (event["type"] or _is_new(crd)):
                asyncio.get_running_loop().call_later(DISCOVERY_SECONDS, self.again.set)


def _is_new(crd: Manifest) -> bool:
    """Tell whether the CRD is so new that discovery may not have shown it when kopf listed the kinds."""
    (since,) = (one["lastTransitionTime"] for one in crd["status"]["conditions"] if one["type"] == "Established")
    age = datetime.now(UTC) - datetime.fromisoformat(since)
    return age.total_seconds() < 2 * DISCOVERY_SECONDS


def _log_failure(passed: Future[None]) -> None:
    if not passed.cancelled() and passed.exception():
        logger.error("an event was not handled", exc_info=passed.exception())
