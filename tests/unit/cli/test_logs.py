"""`wideep logs`: lines of several pods as one stream."""

from __future__ import annotations

import pytest

from tests.support.live import Logs, pod
from wideep_cli.errors import CallError
from wideep_cli.logs.lines import pattern, written
from wideep_cli.logs.source import Source

STAMP = "2026-01-01T00:00:0"


def source(name: str) -> Source:
    """A container's log."""
    return Source(f"decode-{name}", pod(name, "decode"), "main")


CLUSTER = Logs(a=f"{STAMP}1Z first\n{STAMP}3Z \x1b[32mthird\x1b[0m\n", b=f"{STAMP}2Z second hf_{'Q' * 12}\n")


def test_lines_of_several_pods_come_in_the_order_in_which_they_were_written() -> None:
    lines, silent = written(CLUSTER, (source("a"), source("b")), 50, False, None)  # pyright: ignore[reportArgumentType]

    assert [(line.place, line.text) for line in lines] == [
        ("decode-a", "first"),
        ("decode-b", "second [secret]"),
        ("decode-a", "third"),
    ]
    assert silent == []


def test_grep_looks_at_neither_case_nor_colour() -> None:
    lines, _ = written(CLUSTER, (source("a"),), 50, False, pattern("^THIRD$"))  # pyright: ignore[reportArgumentType]

    assert [line.text for line in lines] == ["third"]


def test_a_pod_without_a_log_is_named() -> None:
    lines, silent = written(CLUSTER, (source("c"),), 50, False, None)  # pyright: ignore[reportArgumentType]

    assert (lines, silent) == ([], ["decode-c"])


def test_an_expression_that_is_none_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(CallError) as caught:
        pattern("[EPLB")

    assert r"--grep '\[EPLB'" in str(caught.value)
