"""Read the flags of SGLang's parser from its wheel, without importing it: it needs a GPU's libraries.

Up to 0.5.11 they are calls of ``add_argument`` in ``server_args.py``. From 0.5.14 on most are annotated fields
(``name: A[type, Arg(…)]``), in 0.5.21 those of ``arg_groups/fields``; ``arg_groups/arg_utils.py`` makes flags of them.
"""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Definition", "read_wheel"]

FOLDER: Final = "sglang/srt/"
SORTS: Final = {"int": "int", "float": "float"}
"""Any other parser of a value takes text, as far as the plan looks: JSON, ``32k``, a list with commas."""
ALONE: Final = {"store_true", "store_false", "DeprecatedAction", "DeprecatedStoreTrueAction"}
ALONE_TOO: Final = {"DeprecatedStoreConstAction", "argparse.BooleanOptionalAction"}
VALUED: Final = {"DeprecatedAliasStoreAction", "LoRAPathAction", "store"}


@dataclass(frozen=True)
class Definition:
    """One flag as the engine's parser has it."""

    names: tuple[str, ...]
    sort: str
    """``-``: given alone. Else int, float or str, and how many values (``?``, ``*``, ``+``) where not one."""
    choices: tuple[object, ...] | None
    """None: any, or a list that is made only when the engine runs."""
    deprecated: bool
    """It warns; what it did is done by another flag or by none."""


def read_wheel(wheel: Path) -> tuple[Definition, ...]:
    """All flags of the wheel's parser, by name. ValueError: a form of definition that is not known here."""
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(
            name
            for name in archive.namelist()
            if name in (f"{FOLDER}server_args.py", f"{FOLDER}arg_groups/choices.py")
            or (name.startswith(f"{FOLDER}arg_groups/fields/") and name.endswith(".py"))
        )
        trees = [ast.parse(archive.read(name)) for name in names]
    constants = {key: value for tree in trees for key, value in _constants(tree).items()}
    found = {each.names[0]: each for tree in trees for each in _definitions(tree, constants)}
    return tuple(found[name] for name in sorted(found))


def _constants(tree: ast.Module) -> Mapping[str, object]:
    """Lists of words at the head of the module, which choices are named by."""
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _literal(node.value, found)
            if value is not None:
                found[node.targets[0].id] = value
    return found


def _definitions(tree: ast.Module, constants: Mapping[str, object]) -> Iterator[Definition]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            names = tuple(str(_literal(arg, constants)) for arg in node.args if isinstance(arg, ast.Constant))
            if names and names[0].startswith("-"):
                yield _of_call(names, node, constants)
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    yield from _of_field(field.target.id, field.annotation, constants)


def _of_call(names: tuple[str, ...], call: ast.Call, constants: Mapping[str, object]) -> Definition:
    given = {keyword.arg or "": keyword.value for keyword in call.keywords}
    sort = _text(given["type"]) if "type" in given else "str"
    return _definition(names, SORTS.get(sort, "str"), given, constants)


def _of_field(name: str, annotation: ast.expr, constants: Mapping[str, object]) -> Iterator[Definition]:
    """A flag of ``name: A[type, "help"]`` or ``name: A[type, Arg(…)]``."""
    if not (isinstance(annotation, ast.Subscript) and _text(annotation.value) in ("A", "Annotated")):
        return
    assert isinstance(annotation.slice, ast.Tuple), ast.dump(annotation)
    kind, meta = annotation.slice.elts[0], annotation.slice.elts[1]
    calls = isinstance(meta, ast.Call) and _text(meta.func) == "Arg"
    given = (
        {keyword.arg or "": keyword.value for keyword in meta.keywords} if isinstance(meta, ast.Call) and calls else {}
    )
    if "no_cli" in given:
        return
    first = _literal(given["cli_name"], constants) if "cli_name" in given else f"--{name.replace('_', '-')}"
    others = _literal(given["aliases"], constants) if "aliases" in given else []
    assert isinstance(first, str)
    assert isinstance(others, list)
    if not first.startswith("-"):
        return
    names = (first, *map(str, others))
    sort, many, choices = _kind(kind, constants)
    if sort == "bool" and "action" not in given:
        yield Definition(names, "-", None, deprecated=False)
        return
    if "type_parser" in given:
        sort, many = _text(given["type_parser"]), ""
    if many and "nargs" not in given:
        given["nargs"] = ast.Constant(many)
    found = _definition(names, SORTS.get(sort, "str"), given, constants)
    yield Definition(found.names, found.sort, found.choices or choices, found.deprecated)


def _kind(node: ast.expr, constants: Mapping[str, object]) -> tuple[str, str, tuple[object, ...] | None]:
    """Sort, number of values and choices of a field's type."""
    if isinstance(node, ast.BinOp):  # T | None
        return _kind(node.left, constants)
    if not isinstance(node, ast.Subscript):
        return _text(node), "", None
    outer = _text(node.value)
    if outer == "Optional":
        return _kind(node.slice, constants)
    if outer in ("List", "list"):
        return _kind(node.slice, constants)[0], "+", None
    if outer == "Literal":
        values = _literal(node.slice, constants)
        words = tuple(values) if isinstance(values, list | tuple) else (values,)
        return type(words[0]).__name__, "", words
    return "str", "", None


def _definition(
    names: tuple[str, ...], sort: str, given: Mapping[str, ast.expr], constants: Mapping[str, object]
) -> Definition:
    action = _text(given["action"]).strip("'\"") if "action" in given else "store"
    if action not in ALONE | ALONE_TOO | VALUED:
        raise ValueError(f"{names[0]}: {action} is no action that is known here")
    if action == "argparse.BooleanOptionalAction":
        names = (*names, f"--no-{names[0].removeprefix('--')}")
    if action in ALONE | ALONE_TOO:
        return Definition(names, "-", None, action.startswith("Deprecated"))
    default = "*" if action == "LoRAPathAction" else ""
    many = _literal(given["nargs"], constants) if "nargs" in given else default
    choices = _literal(given["choices"], constants) if "choices" in given else None
    named = tuple(choices) if isinstance(choices, list | tuple) else None
    return Definition(names, f"{sort}{many}", named, action.startswith("Deprecated"))


def _text(node: ast.expr) -> str:
    return ast.unparse(node)


def _literal(node: ast.expr, constants: Mapping[str, object]) -> object:
    """The value of a literal, of a name of ``constants`` or of a sum of lists. None: it is known only at run time."""
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left, constants), _literal(node.right, constants)
        return [*left, *right] if isinstance(left, list) and isinstance(right, list) else None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None
