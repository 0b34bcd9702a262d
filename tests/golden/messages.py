"""What is said of stacks that break a rule or are unwise: the whole text, as a person has read it.

``messages/stacks.yaml`` has the keys that a stack has changed (``example``: of a model by its shape), and what is said
of it. ``messages/roles.yaml`` has what is said where one role breaks one rule (``tests/support/broken_rules``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.broken_rules import SUITES, Broken, Suite
from tests.support.configs import EXAMPLE, hardware, settings
from wideep.rules import check, warnings

__all__ = ["CASES", "ROLES", "ROLES_FILE", "STACKS", "STACKS_FILE", "of_role", "said", "update"]

HERE: Final = Path(__file__).parent / "messages"
STACKS_FILE: Final = HERE / "stacks.yaml"
ROLES_FILE: Final = HERE / "roles.yaml"
ROOMY: Final = hardware(nodes=3)
"""Nodes on which the layout that most of the stacks have is without advice."""


def said(changes: dict[str, Any]) -> str:
    """All that is refused; where nothing is, all that is advised."""
    model = {"model": EXAMPLE | changes["example"]} if "example" in changes else {}
    keys = {key: value for key, value in changes.items() if key != "example"}
    stack = settings(**{"hardware": ROOMY, **keys, **model})
    return "\n".join(str(problem) for problem in (check(stack) or warnings(stack)))


def of_role(suite: Suite, case: Broken) -> str:
    """The same of a role that breaks one rule."""
    return "\n".join(str(problem) for problem in check(settings(**suite.keys(case, case.change, {}))))


CASES: Final = {f"{engine}: {case.name}": (suite, case) for engine, suite in SUITES.items() for case in suite.cases}
STACKS: Final[dict[str, dict[str, Any]]] = yaml.safe_load(STACKS_FILE.read_text(encoding="utf-8"))
ROLES: Final[dict[str, str]] = yaml.safe_load(ROLES_FILE.read_text(encoding="utf-8"))


class _Readable(yaml.SafeDumper):
    """Writes a text of several lines as such, and the keys of a stack in one line."""


class _Line(dict[str, Any]):
    pass


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _line(dumper: yaml.SafeDumper, keys: _Line) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", keys, flow_style=True)


_Readable.add_representer(str, _block)
_Readable.add_representer(_Line, _line)


def _write(file: Path, content: object) -> None:
    text = yaml.dump(content, Dumper=_Readable, sort_keys=False, width=1000, allow_unicode=True)
    file.write_text(text, encoding="utf-8")


def update() -> None:
    """Write both files anew."""
    stacks = {name: {"changes": _Line(one["changes"]), "says": said(one["changes"])} for name, one in STACKS.items()}
    _write(STACKS_FILE, stacks)
    _write(ROLES_FILE, {name: of_role(*case) for name, case in CASES.items()})
