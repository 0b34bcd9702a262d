"""Waiting until an object is ready, and the errors when it does not become so."""

from __future__ import annotations

from collections.abc import Sequence

from sim.plugins.kubernetes import annotations, jsonpath, pods, ready
from sim.plugins.kubernetes.api import Object
from sim.plugins.kubernetes.waiting import End, EndedError, Event, Feed, Operation, Watched, named, warn, watch_object
from sim.plugins.server import Level


class NotReadyError(Exception):
    """The object exists and is not ready; `live` is its last state, `reasons` what was seen on the way."""

    def __init__(self, message: str, live: Object, reasons: Sequence[str] = (), *, cancelled: bool = False) -> None:
        super().__init__(message)
        self.live, self.reasons, self.cancelled = live, list(reasons), cancelled


def until_ready(operation: Operation, inputs: Object, live: Object, *, is_update: bool = False) -> Object:
    """Wait until an object that was just written is ready, and return its state then.

    Raises:
        NotReadyError: It failed, the time was over, or the update was cancelled.
    """
    if annotations.is_true(inputs, "skipAwait"):
        return live
    try:
        own = ready.custom(live)
    except jsonpath.BadExpressionError as error:
        raise NotReadyError(str(error), live) from error
    rule = own or ready.rule(live)
    if rule is None:
        return live
    wait = _Wait(operation, live, rule, is_update=is_update, is_custom=own is not None)
    return wait.run(annotations.timeout(operation.timeout, inputs))


def check_once(operation: Operation, inputs: Object, live: Object) -> None:
    """What a refresh asks: is the object, whose kind has a rule, ready now?

    Raises:
        NotReadyError: It is not.
    """
    rule = ready.rule(live)
    if rule is None or not rule.on_read or annotations.is_true(inputs, "skipAwait"):
        return
    wait = _Wait(operation, live, rule, is_update=True, is_custom=False)
    for watch in wait.others():
        path = operation.api.path(watch.api_version, watch.kind, named(live)[2])
        for obj in operation.api.call("GET", path, query=watch.selector)["items"]:
            wait.see(Event(watch.name, "ADDED", obj))
    if not wait.judge():
        raise wait.failed()


class _Wait:
    """One wait: the object's last state, and the problems seen so far."""

    def __init__(
        self, operation: Operation, live: Object, rule: ready.Rule, *, is_update: bool, is_custom: bool
    ) -> None:
        self._operation, self._rule = operation, rule
        self._live, self._is_update, self._is_custom = live, is_update, is_custom
        self._least = live["metadata"].get("generation", 0)
        self._slices: dict[str, Object] = {}
        self._problems: dict[str, None] = {}  # in order, each once

    def run(self, timeout: float) -> Object:
        """Wait."""
        operation = self._operation
        with Feed(operation.api, operation.cancelled, timeout) as feed:
            watch_object(feed, operation, self._live)
            for watch in self.others():
                feed.add(watch, named(self._live)[2])
            try:
                for event in feed:
                    self.see(event)
                    if event.name in ("object", "slice") and event.obj and self.judge():
                        operation.engine.status(operation.urn, "")
                        return self._live
            except EndedError as ended:
                raise self._ended(ended.end) from ended
        raise AssertionError("a feed ends with an error only")

    def others(self) -> list[Watched]:
        """What else tells about the object: its pods, or its endpoints."""
        _, kind, _, name = named(self._live)
        found = []
        if self._rule.pods:
            found.append(Watched("pod", "v1", "Pod"))
        if kind == "Service":
            selector = {"labelSelector": f"kubernetes.io/service-name={name}"}
            found.append(Watched("slice", "discovery.k8s.io/v1", "EndpointSlice", selector))
        return found

    def see(self, event: Event) -> None:
        """Take one event in."""
        match event.name:
            case "warning":
                warn(self._operation, event)
            case "pod" if event.obj and event.type != "DELETED" and pods.owned(event.obj, self._live):
                if text := pods.problem(event.obj):
                    self._problem(text, shown="containers with unready status" not in text)
            case "slice" if event.obj:
                self._slices[event.obj["metadata"]["name"]] = event.obj
            case "object" if event.obj and event.type != "DELETED":
                if event.obj["metadata"].get("generation", 0) >= self._least:
                    self._live = event.obj

    def _problem(self, text: str, *, shown: bool = True) -> None:
        if text not in self._problems:
            self._problems[text] = None
            if shown:
                self._operation.engine.status(self._operation.urn, text, Level.WARNING)

    def judge(self) -> bool:
        """Whether the last state is the one waited for."""
        look = ready.Look(self._operation.api, self._live, list(self._slices.values()), self._is_update)
        try:
            verdict = self._rule.judge(look)
        except jsonpath.BadExpressionError as error:
            raise NotReadyError(str(error), self._live) from error
        if verdict.failure:
            self._problem(verdict.failure)
            raise self.failed()
        if verdict.message and not verdict.ready:
            self._operation.engine.status(self._operation.urn, verdict.message)
        return verdict.ready

    def failed(self) -> NotReadyError:
        """The error of an object that is not ready now."""
        message = f"Resource '{named(self._live)[3]}' was created but failed to initialize"
        return NotReadyError(message, self._live, list(self._problems))

    def _ended(self, end: End) -> NotReadyError:
        """The error of a wait that ended; each kind of wait has its own words."""
        name, cancelled = named(self._live)[3], end is End.CANCELLED
        if self._is_custom:
            message = end.value
        elif self._rule.plain:
            message = (
                f"Resource operation was cancelled for '{name}'"
                if cancelled
                else (f"Timeout occurred polling for '{name}'")
            )
        else:
            message = (
                f'Resource operation was cancelled for "{name}"'
                if cancelled
                else (f"'{name}' timed out waiting to be Ready")
            )
        return NotReadyError(message, self._live, list(self._problems), cancelled=cancelled)
