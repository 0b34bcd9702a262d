"""Foreign text in Markdown and on the terminal: it is shown, and neither ends its place nor is obeyed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.table import Table
from rich.text import Text

from ci.review.comment import LIMIT, Review, comment
from ci.review.events import Message, Op, Preview, Step, Violation
from tests.conftest import ROOT
from tests.support.examples import examples
from wideep_cli import console as terminal
from wideep_cli.markdown import code, details, fenced, listed, table
from wideep_cli.screen import Screen

MARK = "FOREIGN"
PIECES = st.sampled_from(
    [
        MARK,
        "`",
        "``",
        "```",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "<!--",
        "-->",
        "</summary></details>",
        "# ",
        "## x",
        "@team",
        "|",
        "\\",
        "[a](http://evil.example)",
        "![x](y)",
        "~~~",
        "    ",
        "> ",
        "- ",
        "***",
        "<b>",
        "&lt;",
        "\x1b[2J",
        "\u202e",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=4), min_size=1, max_size=12).map(lambda parts: MARK + "".join(parts) + MARK)
CODE = ("code_inline", "fence")


def tokens(markdown: str) -> list[Token]:
    """Every node of the document, inline ones too."""
    flat: list[Token] = []
    for block in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown):
        flat += [block, *(block.children or [])] if block.type != "inline" else block.children or []
    return flat


def outside_of_code(markdown: str) -> str:
    """All that is read as Markdown, and not as code."""
    return "".join(f"{each.content}{each.attrs}" for each in tokens(markdown) if each.type not in CODE)


@examples(200)
@given(TEXTS)
def test_no_node_but_code_holds_foreign_text(text: str) -> None:
    page = "\n".join(
        [
            "## A heading",
            "",
            f"- first {code(text)}",
            f"- {code(text)}: more",
            "",
            f"> Not checked: {code(text)}",
            "",
            table(["", "before"], [[code(text), code(text)], ["a", code(text)]]),
            "",
            details("because", "\n".join(listed([code(text)] * 3))),
            "",
            details("Diff", fenced(text, "diff")),
            "",
            fenced(text),
            "",
            "## The end",
        ]
    )
    assert MARK not in outside_of_code(page)
    assert [each.content for each in tokens(page) if each.type == "text"][-1] == "The end"


HOSTILE = f"{MARK}`</summary></details>\n\n<!-- --> @acme/security\n```\n## {MARK} ✅ Preview\n<!--"


def hostile(length: int = 0) -> Review:
    """A review of which each foreign part is hostile, and as long as one likes."""
    text = HOSTILE + "x`" * length
    steps = tuple(
        Step(Op.REPLACE, (text, str(n)), text, False, {"a": text}, {"b": text}, (text,), (text,)) for n in range(50)
    )
    violations = tuple(Violation(text, True, f"{n}{text}") for n in range(50))
    preview = Preview(steps, (Message("error", text),), violations, True)
    return Review("prod", None, None, text, preview, (text,) * 3)


def test_nothing_in_a_comment_leaves_its_place() -> None:
    text = comment(hostile())
    assert MARK not in outside_of_code(text.partition("\n")[2])


def test_a_comment_is_never_longer_than_a_forge_takes() -> None:
    assert len(comment(hostile(100_000))) <= LIMIT + 2000


CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F))]


@pytest.mark.parametrize("character", [each for each in CONTROLS if each not in "\n\t"])
def test_no_control_character_reaches_the_terminal(character: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"a{character}]52;c;b"
    grid = Table.grid()
    grid.add_row(Text(text))

    terminal.answer(text)
    terminal.answer(grid)
    terminal.answer(Text(text))
    terminal.say(text)

    written = capsys.readouterr()
    assert character not in written.out
    assert character not in written.err


def test_the_sequences_of_rich_itself_still_reach_a_terminal() -> None:
    to = io.StringIO()
    Screen(file=to, force_terminal=True, color_system="standard").print(Text("\x1b]0;x", style="red"))
    assert "\x1b[31m" in to.getvalue()
    assert "\x1b]0" not in to.getvalue()


def test_scripts_leave_the_fences_to_python() -> None:
    for name in ("ci/live.sh", "ci/comment.sh", "scripts/plan.sh"):
        assert "```" not in (Path(ROOT) / name).read_text()
