"""Secrets in a stack config: those with a key of their own, and all others, which are refused.

Pulumi stores a value that was set with ``--secret`` as ``{secure: …}`` in the stack's file, and passes it to the
program in clear text. Only the known ones become secrets again; any other would be in clear text in graph, release,
state and diffs.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, cast

from wideep.errors import Problem
from wideep.masking import MASK, holds_credential, holds_token
from wideep.settings.formatting import join_path

__all__ = [
    "CREDENTIAL",
    "KNOWN_SECRETS",
    "MISPLACED",
    "below",
    "is_secure",
    "secret_paths",
    "secret_problems",
    "with_secrets",
]

Path = tuple[str, ...]

SECURE: Final = "secure"
KNOWN_SECRETS: Final[tuple[Path, ...]] = (("hfToken",), ("image", "registry", "password"))
"""Values that become a Secret of the cluster, and appear nowhere else."""
IN_CLEAR: Final = "is marked as a secret, and this key's value is in clear text in the graph, the state and diffs"
MISPLACED: Final = "holds a Hugging Face token, which only hfToken keeps secret"
CREDENTIAL: Final = "looks like a credential, and this key's value is in clear text in the graph, the state and diffs"
MOVE_IT: Final = "remove it and revoke that token, then pulumi config set --secret hfToken hf_…"
ENV_FROM: Final = "make a Secret of the namespace with that key, and set workers.envFrom: [SECRET]"
CHART: Final = "make a Secret, and write the chart's value that names it (existingSecretName, …)"


def is_secure(value: object) -> bool:
    """Tell whether a value is what Pulumi writes in place of a secret."""
    return isinstance(value, Mapping) and set(cast("Mapping[object, object]", value)) == {SECURE}


def secret_paths(value: object, here: Path = ()) -> Iterator[Path]:
    """Yield the path of each secret in a value."""
    if is_secure(value):
        yield here
        return
    for key, inner in _items(value):
        yield from secret_paths(inner, (*here, key))


def secret_problems(config: Mapping[str, object]) -> list[Problem]:
    """Return a problem for each value that is marked as a secret but cannot be kept as one, and for each token or
    credential in a key that is not secret."""
    marked = [path for path in secret_paths(config) if path not in KNOWN_SECRETS]
    problems = [Problem(join_path(path), MASK, IN_CLEAR, _fix(path)) for path in marked]
    tokens = dict.fromkeys(path for path in _holding(holds_token, config) if path not in KNOWN_SECRETS)
    others = dict.fromkeys(path for path in _holding(holds_credential, config) if path not in (*KNOWN_SECRETS, *tokens))
    return [
        *problems,
        *(Problem(join_path(path), MASK, MISPLACED, MOVE_IT) for path in tokens),
        *(Problem(join_path(path), MASK, CREDENTIAL, _instead(path)) for path in others),
    ]


def with_secrets(value: object, paths: Iterable[Path]) -> object:
    """Return the value with ``{secure: …}`` at these paths, as in the stack's file. If a path does not exist, the
    object above it becomes a secret as a whole."""
    for path in paths:
        value = _replaced(value, path)
    return value


def below(key: str, secrets: Iterable[str]) -> bool:
    """Tell whether a dotted key is one of the secrets, or a part of one."""
    return any(key == secret or key.startswith(f"{secret}.") for secret in secrets)


def _replaced(value: object, path: Path) -> object:
    hidden: object = {SECURE: ""}
    if not path:
        return hidden
    first, *rest = path
    if isinstance(value, list):
        items = cast("list[object]", value)
        if not first.isdigit() or int(first) >= len(items):
            return hidden
        return [_replaced(each, tuple(rest)) if number == int(first) else each for number, each in enumerate(items)]
    if not isinstance(value, dict) or first not in value:
        return hidden
    written = cast("dict[str, object]", value)
    return {**written, first: _replaced(written[first], tuple(rest))}


def _holding(held: Callable[[str], bool], value: object, here: Path = ()) -> Iterator[Path]:
    """Yield the path of each text or key for which ``held`` is true."""
    if isinstance(value, str) and held(value):
        yield here
    if is_secure(value):
        return
    for key, inner in _items(value):
        if held(key):
            yield (*here, key)
        yield from _holding(held, inner, (*here, key))


def _items(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        return ((str(key), inner) for key, inner in cast("Mapping[object, object]", value).items())
    if isinstance(value, list):
        return ((str(number), inner) for number, inner in enumerate(cast("list[object]", value)))
    return ()


def _is_env(path: Path) -> bool:
    return path[:2] == ("workers", "env") or (path[0] == "layout" and path[2:3] == ("env",))


def _instead(path: Path) -> str:
    """Return what to do with a credential that stands in clear text."""
    if path[0] == "image":
        return "remove it, and set image.registry: {username, password}"
    if path[:2] == ("platform", "values"):
        return f"remove it: {CHART}"
    return f"remove it: {ENV_FROM}" if _is_env(path) else "remove it: an address without a login, a value without a key"


def _fix(path: Path) -> str:
    """Return what to do with a value that is marked as a secret; the second line, where there is one, removes the
    marked value."""
    if _is_env(path):
        return f"{ENV_FROM}\nthen pulumi config rm --path {shlex.quote(join_path(path))}"
    if path[:2] == ("platform", "values"):
        return f"{CHART}\nthen pulumi config rm --path {shlex.quote(join_path(path))}"
    where = f"--path {shlex.quote(join_path(path))}" if len(path) > 1 else shlex.quote(join_path(path))
    return f"if it is none: pulumi config set --plaintext {where} VALUE"
