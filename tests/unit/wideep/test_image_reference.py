"""References of images."""

from __future__ import annotations

import pytest

from wideep.image_reference import ImageReference

DIGEST = "sha256:" + "5" * 64


@pytest.mark.parametrize(
    ("text", "registry", "name", "tag", "digest"),
    [
        ("python:3.12-slim", "docker.io", "python", "3.12-slim", None),
        ("lmsysorg/sglang", "docker.io", "lmsysorg/sglang", None, None),
        ("localhost/a:1", "localhost", "localhost/a", "1", None),
        ("localhost:5000/a", "localhost:5000", "localhost:5000/a", None, None),
        ("r.example.com:443/a/b:1", "r.example.com:443", "r.example.com:443/a/b", "1", None),
        (f"r.example.com/a:1@{DIGEST}", "r.example.com", "r.example.com/a", "1", DIGEST),
        (f"r.example.com/a@{DIGEST}", "r.example.com", "r.example.com/a", None, DIGEST),
    ],
)
def test_a_reference_in_its_parts(text: str, registry: str, name: str, tag: str | None, digest: str | None) -> None:
    assert ImageReference.parse(text) == ImageReference(registry, name, tag, digest)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("python", "library/python"),
        ("docker.io/python", "library/python"),
        ("a/b", "a/b"),
        ("r.example.com/b", "b"),
        ("localhost:5000/b", "b"),
    ],
)
def test_the_path_is_that_of_the_registrys_api(text: str, path: str) -> None:
    assert ImageReference.parse(text).path == path
