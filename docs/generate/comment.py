"""Draws the README's picture of the comment on a pull request as GitHub shows it, for light and dark mode.

The comment is the one that ``tests/sim/test_pull_request.py`` compares with what CI posts.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

__all__ = ["pages"]

ROOT: Final = Path(__file__).parents[2]
FIGURE: Final = ROOT / "docs" / "figures" / "pull-request.svg"
COMMENT: Final = ROOT / "tests" / "sim" / "expected" / "pull-request.md"
WIDTH: Final = 860
LETTERS: Final = 105
"""Letters per line. A line is 21 pixels high; each block and each table row has some space around it."""
LINE, BLOCK, ROW, CHROME = 21, 16, 34, 90
STYLE: Final = """
.page { --page: #ffffff; --text: #1f2328; --soft: #59636e; --line: #d1d9e0; --bar: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  .page { --page: #0d1117; --text: #f0f6fc; --soft: #9198a1; --line: #3d444d; --bar: #151b23; } }
.page { font: 14px/1.5 -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif; color: var(--text);
  background: var(--page); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.bar { background: var(--bar); color: var(--soft); border-bottom: 1px solid var(--line); padding: 8px 16px; }
.bar b { color: var(--text); } .bar span { border: 1px solid var(--line); border-radius: 2em; padding: 0 7px;
  font-size: 12px; }
.body { padding: 0 16px; } p, table, ul, blockquote, details { margin: 0 0 16px; } ul { padding-left: 2em; }
h2 { font-size: 21px; line-height: 1.25; padding-bottom: .3em; border-bottom: 1px solid var(--line); margin: 16px 0; }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: 6px 13px; font-weight: 400; }
th { font-weight: 600; text-align: left; } tr:nth-child(2n) td { background: var(--bar); }
code { background: var(--bar); border-radius: 6px; padding: .2em .4em; font: 85% ui-monospace, monospace; }
blockquote { color: var(--soft); border-left: .25em solid var(--line); padding: 0 1em; } blockquote p { margin: 0; }
""".strip()


def pages() -> dict[Path, str]:
    """Return the picture."""
    text = re.sub(r"<!--.*?-->", "", COMMENT.read_text(encoding="utf-8")).strip()
    closed = re.sub(r"(<details><summary>.*?</summary>).*?</details>", r"\1</details>", text, flags=re.DOTALL)
    body = MarkdownIt("commonmark", {"xhtmlOut": True}).enable("table").render(closed).strip()
    height = _height(closed)
    return {
        FIGURE: f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}">\n<title>The comment on a pull request</title>\n<style>{STYLE}</style>\n'
        f'<foreignObject width="{WIDTH}" height="{height}">\n<div xmlns="http://www.w3.org/1999/xhtml" class="page">\n'
        '<div class="bar"><b>github-actions</b> commented <span>bot</span></div>\n'
        f'<div class="body">\n{body}\n</div>\n</div>\n</foreignObject>\n</svg>\n'
    }


def _height(markdown: str) -> int:
    """Return the height of the comment in pixels; an estimate that must not cut anything off."""
    rows = [line for line in markdown.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    lines = [line for line in markdown.splitlines() if line and not line.startswith("|")]
    blocks = len(re.findall(r"\n\n", markdown)) + 1
    return CHROME + len(rows) * ROW + sum(math.ceil(len(line) / LETTERS) for line in lines) * LINE + blocks * BLOCK
