"""String literals in the source of a module."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def strings(source: str) -> Iterator[str]:
    """Yield strings that are not docstrings, including the constant parts of f-strings."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value
