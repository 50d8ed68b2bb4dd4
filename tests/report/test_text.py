"""The report on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from tearless import Report
from tearless.core import Finding, Mend, Number, Outcome, Severity

SGR = re.compile(r"\x1b\[[0-9;]*m")
LEAK = Finding(
    "target-leak",
    "statistics",
    Severity.error,
    Mend.source,
    ("boat",),
    "column `boat` gives `survived` away",
    {"bits": Number(0.83, "share", "share of the target's bits")},
    "it is the answer in other words; it will not exist when you predict",
    "drop `boat`, then find how it got into the table",
    said="83 % of the target's 0.96 bits are in this one column (held-out rows; by chance at most 1.2 %)",
)
REPORT = Report((LEAK,), (Outcome("target-leak", "statistics", "fired"),), "titanic.csv", 1309, 14, 0, "survived")


def test_a_finding_stands_alone_in_its_first_line_and_hangs_under_its_labels() -> None:
    assert REPORT.to_text().startswith(
        """\
error  statistics/target-leak  column `boat` gives `survived` away
   evidence   83 % of the target's 0.96 bits are in this one column (held-out
              rows; by chance at most 1.2 %)
   why        it is the answer in other words; it will not exist when you
              predict
   do         drop `boat`, then find how it got into the table
   learn      tearless explain target-leak
              tearless learn correlation

1 error; 0 checks silent. titanic.csv: 1,309 rows, 14 columns, target
"""
    )


@pytest.mark.parametrize("width", [24, 40, 59, 60, 80, 100])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_than_the_terminal(hostile: Report, width: int, verbose: bool) -> None:
    long = replace(LEAK, headline="`" + "数据" * 60 + "🎉" * 30 + "x" * 90 + "`")
    report = replace(hostile, findings=(*hostile.findings, long))
    assert max(cell_len(line) for line in report.to_text(width, verbose=verbose).splitlines()) <= width


@pytest.mark.parametrize("concise", [False, True])
def test_hostile_names_stay_words(hostile: Report, concise: bool) -> None:
    """No control character gets through, colour adds nothing but colour, and markup is shown as it was written."""
    plain = hostile.to_text(100, concise=concise, verbose=True)
    coloured = hostile.to_text(100, color=True, concise=concise, verbose=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", plain)
    assert SGR.sub("", coloured) == plain
    assert "[red]x[/red]" in plain
    assert SGR.search(coloured)
    assert set(SGR.findall(coloured)) <= {f"\x1b[{code}m" for code in ("0", "1", "2", "1;31", "1;33", "1;36")}


def test_three_hundred_columns_are_told_once() -> None:
    many = tuple(replace(LEAK, subject=(f"x{i}",), headline=f"column `x{i}` leaks") for i in range(300))
    text = replace(REPORT, findings=many).to_text(200)
    assert text.count("   do   ") == 3
    assert "and 297 more columns: `x3`, `x4`, `x5`," in text
    assert "300 errors" in text
    assert replace(REPORT, findings=many).to_text(200, verbose=True).count("   do   ") == 300


def test_symptoms_hang_under_their_cause(hostile: Report) -> None:
    text = hostile.to_text(200)
    learn = r"   learn +tearless explain target-leak\n +tearless learn correlation .*?"
    assert re.search(rf"{learn}\n   also +warning  outliers  ", text, re.DOTALL)
    assert text.count("\n   why ") == 3, "a symptom is one line"


def test_concise_is_one_line_a_finding_and_one_at_the_end(hostile: Report) -> None:
    report = replace(hostile, stopped=False)
    first = report.to_text(4000, concise=True).splitlines()[:4]
    assert [line.split()[0] for line in first] == ["error", "warning", "warning", "note"]
    assert len(REPORT.to_text(4000, concise=True).splitlines()) >= 2


def test_verbose_shows_every_number_with_its_interval(hostile: Report) -> None:
    text = hostile.to_text(200, verbose=True)
    assert "share = 50 % (95 % interval 40 % to 60 %): share of the rows" in text
    assert "gone = unknown: a number that is not known" in text


def test_rows_are_named_with_the_line_of_the_file(hostile: Report) -> None:
    assert "3, 8, 9 (counted from 0; the first is line 5 of the file)" in hostile.to_text(200)


def test_a_stop_is_said_first(hostile: Report) -> None:
    assert hostile.to_text().startswith("stopped by Ctrl-C: ")


def test_the_end_says_what_silence_means(hostile: Report) -> None:
    end = " ".join(hostile.to_text(120).splitlines()[-8:])
    for part in (
        "1 error, 2 warnings, 1 note",
        "1 check silent",
        "1 not applicable",
        "2 cannot tell (without --test FILE: drift; broken: the check itself failed)",
        "1 skipped",
        "1,309 rows, 14 columns",
        "against test.csv",
        "1.2 s, seed 7",
        "312 tests corrected together for the false discovery rate (Benjamini-Hochberg)",
    ):
        assert part in end


def test_a_number_is_not_parted_from_its_percent_sign() -> None:
    said = " ".join(["82.5 %"] * 40)
    for width in range(40, 60):
        lines = replace(REPORT, findings=(replace(LEAK, said=said),)).to_text(width).splitlines()
        assert not [line for line in lines if line.strip().startswith("%")]
        assert " ".join(" ".join(lines).split()).count("82.5 %") == 40


def test_what_is_left_over_names_its_columns_or_the_table() -> None:
    many = [replace(LEAK, subject=subject) for subject in [("a",), ("b",), ("c",), ("d", "e"), (), ("f",)]]
    text = replace(REPORT, findings=tuple(many)).to_text(200)
    assert "and 3 more like it, over `d`, `e` and `f` and over the whole table (--verbose shows all)" in text


def test_what_is_left_over_without_columns_is_counted() -> None:
    text = replace(REPORT, findings=(replace(LEAK, subject=()),) * 6).to_text(200)
    assert "and 3 more like it (--verbose shows all)" in text
    assert "whole table" not in text


def test_nothing_found_is_not_called_fine() -> None:
    text = replace(REPORT, findings=(), outcomes=(Outcome("drift", "statistics", "cannot tell", "why"),)).to_text()
    assert text.startswith("no findings; 0 checks silent, 1 cannot tell (drift: why).")
