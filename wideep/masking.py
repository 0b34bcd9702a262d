"""Foreign text as it may be shown: without what looks like a credential, and with control characters made visible."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["MASK", "holds_credential", "holds_token", "masked", "visible"]

MASK: Final = "[secret]"
HF_WORDS: Final = ("config", "hub_download", "overrides", "quant_config", "quantizer", "text_config", "transfer")
"""Names of Hugging Face's own files and libraries that look like a token: ``hf_transfer``, ``hf_quant_config.json``."""
HF_TOKEN: Final = re.compile(rf"hf_(?!(?:{'|'.join(HF_WORDS)})(?![A-Za-z0-9_-]))[A-Za-z0-9_-]{{6,}}")
"""A user token, or one of a signed-in program (``hf_oauth_…``, ``hf_jwt_…``)."""
_SHORTEST_REFUSED: Final = 12
"""Characters after ``hf_`` from which on a text is refused, and not only masked: no identifier is taken for a token."""
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
"""Those that nothing else looks like, which are refused and not only masked: a word may begin with ``sk-``."""
_SCHEMES: Final = (
    re.compile(r"(?P<kept>\b(?i:bearer)\s+)[^\s\"',]{8,}"),
    # An ordinary word after it ("Basic authentication") is no credential.
    re.compile(r"(?P<kept>\b(?i:basic)\s+)(?![A-Z]?[a-z-]+(?![A-Za-z0-9+/=_-]))[A-Za-z0-9+/=_-]{8,}"),
    re.compile(r"(?P<kept>\b[A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/?#\"'<>]+(?=@)"),
)
"""Credentials after a word that says what they are: two HTTP schemes, and the login of a URL."""
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that a terminal acts on or that reorder what is read: controls, bidi and other format marks,
lone surrogates, line separators."""


def masked(text: str) -> str:
    """The text without what looks like a token, a credential of HTTP, or the login of a URL."""
    for pattern in _SCHEMES:
        text = pattern.sub(rf"\g<kept>{MASK}", text)
    for pattern in _CREDENTIALS:
        text = pattern.sub(MASK, text)
    return text


def holds_token(text: str) -> bool:
    """Whether a Hugging Face token stands somewhere in the text."""
    return any(len(found[0]) >= len("hf_") + _SHORTEST_REFUSED for found in HF_TOKEN.finditer(text))


def holds_credential(text: str) -> bool:
    """Whether a user and password in a URL, a JWT, or a key of a known service stands somewhere in the text."""
    return any(pattern.search(text) for pattern in _CERTAIN)


def visible(text: str) -> str:
    """The text with control characters and marks of direction spelled out (``\\x1b``, ``\\u202e``); line feeds and
    tabs stay. Inside JSON the result is JSON: there all below ``\\x20`` is escaped already."""
    return "\n".join(line if line.isprintable() else "".join(map(_shown, line)) for line in text.split("\n"))


def _shown(character: str) -> str:
    if character == "\t" or unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
