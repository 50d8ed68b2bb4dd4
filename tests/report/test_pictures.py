"""Pictures: what is drawn stands where its value says, carries that value, and lets nothing of the data through."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearless.core.picture import (
    Arrows,
    Axis,
    Band,
    Bars,
    Contours,
    Heat,
    Line,
    Mark,
    Nodes,
    Picture,
    Points,
    Ranges,
    Rule,
    Words,
    values,
)
from tearless.report.pictures.contour import lines
from tearless.report.pictures.marks import MOST_POINTS, thinned
from tearless.report.pictures.plain import to_lines
from tearless.report.pictures.scale import Scale, extents
from tearless.report.pictures.svg import COLOURS, WIDE, alone, figure, svg

HOSTILE = "<script>alert(1)</script>\x1b[31m\"'&amp;\u202e]]>"
finite = st.floats(-1e12, 1e12)


def every_mark(name: str = "a") -> tuple[Mark, ...]:
    return (
        Line((0.0, 1.0, 2.0), (1.0, math.nan, 3.0), name),
        Points((0.0, 1.0), (2.0, 3.0), name, names=(name, name), named=True),
        Bars((0.0, 1.0), (2.0, -3.0), name),
        Ranges((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (1.5, 2.5), name),
        Band((0.0, 1.0), (0.0, 1.0), (2.0, 3.0), name),
        Rule(0.5, name),
        Contours((0.0, 1.0), (0.0, 1.0), ((0.0, 1.0), (1.0, 2.0)), (0.5,)),
        Arrows((0.0,), (0.0,), (1.0,), (1.0,), names=(name,)),
        Nodes((0.0, 1.0), (0.0, 1.0), (name, name), ((0, 1, name),)),
        Words(0.5, 0.5, name),
    )


def parsed(picture: Picture) -> Any:
    return ET.fromstring(svg(picture))  # noqa: S314 (our own text)


def of_class(root: Any, kind: str) -> Any:
    return next(node for node in root.iter("g") if kind in node.get("class", "").split() and node.get("data-x"))


def test_a_picture_is_well_formed_and_names_itself() -> None:
    root = parsed(Picture("title", "what is seen", every_mark(), Axis("x"), Axis("y")))
    assert root.get("role") == "img"
    assert [root[0].tag, root[0].text, root[1].tag, root[1].text] == ["title", "title", "desc", "what is seen"]


def test_nothing_of_the_data_passes_as_markup_or_escape() -> None:
    axis = Axis(HOSTILE, names=(HOSTILE, HOSTILE))
    for picture in (
        Picture(HOSTILE, HOSTILE, every_mark(HOSTILE)),
        Picture(HOSTILE, HOSTILE, (Bars((0.0, 1.0), (1.0, 2.0), HOSTILE, along="x"),), Axis(HOSTILE), axis),
        Picture(HOSTILE, HOSTILE, (Heat(((1.0, 2.0), (3.0, 4.0))),), axis, axis),
    ):
        for text in (figure(picture), alone(picture), "\n".join(to_lines(picture))):
            assert "\x1b" not in text
            assert "\u202e" not in text
        assert "<script" not in figure(picture)
        ET.fromstring(figure(picture))  # noqa: S314


def test_a_mark_carries_its_values() -> None:
    root = parsed(Picture("t", "s", (Line((0.0, 0.1, 1e-7), (1.0, math.nan, 3.0)),)))
    line = of_class(root, "line")
    assert json.loads(line.get("data-x")) == [0.0, 0.1, 1e-7]
    assert json.loads(line.get("data-y")) == [1.0, None, 3.0]


def test_points_stand_where_the_axes_say() -> None:
    """The places of points are an affine function of their values, through the places of the ticks."""
    root = parsed(Picture("t", "s", (Points((0.0, 5.0, 10.0), (0.0, 2.0, 4.0)),), Axis(low=0.0, high=10.0)))
    at = [float(node.get("cx")) for node in root.iter("circle")]
    assert at[1] - at[0] == pytest.approx(at[2] - at[1], abs=0.11)
    ticks = {node.text: float(node.get("x")) for node in root.iter("text") if node.get("text-anchor") == "middle"}
    assert ticks["10"] == pytest.approx(at[2], abs=0.11)


def test_a_broken_line_has_a_gap() -> None:
    path = of_class(parsed(Picture("t", "s", (Line((0.0, 1.0, 2.0), (1.0, math.nan, 3.0)),))), "line")[0].get("d")
    assert path.count("M") == 2


@given(finite, finite)
def test_ticks_lie_within_the_axis_and_are_few(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    if high - low <= 1e-9 * max(1.0, abs(low), abs(high)):
        return
    ticks = [value for value, _ in Scale(low, high, 0, 1).ticks(5)]
    slack = 1e-6 * (high - low)
    assert all(low - slack <= value <= high + slack for value in ticks)
    assert 1 <= len(ticks) <= 12


@given(st.floats(1e-200, 1e200), st.floats(1.1, 1e50))
def test_ticks_of_powers_lie_within_the_axis(low: float, times: float) -> None:
    ticks = [value for value, _ in Scale(low, low * times, 0, 1, log=True).ticks(5)]
    assert all(low * 0.999 <= value <= low * times * 1.001 for value in ticks)
    assert 2 <= len(ticks) <= 12


@given(st.lists(finite, min_size=1, max_size=30))
def test_the_axes_hold_every_value(numbers: list[float]) -> None:
    (x0, x1), (y0, y1) = extents(Picture("t", "s", (Points(values(numbers), values(numbers)),)))
    assert x0 <= min(numbers) <= max(numbers) <= x1
    assert y0 <= min(numbers) <= max(numbers) <= y1
    assert x0 < x1


@pytest.mark.parametrize("numbers", [(), (0.0,), (math.nan,), (math.inf, -math.inf), (1e308, -1e308), (5e-324,)])
@pytest.mark.parametrize("log", [False, True])
def test_extreme_values_are_drawn_or_left_out(numbers: tuple[float, ...], log: bool) -> None:
    marks = (
        Line(numbers, numbers),
        Points(numbers, numbers),
        Bars(numbers, numbers),
        Rule(numbers[0] if numbers else 0.0),
    )
    places = ("d", "x", "y", "cx", "cy", "width", "height")
    for node in parsed(Picture("t", "s", marks, Axis(log=log), Axis(log=log))).iter():
        assert not any(bad in node.get(place, "") for place in places for bad in ("nan", "inf")), node.attrib
    to_lines(Picture("t", "s", marks, Axis(log=log), Axis(log=log)))


def test_a_long_line_keeps_its_extremes() -> None:
    x = values(range(100_000))
    y = np.sin(np.arange(100_000) / 50)
    y[77_777] = 9.0
    thin_x, thin_y = thinned(x, values(y))
    assert len(thin_x) <= MOST_POINTS
    assert 9.0 in thin_y
    assert (thin_x[0], thin_x[-1]) == (0.0, 99_999.0)


def test_contours_of_a_cone_are_circles() -> None:
    grid = np.linspace(-2, 2, 41)
    cone = tuple(values(np.hypot(grid, y)) for y in grid)
    (circle,) = lines(Contours(values(grid), values(grid), cone, (1.0,)), 1.0)
    assert circle[0] == circle[-1]
    assert all(math.hypot(x, y) == pytest.approx(1.0, abs=0.01) for x, y in circle)


def test_the_colours_of_marks_stand_out_from_the_page() -> None:
    """At least 3 : 1 against white and against the dark page (WCAG 2.2, 1.4.11), but for the faint one."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colours, paper in zip(COLOURS, ("#ffffff", "#17191d"), strict=True):
        for pair in colours.split(";"):
            if "--" in pair:
                light, dark = sorted((luminance(pair.split(": ")[1]), luminance(paper)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 3, pair


def test_text_stays_within_the_drawing() -> None:
    """Tick texts and names of limits begin and end inside the view, by the width of usual letters."""
    picture = Picture(
        "t", "s", (Line((0.0, 1e6), (0.0, 1e6)), Rule(9.9e5, "a limit of nearly a million"), Rule(1e6, "top", "y")),
        Axis("x"), Axis("y"),
    )  # fmt: skip
    for node in parsed(picture).iter("text"):
        if node.get("x") and not node.get("text-anchor"):
            assert 0 <= float(node.get("x")) <= WIDE - 5.5 * len(node.text)


def test_the_terminal_draws_within_its_width() -> None:
    picture = Picture("Loss", "falls", (Line(values(range(50)), values(np.exp(-np.arange(50) / 9))),), Axis("step"))
    spans = Picture("t", "s", (Ranges((0.0,), (-0.012345,), (1234.5,), (1.0,)),), y=Axis(names=("a long category",)))
    wordy = Picture("t", "what is to be seen, in many words " * 5, (Nodes((0.0,), (0.0,), ("a",)),), bare=True)
    for width in (30, 80):
        found = to_lines(picture, width)
        assert max(map(len, found)) <= width + 1
        assert max(map(len, to_lines(wordy, width))) <= width
        assert any("\u2801" <= letter <= "\u28ff" for line in found for letter in line)
        assert found[-1].split() == ["0", "step", "49"], "the ends of the axis are those of the data"
    assert max(map(len, to_lines(spans, 60))) <= 60
