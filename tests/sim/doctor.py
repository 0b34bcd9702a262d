"""`wideep doctor` of a stack on the tests' simulated cluster, and what it tells, compared with what is expected."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sim.conftest import sim
from tests.sim.graph import EXPECTED, NAMESPACE
from tests.sim.pulumi import Pulumi
from tests.support.process import Said
from tests.support.wideep import Wideep, steady

LONGEST = 90
"""Seconds from a fault until the doctor tells it, and from its end until it is content."""
Answer = dict[str, Any]


@dataclass(frozen=True)
class Doctor:
    """``wideep doctor --offline`` on a stack of a project's copy, on lines that do not break."""

    pulumi: Pulumi

    def __call__(self, *options: str, stack: str = "", columns: int = 1000) -> Said:
        wideep = Wideep(self.pulumi.cluster, self.pulumi.folder, stack or self.pulumi.stack, columns=columns)
        return wideep("doctor", "--offline", *options)

    def failing(self, stack: str = "") -> list[Answer]:
        """What does not hold."""
        said = self("--output", "json", stack=stack)
        assert said.code in (0, 1), said.err
        assert not said.err
        return [each for each in said.json["findings"] if each["verdict"] == "does not hold"]

    def is_content(self) -> None:
        until(self.failing, lambda failing: failing == [])

    def tells(self, name: str, keys: dict[str, str], stack: str = "") -> None:
        """The checks that do not hold and the key of each, by its JSON; their sentences and next steps, which its text
        has as well."""

        def told() -> tuple[dict[str, str], str, str, int]:
            failing, said = self.failing(stack), self(stack=stack)
            return {each["check"]: each["key"] for each in failing}, sentences(failing), blocks(said.out), said.code

        file = EXPECTED / "doctor" / f"{name}.txt"
        if os.environ.get("UPDATE_EXPECTED"):
            file.write_text(until(told, lambda now: now[0] == keys and now[1] == now[2])[1])
        expected = file.read_text()
        until(told, lambda now: now == (keys, expected, expected, 1))

    def restart(self, *roles: str) -> None:
        for role in roles:
            self.kubectl("delete", "pod", "-l", f"nvidia.com/dynamo-sub-component-type={role}", "--wait=false")

    def kubectl(self, *arguments: str) -> str:
        return self.pulumi.kubectl("-n", NAMESPACE, *arguments)

    def fault(self, *arguments: str) -> None:
        sim(self.pulumi.cluster.id, "fault", *arguments)


def until(look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Looks until it is as wanted; the last thing seen is in the failure."""
    end = time.monotonic() + LONGEST
    while not wanted(seen := look()) and time.monotonic() < end:
        time.sleep(0.5)
    assert wanted(seen), seen if isinstance(seen, str) else json.dumps(seen, indent=2)
    return seen


def plain(said: str) -> str:
    """Without what differs from run to run."""
    said = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", re.sub(r"v1\.\d+\.\d+", "v1.N", steady(said)))
    said = re.sub(r", \S+-frontend-…(?=: its node)", "", said)  # it may be on any node
    said = re.sub(r"(?<=-download)-[a-z0-9]{5}\b", "-…", said)
    return re.sub(r"\d+(?= restarts)", "N", re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", said))


def sentences(failing: list[Answer]) -> str:
    """As the text has them."""
    lines = (line for each in failing for line in [f"✗ {each['what']}", *(f"→ {fix}" for fix in each["fix"])])
    return plain("".join(f"{line}\n" for line in lines))


def blocks(text: str) -> str:
    """Of the text, what does not hold: each with its next steps."""
    kept: list[str] = []
    for line in text.splitlines():
        mark = line.strip()[:1]
        if mark == "✗" or (mark == "→" and kept and kept[-1]):
            kept.append(line.strip())
        elif mark in "✓?" and mark:
            kept.append("")
    return plain("".join(f"{line}\n" for line in kept if line))


def same_as_expected(name: str, said: str) -> None:
    """Compares a whole output."""
    file = EXPECTED / name
    if os.environ.get("UPDATE_EXPECTED"):
        file.write_text(plain(said))
    assert plain(said) == file.read_text()
