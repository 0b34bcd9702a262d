"""Reads the engine's event log (`pulumi preview --event-log FILE`): what a preview would do, and its messages.

Pulumi's own Automation API reads this log: one JSON object on each line (sdk/go/common/apitype/events.go). The flag
requires PULUMI_DEBUG_COMMANDS=true. In the log, secrets are ``[secret]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from wideep_cli.errors import CallError

__all__ = ["Message", "Op", "Preview", "Step", "Violation", "read_events"]


class Op(StrEnum):
    """What happens to a resource, with Pulumi's sign for it."""

    CREATE = "+"
    UPDATE = "~"
    REPLACE = "+-"
    DELETE = "-"


OPS = {
    "create": Op.CREATE,
    "import": Op.CREATE,
    "update": Op.UPDATE,
    "delete": Op.DELETE,
    "replace": Op.REPLACE,
    "create-replacement": Op.REPLACE,
    "delete-replaced": Op.REPLACE,
    "import-replacement": Op.REPLACE,
}


@dataclass(frozen=True)
class Step:
    """One resource that changes."""

    op: Op
    path: tuple[str, ...]
    """Names from the outermost component to the resource."""
    kind: str
    """The last word of its type: Job, Release, DynamoGraphDeployment."""
    protected: bool
    before: Mapping[str, JsonValue]
    after: Mapping[str, JsonValue]
    changed: tuple[str, ...] = ()
    """Paths of the changed inputs, in the provider's notation."""
    reasons: tuple[str, ...] = ()
    """The paths that cannot change in place."""


@dataclass(frozen=True)
class Message:
    """A message of the program, a provider or the engine. ``severity``: warning or error."""

    severity: str
    text: str


@dataclass(frozen=True)
class Violation:
    """A violated policy. A mandatory one fails the preview."""

    policy: str
    mandatory: bool
    text: str


@dataclass(frozen=True)
class Preview:
    """One run of `pulumi preview`, in an order that does not depend on that of the events."""

    steps: tuple[Step, ...] = ()
    messages: tuple[Message, ...] = ()
    violations: tuple[Violation, ...] = ()
    finished: bool = False
    """Whether the engine ran to its end, successfully or not; otherwise the steps may be incomplete."""

    @property
    def failed(self) -> bool:
        """Whether the preview failed, so that `pulumi up` would change nothing."""
        wrong = any(message.severity == "error" for message in self.messages)
        return wrong or not self.finished or any(violation.mandatory for violation in self.violations)


BARE = (
    "preview failed",
    "an unhandled error occurred: program exited with non-zero exit code: 1",
    "failed to run remediation: context canceled",
)
"""Errors that the engine adds if another message has already said what is wrong."""
REPLACING = ("add-replace", "delete-replace", "update-replace")


class _State(BaseModel):
    type: str
    urn: str
    parent: str = ""
    custom: bool = False
    protect: bool = False
    inputs: dict[str, JsonValue] = Field(default_factory=dict)


class _Property(BaseModel):
    kind: str = Field(alias="diffKind")


