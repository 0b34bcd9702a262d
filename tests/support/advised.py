"""The commands that the project advises: those in the messages of its sources, and those of its pages.

A command's kind is its program, words and flags, without names and values: ``kubectl -n X delete job Y`` is ``kubectl
delete job -n``. In the sources a command is in backticks, or in a sentence, where it ends with the last word that the
program knows.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from typer.main import get_command

from tests.support.plans import ROOT
from wideep_cli.main import app

TABLE: Final = Path(__file__).with_name("advised.yaml")
"""The table of what runs each command."""
SOURCES: Final = (
    "wideep",
    "wideep_cluster",
    "components",
    "wideep_cli",
    "ci",
    "policy",
    "scripts",
    "Makefile",
    "Pulumi.yaml",
)
PAGES: Final = ("README.md", "docs", "Pulumi.dev.yaml", "Pulumi.prod.yaml", ".github")
NOT_ADVICE: Final = ("docs/decisions", "docs/from-the-lab.md")
"""Pages that mention commands without advising them; what became of the lab's commands has its own test."""
_DATA: Final[dict[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
TARGETS: Final = re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
VERBS: Final[dict[str, list[str]]] = {
    **_DATA["verbs"],
    "wideep": list(getattr(get_command(app), "commands", {})),
    "make": " ".join(TARGETS).split(),
}
"""For each program, the verbs by which a command in a sentence is recognized."""
WORDS: Final = frozenset(_DATA["words"])
"""Words after the verb that belong to a command and are not names."""
START: Final = re.compile(rf"(?<![\w./-])({'|'.join(VERBS)})[ ](?=[a-z-])")
FENCE: Final = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAG: Final = re.compile(r"^--?[a-z][a-z-]*$", re.IGNORECASE)
SHORT_WITH_VALUE: Final = ("-n", "-s", "-o", "-f", "-l")


@dataclass(frozen=True)
class Advised:
    """A command, and the place that advises it."""

    text: str
    place: str

    @property
    def kind(self) -> str:
        """The command's program, words and flags, which identify it."""
        program, *rest = self.text.split()
        words = [word for word in rest if word in WORDS or word in VERBS[program]]
        flags = sorted({word.partition("=")[0] for word in rest if FLAG.match(word.partition("=")[0])})
        return " ".join([program, *words, *flags])


@cache
def advised_commands() -> dict[str, list[Advised]]:
    """Return the commands of sources and pages, by kind."""
    found: dict[str, list[Advised]] = defaultdict(list)
    for each in (*_of_sources(), *_of_pages()):
        found[each.kind].append(each)
    return dict(sorted(found.items()))


def _of_sources() -> Iterator[Advised]:
    for name in SOURCES:
        for file in [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*")):
            if ".venv" in file.parts or file.suffix not in (".py", ".sh", ".yaml", ""):
                continue
            if file.is_file():
                place = str(file.relative_to(ROOT))
                text = file.read_text(encoding="utf-8")
                texts = _messages(text) if file.suffix == ".py" else _quoted(text)
                yield from (Advised(command, place) for each in texts for command in commands_in(each))


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path of each page and stack file, with its text."""
    for name in PAGES:
        for file in [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*")):
            if file.suffix in (".md", ".yaml", ".yml"):
                yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def _of_pages() -> Iterator[Advised]:
    for place, text in pages():
        if not place.startswith(NOT_ADVICE):
            yield from (Advised(command, place) for command in page_commands(place, text))


def page_commands(place: str, text: str) -> Iterator[str]:
    """Yield the commands in a page's backticks and code blocks, and in the comments of a YAML file."""
    found = re.findall(r"`([^`\n]+)`", text)
    found += [line for block in FENCE.findall(text) for line in block.splitlines()]
    if not place.endswith(".md"):
        found += re.findall(r"^#\s+(.*)$", text, re.MULTILINE)
    for each in found:
        yield from commands_in(each.split("  #")[0])


def _messages(source: str) -> Iterator[str]:
    """Yield the texts of a module that a user may read: no docstrings, except those of a command's verbs."""
    nodes = list(ast.walk(ast.parse(source)))
    helps = "typer" in source
    hidden: set[ast.AST] = set()
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            hidden.update(node.values)
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and not (helps and isinstance(node, ast.FunctionDef)):
                hidden.add(first.value)
    for node in nodes:
        match node:
            case ast.JoinedStr(values=values) if node not in hidden:
                yield _template(values)
            case ast.Constant(value=str(text)) if node not in hidden:
                yield text
            case ast.Call(func=ast.Attribute(ast.Name("shlex"), "join"), args=[ast.List(elts=words)]):
                yield " ".join(_template([word]) for word in words)


def _template(parts: Sequence[ast.expr]) -> str:
    """Return the constant parts as they are, with braces for computed ones."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)


def _quoted(text: str) -> list[str]:
    """Return the messages of a shell script, a Makefile or a YAML file: the texts between quotes or backticks."""
    return re.findall(r'"([^"\n]+)"', text) + re.findall(r"`([^`\n]+)`", text)


def commands_in(text: str) -> Iterator[str]:
    """Yield each command in a text, up to where it ends."""
    for start in START.finditer(text):
        quoted = text[: start.start()].endswith("`") and "``" not in text[max(0, start.start() - 2) : start.start()]
        line = text[start.start() :].split("`" if quoted else "\n")[0].split("\n")[0]
        line = re.split(r" \| | && |; | > ", line)[0]
        program, *rest = line.split()
        if _verb(rest) in VERBS[program]:
            yield " ".join([program, *_taken(rest, quoted=quoted)])
        elif quoted:
            yield line


def _verb(words: list[str]) -> str:
    """Return the first word that is neither a flag, nor the value of a short flag, nor a placeholder."""
    after = zip(["", *words], words, strict=False)
    plain = (word for before, word in after if before not in SHORT_WITH_VALUE and re.match(r"[a-z]", word))
    return next(plain, "").rstrip(".,:;`\\")


def _taken(words: list[str], *, quoted: bool) -> Iterator[str]:
    """Yield the words of a command; in a sentence it ends at the first word that may be prose."""
    for word in words:
        bare = word.rstrip(".,:;)`'\"\\")
        known = bare in WORDS or any(bare in verbs for verbs in VERBS.values())
        name = not re.fullmatch(r"[a-z][a-z'-]*", bare)
        if not (quoted or known or name):
            return
        yield bare
        if bare != word and not quoted:
            return
