"""The grammars of texts in the stack config: which characters each kind of name, path and address may contain.

A text ends up in a shell line, a URL, a node's path or a manifest, so that every text has the grammar of its kind. The
patterns are for Rust's regex crate: ``$`` is the end of the text, and there is no look-ahead.
"""

from __future__ import annotations

from typing import Annotated, Final, get_args

from pydantic import StringConstraints

__all__ = [
    "REPOSITORY",
    "TAG",
    "AbsolutePath",
    "BuildCache",
    "BuildPlatform",
    "BuilderName",
    "ChartAddress",
    "GitRef",
    "ImageReference",
    "LabelKey",
    "LabelValue",
    "ObjectName",
    "PlainText",
    "RelativePath",
    "ResourceName",
    "Version",
    "pattern_of",
]

_SEGMENT: Final = r"[A-Za-z0-9_][A-Za-z0-9_+-]*(?:\.[A-Za-z0-9_+-]+)*"
"""One part of a path: no leading dot and no two dots in a row, so that no part leads upwards."""
_PART: Final = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
REPOSITORY: Final = rf"(?:[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*"
TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
"""The grammar of image references (distribution/reference): no upper case in a repository, no empty part."""

ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
"""The name of most Kubernetes objects (a DNS subdomain, RFC 1123)."""
LabelKey = Annotated[str, StringConstraints(pattern=r"^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9][-A-Za-z0-9_.]*$")]
"""The key of a label, annotation or taint."""
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
"""The value of a label or taint."""
ResourceName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][-a-z0-9.]*/[A-Za-z0-9][-A-Za-z0-9_.]*$", max_length=253)
]
"""An extended resource of a device plugin: ``rdma/ib``, ``vpc.amazonaws.com/efa``."""
RelativePath = Annotated[str, StringConstraints(pattern=rf"^{_SEGMENT}(?:/{_SEGMENT})*$", max_length=200)]
"""A path below a folder, which it cannot leave."""
AbsolutePath = Annotated[str, StringConstraints(pattern=rf"^(?:/{_SEGMENT})+$", max_length=200)]
"""A path from the root, without ``..``."""
GitRef = RelativePath
"""A tag, branch or commit."""
Version = Annotated[
    str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*)*$", max_length=64)
]
"""A release (semver.org)."""
ImageReference = Annotated[
    str, StringConstraints(pattern=rf"^{REPOSITORY}(?::{TAG})?(?:@sha256:[0-9a-f]{{64}})?$", max_length=500)
]
"""``registry/name:tag``, ``registry/name@sha256:…``."""
ChartAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:(?:(?:https|oci)://[A-Za-z0-9.-]+|http://(?:127\.0\.0\.1|localhost))"
        r"(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%+-]+)*/?|[A-Za-z0-9._~/ +-]+)$",
        max_length=500,
    ),
]
"""A Helm repository over https (http on the local machine only), an ``oci://`` registry, or a local folder."""
BuilderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)]
"""The name of a buildx builder."""
BuildPlatform = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?$", max_length=64)]
"""``linux/amd64``, ``linux/arm64/v8``."""
BuildCache = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.,=:/@%+-]+$", max_length=500)]
"""``type=registry,ref=registry.example.com/cache``."""
PlainText = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]*$")
]
"""Any text without control characters and without marks of text direction."""


def pattern_of(grammar: object) -> str:
    """Return the regular expression of one of these grammars."""
    return next(str(each.pattern) for each in get_args(grammar) if isinstance(each, StringConstraints))
