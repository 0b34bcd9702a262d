"""Read the flags of Dynamo's own workers from its wheel, beside which the engine's parser takes the rest.

Up to 0.9 those for SGLang are rows of a table in ``dynamo/sglang/args.py``; from 1.0 on calls of helpers in
``dynamo/ENGINE/backend_args.py`` and of the groups that the engines share.
"""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.wheels.definitions import Definition

__all__ = ["RELEASES", "TRTLLM_RELEASES", "VLLM_RELEASES", "read_dynamo_wheel"]

RELEASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "0.5.3.post2": "0.6.0",
        "0.5.4.post3": "0.7.1",
        "0.5.6.post2": "0.8.1",
        "0.5.8": "0.9.1",
        "0.5.9": "1.0.2",
        "0.5.10.post1": "1.1.1",
        "0.5.11": "1.2.1",
        "0.5.14": "1.3.1",
        "0.5.16": "1.4.2",
        "0.5.18": "1.5.1",
        "0.5.21": "1.6.1",
    }
)
"""The release of Dynamo that pairs with each SGLang, by the extras of its wheel."""
VLLM_RELEASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "0.16.0": "1.0.2",
        "0.19.0": "1.1.1",
        "0.20.1": "1.2.1",
        "0.23.0": "1.3.1",
        "0.26.0": "1.4.2",
        "0.28.0": "1.5.1",
        "0.31.0": "1.6.1",
    }
)
"""The same of each vLLM."""
TRTLLM_RELEASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.1.0rc5": "0.6.0",
        "1.2.0rc3": "0.7.1",
        "1.2.0rc6.post1": "0.8.1",
        "1.3.0rc3": "0.9.1",
        "1.3.0rc5.post1": "1.0.2",
        "1.3.0rc11": "1.1.1",
        "1.3.0rc14": "1.2.1",
        "1.3.0rc19": "1.3.1",
        "1.3.0rc22": "1.4.2",
        "1.3.0rc25": "1.5.1",
        "1.3.0rc29": "1.6.1",
    }
)
"""The same of each TensorRT-LLM, whose own options are no flags: a YAML file has them."""
GROUPS: Final = "dynamo/common/configuration/groups/"
FILES: Final = (
    "dynamo/{engine}/args.py",
    "dynamo/{engine}/backend_args.py",
    "dynamo/{engine}/utils/{engine}_utils.py",  # of TensorRT-LLM's worker, up to 0.9
    f"{GROUPS}runtime_args.py",
    f"{GROUPS}frontend_decoding_args.py",
)
ALONE: Final = {"store_true", "version"}
NEGATABLE: Final = "argparse.BooleanOptionalAction"


def read_dynamo_wheel(wheel: Path, engine: str = "sglang") -> tuple[Definition, ...]:
    """The flags of the worker that starts an engine, by name, without those that argparse has itself."""
    found: dict[str, Definition] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in {each.format(engine=engine) for each in FILES} & set(archive.namelist()):
            for each in _definitions(ast.parse(archive.read(name))):
                found[each.names[0]] = each
    help_flag = Definition(("--help", "-h"), "-", None, deprecated=False)
    return (help_flag, *(found[name] for name in sorted(found)))


def _definitions(tree: ast.Module) -> Iterator[Definition]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            row = {
                ast.literal_eval(key): value for key, value in zip(node.keys, node.values, strict=True) if _is_text(key)
            }
            if "flags" in row:
                yield _definition(tuple(ast.literal_eval(row["flags"])), row, "type")
        elif isinstance(node, ast.Call):
            yield from _of_call(node)


def _of_call(call: ast.Call) -> Iterator[Definition]:
    called = ast.unparse(call.func).rsplit(".", 1)[-1]
    given = {keyword.arg or "": keyword.value for keyword in call.keywords}
    if called in ("add_argument", "add_negatable_bool_argument") and _is_text(given.get("flag_name")):
        names = (ast.literal_eval(given["flag_name"]),)
        if "obsolete_flag" in given:
            names = (*names, ast.literal_eval(given["obsolete_flag"]))
        if called == "add_argument":
            yield _definition(names, given, "arg_type")
        else:
            yield Definition((*names, f"--no-{names[0].removeprefix('--')}"), "-", None, deprecated=False)
    elif called == "add_argument" and call.args and all(map(_is_text, call.args)):
        yield _definition(tuple(map(ast.literal_eval, call.args)), given, "type")
    elif called == "add_config_dump_args":
        yield Definition(("--dump-config-to",), "str", None, deprecated=False)


def _definition(names: tuple[str, ...], given: Mapping[str, ast.expr], type_key: str) -> Definition:
    action = ast.unparse(given["action"]).strip("'") if "action" in given else None
    if action == NEGATABLE:
        names = (*names, f"--no-{names[0].removeprefix('--')}")
    if action in ALONE | {NEGATABLE}:
        return Definition(names, "-", None, deprecated=False)
    kind = ast.unparse(given[type_key]) if type_key in given else "str"
    many = ast.literal_eval(given["nargs"]) if "nargs" in given else ""
    return Definition(names, f"{kind if kind in ('int', 'float') else 'str'}{many}", None, deprecated=False)


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
