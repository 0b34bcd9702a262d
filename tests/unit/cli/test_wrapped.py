"""What the command says on stderr, at the width of a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from wideep.errors import ConfigError, Problem
from wideep_cli.wrapped import wrapped

STACK = "config:\n  dynamo-wideep:layout: wide-31gpu\n  dynamo-wideep:nodes: 4\n"


def said(file: Path, columns: int, stderr_is_a_terminal: bool = True) -> list[str]:
    """What ``wideep plan --file FILE`` writes to stderr."""
    command = [sys.executable, "-m", "wideep_cli.main", "plan", "--file", file.name]
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    if not stderr_is_a_terminal:
        piped = subprocess.run(command, check=False, cwd=file.parent, env=env, capture_output=True, text=True)
        return piped.stderr.splitlines()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(command, cwd=file.parent, env=env, stdout=subprocess.DEVNULL, stderr=theirs):
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return text.decode().splitlines()


def test_mistakes_are_as_wide_as_the_terminal_and_whole_in_a_pipe(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(STACK, encoding="utf-8")

    whole, narrow, wide = said(file, 80, stderr_is_a_terminal=False), said(file, 60), said(file, 200)

    assert max(map(len, whole)) > 80
    assert max(map(len, narrow)) <= 60
    assert [" ".join(lines).split() for lines in (narrow, wide)] == [" ".join(whole).split()] * 2
    assert len(narrow) > len(whole) >= len(wide) - 2


def test_a_rule_and_a_fix_go_on_two_columns_further_in() -> None:
    error = ConfigError([Problem("layout.decode.tp", "3", "the rule " * 5, "write this " * 5)])

    assert wrapped(str(error), 40).splitlines() == [
        "The stack config has a mistake:",
        "  layout.decode.tp: 3",
        "      the rule the rule the rule the",
        "        rule the rule",
        "      write this write this write this",
        "        write this write this",
    ]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("  then: {}, or hfTokenSecret: the name of a Secret", "pulumi config set --secret hfToken hf_…"),
        ("  {}", """pulumi config set --path 'layout' '{"decode": {"tp": 1}, "prefill": {"tp": 2}}'"""),
        ("  Run {} or name a file with --file.", "`pulumi stack init NAME --secrets-provider passphrase`"),
        ("  what is wrong with it can be seen in the events: {}; restart it", "kubectl -n a describe pod x-0"),
        ("  where it is allowed: {}", "HF_TOKEN=hf_… wideep doctor --stack production"),
    ],
)
def test_a_command_is_never_broken(line: str, command: str) -> None:
    rows = wrapped(line.format(command), 40).splitlines()

    assert [row for row in rows if command in row]
    assert " ".join(row.strip() for row in rows) == line.format(command).strip()
    assert len(rows) > 1 or line == "  {}"


@pytest.mark.parametrize("line", ["", " " * 90, "x" * 90, "short"])
def test_what_has_nothing_to_break_stays(line: str) -> None:
    assert wrapped(line, 40).strip() == line.strip()
