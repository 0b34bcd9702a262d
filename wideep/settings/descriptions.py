"""Descriptions of the settings' fields, read from the docstring below each field, for messages and documentation.

pydantic can keep them with the fields (``use_attribute_docstrings``), but then reads every model's source at import,
which takes a third of the time that the settings need to load.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise

from pydantic import BaseModel

__all__ = ["descriptions"]


@functools.cache
def descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the docstring of each field, inherited ones included, by the field's Python name."""
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, BaseModel) and part is not BaseModel:
            found |= _of_source(textwrap.dedent(inspect.getsource(part)))
    return found


def _of_source(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for statement, after in pairwise(node for each in ast.parse(source).body for node in getattr(each, "body", [])):
        match statement, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found
