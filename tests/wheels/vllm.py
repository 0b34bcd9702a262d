"""Read the flags of vLLM's parser from its wheel, without importing it.

``EngineArgs.add_cli_args`` names the flags, and takes all else from the fields of the classes in ``vllm/config``
(``get_kwargs``). A flag of an object takes JSON, or a flag for each of its keys: ``--eplb-config.step_interval``.
"""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.wheels.definitions import Definition

__all__ = ["read_vllm_wheel"]

ARGS: Final = "vllm/engine/arg_utils.py"
CONFIG: Final = "vllm/config/"
OBJECTS: Final = ("--eplb-config", "--kv-transfer-config")
"""Flags whose keys are listed one by one."""
TEXT: Final = frozenset(
    {
        *("max_model_len", "max_num_batched_tokens", "max_num_scheduled_tokens", "kv_cache_memory_bytes"),
        *("safetensors_prefetch_block_size", "max_num_queued_tokens"),
    }
)
"""Numbers that may be written as 1k: text, as far as the plan looks."""


@dataclass
class _Sources:
    """Fields of each config class, and the names of types."""

    fields: dict[str, dict[str, ast.expr]] = field(default_factory=dict[str, dict[str, ast.expr]])
    aliases: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    bases: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self.bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
                own = (each for each in node.body if isinstance(each, ast.AnnAssign))
                self.fields[node.name] = {
                    each.target.id: each.annotation for each in own if isinstance(each.target, ast.Name)
                }
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.aliases[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self.aliases[node.target.id] = node.value

    def all_fields(self, name: str) -> dict[str, ast.expr]:
        inherited = (self.all_fields(base) for base in self.bases.get(name, []))
        return {key: value for each in inherited for key, value in each.items()} | self.fields.get(name, {})


def read_vllm_wheel(wheel: Path) -> tuple[Definition, ...]:
    """All flags of the wheel's parser, by name."""
    sources = _Sources()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(CONFIG) and name.endswith(".py"):
                sources.add(ast.parse(archive.read(name)))
        args = ast.parse(archive.read(ARGS))
    return _read(args, sources)


def _read(args: ast.Module, sources: _Sources) -> tuple[Definition, ...]:
    configs = {name: config for node in ast.walk(args) for name, config in _kwargs_of(node)}
    found: dict[str, Definition] = {}
    for node in ast.walk(args):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("add_argument"):
            for each in _definitions(node, configs, sources):
                found[each.names[0]] = each
    return tuple(found[name] for name in sorted(found))


def _kwargs_of(node: ast.AST) -> Iterator[tuple[str, str]]:
    """``model_kwargs = get_kwargs(ModelConfig)``: the variable, and the class."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        made = re.fullmatch(r"get_kwargs\((\w+)\)", ast.unparse(node.value))
        if made:
            yield node.targets[0].id, made[1]


def _definitions(call: ast.Call, configs: Mapping[str, str], sources: _Sources) -> Iterator[Definition]:
    names = tuple(str(arg.value) for arg in call.args if isinstance(arg, ast.Constant))
    if not names or not names[0].startswith("--"):
        return
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    key = re.search(r"(\w+)\['(\w+)'\]", ast.unparse(given[None])) if None in given else None
    if key is None or key[1] not in configs:
        kind = ast.unparse(given["action"]) if "action" in given else ""
        alone = "Boolean" in kind or "store_true" in kind
        sort = "-" if alone else ast.unparse(given["type"]) if "type" in given else "str"
        yield _named(names, sort if sort in ("-", "int", "float") else "str", negatable="Boolean" in kind)
        return
    hint = sources.all_fields(configs[key[1]]).get(key[2])
    sort = _sort(key[2], hint, sources) if hint else "str"
    yield _named(names, sort, negatable=sort == "-")
    if names[0] in OBJECTS and hint:
        config = next(word for word in re.findall(r"\w+", ast.unparse(hint)) if word in sources.fields)
        for name, below in sources.all_fields(config).items():
            kind = _sort(name, below, sources)
            yield Definition(
                (f"{names[0]}.{name}",), "str" if kind == "-" else kind.rstrip("+?"), None, deprecated=False
            )


def _named(names: tuple[str, ...], sort: str, *, negatable: bool) -> Definition:
    if negatable:
        names = (*names, f"--no-{names[0].removeprefix('--')}")
    return Definition(names, sort, None, deprecated=False)


def _sort(name: str, hint: ast.expr, sources: _Sources) -> str:
    """As ``_compute_kwargs`` finds it from the type."""
    words = set(re.findall(r"\w+", ast.unparse(hint)))
    while words & set(sources.aliases):
        alias = (words & set(sources.aliases)).pop()
        words = (words - {alias}) | set(re.findall(r"\w+", ast.unparse(sources.aliases[alias])))
    if words & set(sources.fields) or "dict" in words:
        return "str"
    if {"bool", "str"} <= words:
        return "str?"
    if "bool" in words:
        return "-"
    many = "+" if words & {"list", "tuple", "set"} else ""
    if "Literal" in words:
        numbers = all(word.isdecimal() for word in words - {"Literal", "None"})
        return f"{'int' if numbers else 'str'}{many}"
    for kind in ("str", "int", "float"):
        if kind in words:
            return f"{'str' if name in TEXT else kind}{many}"
    return f"str{many}"