class _Metadata(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    op: str
    urn: str
    old: _State | None = None
    new: _State | None = None
    keys: list[str] | None = None
    diffs: list[str] | None = None
    detailed: dict[str, _Property] | None = Field(default=None, alias="detailedDiff")


class _Resource(BaseModel):
    metadata: _Metadata


class _Diagnostic(BaseModel):
    severity: str
    message: str
    ephemeral: bool = False


class _Policy(BaseModel):
    policy: str = Field(alias="policyName")
    level: str = Field(alias="enforcementLevel")
    message: str


class _Event(BaseModel):
    """The parts of an event that are read here; the rest is ignored."""

    resource: _Resource | None = Field(default=None, alias="resourcePreEvent")
    diagnostic: _Diagnostic | None = Field(default=None, alias="diagnosticEvent")
    policy: _Policy | None = Field(default=None, alias="policyEvent")
    summary: dict[str, JsonValue] | None = Field(default=None, alias="summaryEvent")


@dataclass
class _Found:
    steps: dict[str, _Metadata] = field(default_factory=dict[str, _Metadata])
    parents: dict[str, str] = field(default_factory=dict[str, str])
    messages: dict[Message, None] = field(default_factory=dict[Message, None])
    violations: dict[Violation, None] = field(default_factory=dict[Violation, None])
    finished: bool = False


def read_events(log: Path) -> Preview:
    """Return the preview that wrote the log. A log that is cut off is an unfinished preview.

    Raises:
        CallError: the file cannot be read, or is not an event log.
    """
    found = _Found()
    for event in _events(log):
        if event.resource:
            _take(found, event.resource.metadata)
        if event.diagnostic and event.diagnostic.severity in {"error", "warning"} and not event.diagnostic.ephemeral:
            found.messages[Message(event.diagnostic.severity, event.diagnostic.message.strip())] = None
        if event.policy:
            mandatory = event.policy.level == "mandatory"
            # The engine puts the rule's description on a line before the message.
            text = event.policy.message.strip().partition("\n")[2] or event.policy.message.strip()
            found.violations[Violation(event.policy.policy, mandatory, text)] = None
        found.finished = found.finished or event.summary is not None
    steps = [_step(found, metadata) for metadata in found.steps.values()]
    errors = [message for message in found.messages if message.severity == "error"]
    said = [message for message in errors if message.text not in BARE]
    if said or found.violations:
        found.messages = {message: None for message in found.messages if message not in errors or message in said}
    return Preview(
        tuple(sorted(steps, key=lambda step: (step.path, step.kind))),
        tuple(sorted(found.messages, key=lambda message: (message.severity, message.text))),
        tuple(sorted(found.violations, key=lambda violation: (violation.policy, violation.text))),
        found.finished,
    )


def _events(log: Path) -> Iterator[_Event]:
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        fix = "Run `pulumi preview --event-log FILE` with PULUMI_DEBUG_COMMANDS=true first."
        raise CallError(f"{log} cannot be read: {error.strerror}.", fix) from error
    for number, line in enumerate(lines, 1):
        try:
            yield _Event.model_validate_json(line)
        except ValidationError as error:
            if number == len(lines):
                return  # the engine was stopped while it wrote this line
            raise CallError(f"{log}, line {number} is not an event of the engine.", "Name an event log.") from error


def _take(found: _Found, metadata: _Metadata) -> None:
    state = metadata.new or metadata.old
    if state is None:
        return
    found.parents[metadata.urn] = state.parent
    if metadata.op not in OPS or not state.custom or state.type.startswith("pulumi:providers:"):
        return
    before = found.steps.get(metadata.urn)
    if before is None:
        found.steps[metadata.urn] = metadata
    elif metadata.op != "delete-replaced":  # a replacement's last step says most, except for the clean-up
        found.steps[metadata.urn] = metadata.model_copy(update={"old": metadata.old or before.old})


def _step(found: _Found, metadata: _Metadata) -> Step:
    state = metadata.new or metadata.old
    assert state is not None  # noqa: S101 - _take keeps no other
    op = OPS[metadata.op]
    detailed = metadata.detailed or {}
    replacing = {*(metadata.keys or ()), *(path for path, of in detailed.items() if of.kind in REPLACING)}
    return Step(
        op=op,
        path=_path(metadata.urn, found.parents),
        kind=state.type.rpartition(":")[2].rpartition("/")[2],
        protected=state.protect,
        before=metadata.old.inputs if metadata.old and op is not Op.CREATE else {},
        after=metadata.new.inputs if metadata.new and op is not Op.DELETE else {},
        changed=tuple(sorted({*detailed, *(metadata.diffs or ())} - {"__provider"})),
        reasons=tuple(sorted(replacing)),
    )


def _path(urn: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    names: Sequence[str] = ()
    while urn and "pulumi:pulumi:Stack" not in urn.split("::")[2].split("$")[-1]:
        names = (urn.rpartition("::")[2], *names)
        urn = parents.get(urn, "")
    return tuple(names)
