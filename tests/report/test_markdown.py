"""The report as Markdown, read by an independent CommonMark parser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import hypothesis.strategies as st
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tearless import Report
from tearless.core import visible
from tearless.report.markdown import inert, table

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MARKUP = st.text(alphabet="a1 |`*_[]()<>#+-.!~:&;$=\\@/\n\x1b\"'", max_size=25)


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def shown(text: str) -> str:
    """What a reader sees of inline Markdown, without the marks that only set it as code."""
    kept = [t for t in tokens(text) if t.type in ("text", "code_inline", "text_special", "softbreak")]
    said = "".join(t.content for t in kept)
    return said.replace("\u200b", "")


@settings(max_examples=300, deadline=None)
@given(MARKUP)
def test_inert_text_renders_as_itself(text: str) -> None:
    def words(said: str) -> list[str]:
        return said.replace("`", "").split()

    assert words(shown(inert(text))) == words(visible(text))


@settings(max_examples=300, deadline=None)
@given(MARKUP)
def test_inert_text_holds_no_markup(text: str) -> None:
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "code_inline", "html_inline"}
    for token in tokens(inert(text)):
        assert token.type in allowed
        assert token.type != "html_inline" or token.content in ("<code>", "</code>")


@settings(max_examples=200, deadline=None)
@given(MARKUP, MARKUP)
def test_a_cell_stays_one_cell(left: str, right: str) -> None:
    cells = [[inert(left, in_table=True), inert(right, in_table=True)]]
    opened = [t.type for t in tokens(table(["a", "b"], cells))]
    assert opened.count("td_open") == 2
    assert not {"link_open", "image", "em_open", "strong_open", "s_open"} & set(opened)


def test_a_hostile_report_holds_nothing_foreign(hostile: Report) -> None:
    text = hostile.to_markdown()
    html = {t.content for t in tokens(text) if t.type in ("html_inline", "html_block")}
    assert html <= {"<code>", "</code>"}
    assert not [t for t in tokens(text) if t.type in ("link_open", "image")]
    heads = [t for t in tokens(text) if t.type == "heading_open"]
    assert len(heads) == 1 + len(hostile.findings)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)


def test_a_real_report_has_its_table(wine: Report) -> None:
    text = wine.to_markdown()
    assert "| severity | check | finding |" in text
    assert all(f"{f.pillar}/{f.name}" in text for f in wine.findings)
