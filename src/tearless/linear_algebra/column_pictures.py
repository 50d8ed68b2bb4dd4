"""The findings on columns as a matrix, drawn: their scales, what they share, and the equations among them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tearless.core import Measured, listed, quoted, visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Heat, Line, Mark, Picture, Points, Role, Rule, values

from .collinearity import inverse_of
from .combinations import Combinations
from .condition import EXACT_UP_TO, with_intercept
from .equations import Equation, in_words
from .facts import Matrix
from .moments import Floats
from .spacing import FLOAT64

MOST_COLUMNS = 14
MOST_POINTS = 140
MOST_IN_HEAT = 8
HIGH = 10.0
DRAWABLE = (1e-150, 1e150)
"""Ends of what is drawn on a scale of powers of ten: the square of a value outside is no double."""


def spreads(measured: Measured, matrix: Matrix) -> Picture:
    """The standard deviation of each column on a scale of powers of ten, from the widest to the narrowest.

    >>> import polars as pl
    >>> from tearless.core import Asked
    >>> from tearless.linear_algebra.checks.unscaled_columns import measure
    >>> from tearless.linear_algebra.facts import Sample
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"a": [0.0, 1.0, 2.0, 4.0], "b": [0, 3_000, 1_000, 9_000]})
    >>> matrix = Matrix.derive(Sample.of(Batch(frame)), Asked())
    >>> spreads(next(measure(matrix, Asked())), matrix).y.names
    ('b', 'a')
    """
    wide, narrow = measured.subject
    std = np.clip(matrix.std, *DRAWABLE)
    order = np.argsort(-std, kind="stable")
    most = np.unique(np.linspace(0, len(order) - 1, min(MOST_COLUMNS, len(order))).astype(np.intp))
    ends = {matrix.names.index(wide), matrix.names.index(narrow)}
    drawn = [int(j) for j in order if int(j) in ends | {int(order[i]) for i in most}]
    lengths = [float(std[j]) for j in drawn]
    base = min(lengths) / 3
    marks: list[Mark] = []
    kinds: tuple[tuple[Role, set[int]], ...] = (("main", ends), ("soft", set(drawn) - ends))
    for role, of in kinds:
        at = [i for i, j in enumerate(drawn) if j in of]
        some = values(lengths[i] for i in at)
        marks += [Bars(values(at), some, role=role, base=base, along="x")] if at else []
    ratio = measured.numbers["ratio"]
    said = [(name, matrix.std[matrix.names.index(name)]) for name in (wide, narrow)]
    told = " against ".join(f"A standard deviation of {shown(float(x))} in {quoted(name)}" for name, x in said).replace(
        " A s", " a s"
    )
    return Picture(
        "The spread of each column, on a scale of powers of ten",
        f"{told}: {ratio} times as much.",
        tuple(marks),
        Axis("standard deviation", log=True),
        Axis(names=tuple(visible(matrix.names[j]) for j in drawn)),
    )


def shared(measured: Measured, combinations: Combinations) -> Picture:
    """What each column of a group shares: by how much the others widen its coefficient's variance.

    >>> import polars as pl
    >>> from tearless.core import Asked
    >>> from tearless.linear_algebra.facts import Sample
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"a": [0.0, 1.0, 2.0, 3.0, 4.0], "b": [0.0, 1.0, 2.0, 3.0, 5.0]})
    >>> found = Combinations.derive(Matrix.derive(Sample.of(Batch(frame)), Asked()))
    >>> shared(Measured(("a", "b"), {}), found).says
    'Variance inflation: `a` 37, `b` 37; 1 is a column that shares nothing.'
    """
    names = [combinations.matrix.names[j] for j in combinations.kept]
    group = measured.subject[:MOST_COLUMNS]
    at = [names.index(name) for name in group]
    inverse = inverse_of(combinations.r)[at]
    vif = np.clip((inverse**2).sum(axis=1), 1.0, DRAWABLE[1])
    said = ", ".join(f"{quoted(name)} {shown(float(x))}" for name, x in zip(group, vif, strict=True))
    return Picture(
        "How many times the others widen the variance of each coefficient",
        f"Variance inflation: {said}; {shown(1.0)} is a column that shares nothing.",
        (
            Bars(values(range(len(at))), values(vif), base=1.0, along="x"),
            Rule(HIGH, f"{shown(1 - 1 / HIGH, 'share')} in the others"),
        ),
        Axis("variance inflation", log=True, low=1.0),
        Axis(names=tuple(map(visible, group))),
    )


def held(measured: Measured, combinations: Combinations) -> Picture:
    """An equation that holds: the column against what the others give for it; of copies, how they go together.

    >>> import polars as pl
    >>> from tearless.core import Asked
    >>> from tearless.linear_algebra.facts import Sample
    >>> from tearless.readers.source import Batch
    >>> a = np.arange(30.0)
    >>> frame = pl.DataFrame({"a": a, "b": a * a % 7, "c": a + a * a % 7})
    >>> found = Combinations.derive(Matrix.derive(Sample.of(Batch(frame)), Asked()))
    >>> held(Measured(("a", "b", "c"), {}), found).title
    '`c` against what `a` and `b` give for it'
    """
    matrix = combinations.matrix
    if not set(measured.subject) <= set(matrix.names):
        return _copies_of_text(measured)
    columns = {matrix.names.index(name) for name in measured.subject}
    among = [e for e in combinations.found or (combinations.nearest,) if set(e.columns) <= columns]
    equation = max(among, key=lambda e: len(e.columns))
    _, order = in_words(equation, matrix.names)
    if combinations.indicators(order) and np.ptp(equation.coefficients) == 0 and len(order) > 2:
        return _parts(order, matrix)
    x = matrix.values[_thin(matrix.n)]
    lead, given = x[:, order[0]], _given(equation, order, x)
    name, others = quoted(matrix.names[order[0]]), listed([matrix.names[j] for j in order[1:]])
    ends = (float(min(lead.min(), given.min())), float(max(lead.max(), given.max())))
    return Picture(
        f"{name} against what {others} {'give' if len(order) > 2 else 'gives'} for it",
        f"Of {matrix.n:,} rows none lies beside the line where both are equal, from {shown(ends[0])} to "
        f"{shown(ends[1])}.",
        (Line(ends, ends, "equal", "soft", dashed=True), Points(values(given), values(lead), "rows")),
        Axis(f"computed from {'the other' if len(order) == 2 else 'the others'}"),
        Axis(visible(matrix.names[order[0]], 24)),
    )


def _given(equation: Equation, order: Sequence[int], x: Floats) -> Floats:
    """What an equation says of its leading column."""
    weight = dict(zip(equation.columns, equation.coefficients, strict=True))
    rest = sum((weight[j] * x[:, j] for j in order[1:]), np.zeros(len(x))) + equation.constant
    return np.asarray(-rest / weight[order[0]], dtype=np.float64)


def _parts(order: Sequence[int], matrix: Matrix) -> Picture:
    """Indicators that add up to one: the share of the rows that each marks."""
    share = matrix.values[:, list(order)].mean(axis=0)
    drawn, names = order[:MOST_COLUMNS], [matrix.names[j] for j in order]
    total = shown(float(share.sum()), "share")
    told = ", ".join(
        f"{quoted(n)} {shown(float(s), 'share')}" for n, s in zip(names, share[: len(drawn)], strict=False)
    )
    return Picture(
        f"The rows that each of {len(order):,} indicators marks: together {total}",
        f"Each row is marked by one of them: {told}.",
        (Bars(values(range(len(drawn))), values(share[: len(drawn)]), along="x"),),
        Axis("share of rows", low=0.0),
        Axis(names=tuple(visible(matrix.names[j]) for j in drawn)),
    )


def _copies_of_text(measured: Measured) -> Picture:
    """Columns of text that are copies: every pair agrees in every row."""
    names = measured.subject[:MOST_IN_HEAT]
    rows = measured.numbers["rows"]
    return Picture(
        f"The share of rows in which {listed(names)} hold the same text",
        f"Every two of the {len(names):,} columns are alike in all of {rows} rows.",
        (Heat(tuple(values([1.0] * len(names)) for _ in names)),),
        Axis(names=tuple(map(visible, names))),
        Axis(names=tuple(map(visible, names))),
    )


def directions(measured: Measured, combinations: Combinations) -> Picture:
    """The singular values of the table with an intercept, as it stands and standardised, by what the arithmetic sees.

    Raises ``ValueError`` for more columns than are decomposed in full.

    >>> import polars as pl
    >>> from tearless.core import Asked
    >>> from tearless.linear_algebra.checks.ill_conditioned import measure
    >>> from tearless.linear_algebra.facts import Sample
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"a": [0.0, 1.0, 2.0, 3.0, 4.0], "b": [0.0, 1.0, 2.0, 3.0, 5.0]})
    >>> found = Combinations.derive(Matrix.derive(Sample.of(Batch(frame)), Asked()))
    >>> directions(next(measure(found, Asked())), found).says
    'The weakest direction has one part in 23.8 of the strongest as the table stands, one in 12.1 standardised.'
    """
    matrix = combinations.matrix
    if matrix.p >= EXACT_UP_TO:
        raise ValueError(f"{matrix.p} columns: their singular values are not all computed")
    found = [
        np.linalg.svd(r, compute_uv=False)
        for r in (with_intercept(matrix.r, matrix.mean, matrix.std, matrix.n), matrix.r)
    ]
    sizes = [np.clip(s / s[0], FLOAT64.roundoff / HIGH, 1.0) for s in found]
    labels: tuple[tuple[str, Role], ...] = (("as it stands", "main"), ("standardised", "second"))
    marks: list[Mark] = []
    for s, (label, role) in zip(sizes, labels, strict=True):
        at = np.unique(np.linspace(0, len(s) - 1, min(len(s), MOST_POINTS // 2)).astype(np.intp))
        x, y = values(at), values(s[at])
        marks += [Line(x, y, role=role), Points(x, y, label, role, hollow=role == "second")]
    full = measured.numbers["full"].value or -math.log10(FLOAT64.roundoff)
    marks.append(Rule(10.0 ** (-full / 2), "normal equations see no further", of="y", role="soft"))
    marks.append(Rule(10.0**-full, "nor does any solver", of="y"))
    few = len(sizes[0]) <= MOST_COLUMNS
    across = Axis("direction, strongest first", names=tuple(f"{i + 1}" for i in range(len(sizes[0])) if few))
    numbers = measured.numbers
    return Picture(
        "How far the columns reach in each direction, beside the widest one",
        f"The weakest direction has one part in {numbers['kappa_unit']} of the strongest as the table stands, one in "
        f"{numbers['kappa_standardised']} standardised.",
        tuple(marks),
        across,
        Axis("singular value / largest", log=True),
    )


def _thin(n: int) -> slice:
    """Rows at even distances, few enough to be drawn one by one."""
    return slice(None, None, max(1, math.ceil(n / MOST_POINTS)))
