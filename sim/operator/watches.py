"""The API server's events, brought by kopf in a thread and an event loop of its own.

kopf is started anew when a CRD comes or goes, and the other tasks of the agent do not notice. By itself it ends when an
API that it watches goes, and now and then misses one that comes, because discovery shows a kind a moment after its CRD
is established.
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
"""By when discovery shows a kind whose CRD is established."""
CRDS = "customresourcedefinitions.apiextensions.k8s.io"

Handler = Callable[[Manifest, bool], Coroutine[Any, Any, None]]
"""Takes an object as it is now, and whether it is gone."""


class Watches:
    """Calls a handler, in the loop that made this, for every event of its kind (`PLURAL.GROUP`, as CRDs are named).

    What goes while kopf starts anew goes without an event: `resync` has to look for it.
    """

    def __init__(self, handlers: dict[str, Handler], resync: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.handlers, self.resync = handlers, resync
        self.loop = asyncio.get_running_loop()
        self.ready, self.ending, self.again = threading.Event(), threading.Event(), threading.Event()
        self.served: dict[str, list[str]] = {}
        self.thread = threading.Thread(target=self._run, name="watches", daemon=True)

    async def start(self) -> None:
        """Returns when everything that is served is watched."""
        self.thread.start()
        while not await asyncio.to_thread(self.ready.wait, LOOK_SECONDS):
            pass  # no thread waits longer than that: the event loop, at its end, waits for it

    async def stop(self) -> None:
        self.ending.set()
        self.again.set()
        await asyncio.to_thread(self.thread.join, 5)

    def _run(self) -> None:
        while not self.ending.is_set():
            self.again.clear()
            self.served.clear()  # one that went while kopf ended went without an event
            try:
                asyncio.run(self._watch())
            except Exception as error:  # whatever ended them, there is no agent without them
                logger.warning("the watches ended and start again: %s: %s", type(error).__name__, error)
            time.sleep(AGAIN_SECONDS)
            self._pass_on(self.resync())

    async def _watch(self) -> None:
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.queueing.exit_timeout = 0.1  # handlers only pass things on: nothing is lost at the end
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
            self.again.set()  # a thread of kopf's waits for it, and the event loop, at its end, for that thread

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
            # Not one of those that kopf's own look at its start has found.
            if before != versions and (event["type"] or _is_new(crd)):
                asyncio.get_running_loop().call_later(DISCOVERY_SECONDS, self.again.set)


def _is_new(crd: Manifest) -> bool:
    """Discovery may not have shown it yet when kopf, which has started since, asked what there is."""
    (since,) = (one["lastTransitionTime"] for one in crd["status"]["conditions"] if one["type"] == "Established")
    age = datetime.now(UTC) - datetime.fromisoformat(since)
    return age.total_seconds() < 2 * DISCOVERY_SECONDS


def _log_failure(passed: Future[None]) -> None:
    if not passed.cancelled() and passed.exception():
        logger.error("an event was not handled", exc_info=passed.exception())
