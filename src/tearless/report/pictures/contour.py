"""Level lines of a function over a grid, by marching squares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tearless.core.picture import Contours

Point = tuple[float, float]
EDGES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    5: ((3, 2), (0, 1)),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((2, 0),),
    10: ((0, 3), (1, 2)),
    11: ((2, 1),),
    12: ((1, 3),),
    13: ((1, 0),),
    14: ((0, 3),),
}
"""Which edges of a cell a level line joins, by the corners above the level: 1, 2, 4, 8 from the first one round."""


def segments(contours: Contours, level: float) -> Iterator[tuple[Point, Point]]:
    """The pieces of the line at one level, each within a cell of the grid.

    >>> grid = Contours(x=(0.0, 1.0), y=(0.0, 1.0), rows=((0.0, 1.0), (0.0, 1.0)), levels=(0.25,))
    >>> list(segments(grid, 0.25))
    [((0.25, 0.0), (0.25, 1.0))]
    """
    for j in range(len(contours.y) - 1):
        for i in range(len(contours.x) - 1):
            corners = (
                (contours.x[i], contours.y[j], contours.rows[j][i]),
                (contours.x[i + 1], contours.y[j], contours.rows[j][i + 1]),
                (contours.x[i + 1], contours.y[j + 1], contours.rows[j + 1][i + 1]),
                (contours.x[i], contours.y[j + 1], contours.rows[j + 1][i]),
            )
            above = sum(1 << k for k, (_, _, value) in enumerate(corners) if value > level)
            for first, second in EDGES.get(above, ()):
                yield _crossing(corners, first, level), _crossing(corners, second, level)


def _crossing(corners: Sequence[tuple[float, float, float]], edge: int, level: float) -> Point:
    (x0, y0, v0), (x1, y1, v1) = corners[edge], corners[(edge + 1) % 4]
    share = (level - v0) / (v1 - v0) if v1 != v0 else 0.5
    return x0 + share * (x1 - x0), y0 + share * (y1 - y0)


def lines(contours: Contours, level: float) -> list[list[Point]]:
    """The pieces of one level joined into lines.

    >>> grid = Contours(x=(0.0, 1.0, 2.0), y=(0.0, 1.0), rows=((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), levels=(0.5,))
    >>> lines(grid, 0.5)
    [[(2.0, 0.5), (1.0, 0.5), (0.0, 0.5)]]
    """
    joined: list[list[Point]] = []
    ends: dict[Point, list[Point]] = {}
    for first, second in segments(contours, level):
        if _near(first) == _near(second):
            continue  # the line touches a corner
        before, after = ends.pop(_near(first), None), ends.pop(_near(second), None)
        if before is not None and before is after:
            before.append(before[0])
            continue
        line = _joined(before, after, first, second)
        if before is None and after is None:
            joined.append(line)
        elif before is not None and after is not None:
            joined[:] = [one for one in joined if one is not after]
        ends[_near(line[0])] = ends[_near(line[-1])] = line
    return joined


def _near(point: Point) -> Point:
    return round(point[0], 9), round(point[1], 9)


def _joined(before: list[Point] | None, after: list[Point] | None, first: Point, second: Point) -> list[Point]:
    """A new piece put to the lines that end where it begins and ends; the one that was there first grows."""
    if before is None and after is None:
        return [first, second]
    if before is not None:
        if _near(before[-1]) != _near(first):
            before.reverse()
        before.append(second)
        if after is not None:
            if _near(after[0]) != _near(second):
                after.reverse()
            before.extend(after[1:])
        return before
    assert after is not None  # noqa: S101 (one of the two is there)
    if _near(after[0]) != _near(second):
        after.reverse()
    after.insert(0, first)
    return after
