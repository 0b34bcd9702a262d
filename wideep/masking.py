"""Masking of foreign text before it is shown: credentials are removed, and control characters are made visible."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["MASK", "holds_credential", "holds_token", "masked", "visible"]

MASK: Final = "[secret]"
HF_WORDS: Final = ("config", "hub_download", "overrides", "quant_config", "quantizer", "text_config", "transfer")
"""Names of Hugging Face's own files and libraries that look like a token: ``hf_transfer``, ``hf_quant_config.json``."""
HF_TOKEN: Final = re.compile(rf"hf_(?!(?:{'|'.join(HF_WORDS)})(?![A-Za-z0-9_-]))[A-Za-z0-9_-]{{6,}}")
"""A user's token, or a token of a signed-in application (``hf_oauth_…``, ``hf_jwt_…``)."""
_SHORTEST_REFUSED: Final = 12
"""Characters after ``hf_`` from which on a text is refused, not only masked, so that no identifier is mistaken."""
_CREDENTIALS: Final = (
    HF_TOKEN,
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),  # a JWT
    re.compile(r"\b(?:gh[opsur]_|github_pat_|glpat-|nvapi-)[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bAKIA[A-Z0-9]{16}\b"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
)
_CERTAIN: Final = (
    *_CREDENTIALS[1:-1],
    re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/?#\"'<>@:]*:[^\s/?#\"'<>@]+@"),
)
"""Patterns that match nothing but credentials; such text is refused, not only masked. ``sk-`` is left out because an
ordinary word may begin with it."""
_SCHEMES: Final = (
    re.compile(r"(?P<kept>\b(?i:bearer)\s+)[^\s\"',]{8,}"),
    # "Basic" followed by an ordinary word ("Basic authentication") is not a credential.
    re.compile(r"(?P<kept>\b(?i:basic)\s+)(?![A-Z]?[a-z-]+(?![A-Za-z0-9+/=_-]))[A-Za-z0-9+/=_-]{8,}"),
    re.compile(r"(?P<kept>\b[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/?#\"'<>]+(?=@)"),
)
"""Credentials that follow a word that identifies them: two HTTP authentication schemes, and the login in a URL."""
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that a terminal interprets or that reorder the text: controls, bidi and other format marks, lone
surrogates, line separators."""


def masked(text: str) -> str:
    """Return the text with everything masked that looks like a token, an HTTP credential, or the login of a URL."""
    for pattern in _SCHEMES:
        text = pattern.sub(rf"\g<kept>{MASK}", text)
    for pattern in _CREDENTIALS:
        text = pattern.sub(MASK, text)
    return text


def holds_token(text: str) -> bool:
    """Tell whether the text contains a Hugging Face token."""
    return any(len(found[0]) >= len("hf_") + _SHORTEST_REFUSED for found in HF_TOKEN.finditer(text))


def holds_credential(text: str) -> bool:
    """Tell whether the text contains a URL with user and password, a JWT, or a key of a known service."""
    return any(pattern.search(text) for pattern in _CERTAIN)


def visible(text: str) -> str:
    """Return the text with control characters and direction marks spelled out (``\\x1b``, ``\\u202e``); line feeds and
    tabs stay. JSON stays valid JSON, because characters below ``\\x20`` are already escaped in it."""
    return "\n".join(line if line.isprintable() else "".join(map(_shown, line)) for line in text.split("\n"))


def _shown(character: str) -> str:
    if character == "\t" or unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
