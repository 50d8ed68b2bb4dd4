"""Dot product, cosine and embeddings: what is like what

## The idea
A film, a customer, a word becomes a list of numbers, and what is alike should point the same way. Two measures are in
use. The dot product multiplies entry by entry and adds up: it grows with agreement, and with length. The cosine divides
both lengths out and leaves the angle.

Mixing them up is the usual mistake. {loud} is the longest vector here, and by dot product it is the best match for
{loud_first} of {rows} rows; by cosine for {loud_cosine}. It is not like so many: it is loud. Sometimes that is wanted,
for a popular film is a fair guess for anybody. But then say popular, not similar.

## The picture
First, the best matches of the one who asks. Then every row seen from the one who asks, who lies along the axis: the
angle to the axis is the true angle, and the reach to the right is the dot product over the length of the one who asks.
Whoever stretches farthest to the right wins by dot product; whoever lies closest to the axis wins by cosine. Move to
another one who asks, then take the mean of each column away and watch angles open.

## The formula
The dot product is the product of both lengths and the cosine of the angle between them. So at equal length both rank
alike, and a ranking by cosine is one by dot product after each row is divided by its length. A row of zeros has no
angle: dividing by its length plus a little calls it unlike everything, which is an answer to a question that has none.

## Where it is used
`nn.Embedding` of PyTorch holds one row a token, and a look-up is a product with a one-hot vector: that is why it learns
like any layer. Recommenders rank items by the dot product with a user's vector. Attention scores are dot products over
the root of the number of entries. `cosine_similarity` of scikit-learn, sentence embeddings and vector stores use the
cosine; ask which, for the index decides it, not your query.

## How it fails
One item that is recommended to everyone. Search results that are long documents only. All cosines near one, because
every column is positive and its mean, common to all rows, drowns the rest: centre first. One column in large units that
is the similarity by itself. An identifier among the columns, by which neighbours in the file are neighbours in meaning.
Copies of a row, each the best match of the other. A widely read tutorial prints {published} for the cosine of {u} and
{v}; it is {recomputed}.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, Number, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Arrows, Axis, Bars, Picture, Points, values
from tearless.linear_algebra.embedding import lookup
from tearless.linear_algebra.named_vectors import NamedVectors
from tearless.linear_algebra.norms import l2
from tearless.linear_algebra.vectors import angle, cosine, cosines, dot, most_similar

Floats = NDArray[np.float64]

COSINE, DOT = MEASURES = ("cosine", "dot product")
AS_THEY_ARE, CENTRED, STANDARDISED = COLUMNS = ("as they are", "centred", "standardised")
LONGEST = 24
"""Letters of a row's name in a sentence."""
BEST = 8
"""Matches that are drawn."""
SHORT = 1e-12
"""A row that centring leaves shorter than this share of the longest has no direction left."""
PUBLISHED_U, PUBLISHED_V, PUBLISHED = (0.2, 0.8, 0.1), (0.3, 0.7, 0.2), 0.973
"""The vectors of a tutorial, and the cosine that it prints for them."""

FORMULAS = (
    Formula(r"x \cdot y = \sum_i x_i y_i = \|x\|\,\|y\| \cos\theta", "the dot product is both lengths times a cosine"),
    Formula(
        r"e_{token} = \mathrm{onehot}(token)^\top E",
        "the row of a token is the product of its one-hot vector with the table",
    ),
)

CODE = """\
E = problem.X                             # one row an item
if columns != "as they are":
    E = E - E.mean(axis=0)
if columns == "standardised":
    E = E / E.std(axis=0)

one_hot = np.zeros(len(E))
one_hot[int(asks)] = 1
query = one_hot @ E                       # a look-up is a product
length = np.sqrt((E**2).sum(axis=1))

dots = E @ query
cosines = dots / (length * length[int(asks)])
score = dots if by == "dot product" else cosines
others = np.arange(len(E)) != int(asks)
best = np.flatnonzero(others)[score[others].argmax()]

top_cosine, top_dot = cosines[best], dots[best]
top_angle = np.degrees(np.arccos(np.clip(top_cosine, -1, 1)))
longer = length[best] / length[int(asks)]
"""

QUESTIONS = (
    Question(
        "junior",
        "By dot product {winner_dot} is the best match of {asker}, by cosine {winner_cosine}. Why do they differ?",
        (
            Answer("{loud} is {loudness} times as long as the usual row", "Yes: the dot product multiplies by that "
                   "length, whatever the angle.", right=True),
            Answer("The dot product is the more exact of the two", "Both are exact. They answer different questions: "
                   "one counts length, one does not."),
            Answer("The cosine forgets {dimensions} columns", "It uses every column; it divides the length out, "
                   "nothing else."),
        ),
    ),
    Question(
        "mid",
        "The cosine of {u} and {v} is printed as {published} in a tutorial. What is it?",
        (
            Answer("{recomputed}", "Yes: {plain_dot} over the product of both lengths, {length_u} and {length_v}.",
                   right=True),
            Answer("{published}", "That is what is printed. Divide {plain_dot} by {length_u} and by {length_v}."),
            Answer("{plain_dot}", "That is the dot product: both lengths are still in it."),
        ),
    ),
    Question(
        "senior",
        "Every pair of rows has a cosine near {mean_cosine} in your index. What do you look at first?",
        (
            Answer("The mean of all rows", "Yes: a mean common to all rows is a common direction. Centred, the cosines "
                   "average {mean_centred} here.", right=True),
            Answer("The number of columns, {dimensions}", "More columns make random directions more nearly at right "
                   "angles: cosines near zero, not near one."),
            Answer("The lengths", "The cosine divides them out. Multiply any row by ten: no cosine changes."),
        ),
    ),
)  # fmt: skip

CATCHES = ("identical-rows", "duplicate-rows", "identifier-column")
NEXT = ("projection-and-rank", "shapes-and-the-layer", "attention")


def example(rng: np.random.Generator) -> Example:
    """A viewer and films in one space: how much of each kind they hold, times how often they are watched."""
    kinds = ("humour", "romance", "danger", "puzzle", "wonder")
    films = {
        "Mira, a viewer": (2.0, 0.4, 0.2, 1.4, 0.6),
        "Tea for Ten": (1.7, 0.6, 0.1, 1.1, 0.4),
        "Paper Moonlight": (0.8, 1.9, 0.1, 0.2, 0.7),
        "The Late Train": (0.2, 0.5, 1.5, 1.8, 0.1),
        "Star Harbour": (2.6, 1.8, 4.4, 1.6, 4.2),
        "Quiet Garden": (0.4, 1.1, 0.0, 0.3, 1.2),
        "Who Locked It": (0.9, 0.1, 0.9, 1.9, 0.2),
        "Uncle Bill": (1.9, 0.8, 0.3, 0.3, 0.2),
        "Deep North": (0.1, 0.2, 1.8, 0.5, 1.6),
        "Riddle Road": (0.8, 0.2, 0.3, 0.9, 0.4),
        "First Snow": (0.3, 1.4, 0.2, 0.1, 1.5),
        "Midnight Heist": (1.1, 0.4, 1.6, 1.7, 0.3),
    }
    rows = np.array(list(films.values())) + rng.uniform(0.0, 0.05, (len(films), len(kinds)))
    return Example({"title": list(films), **dict(zip(kinds, rows.T, strict=True))})


def problem(vectors: NamedVectors) -> NamedVectors:
    return vectors


def controls(problem: NamedVectors) -> tuple[Control, ...]:
    return (
        Choice("by", "similarity", DOT, MEASURES),
        Slider("asks", "row that asks, from zero", 0, 0, len(problem.names) - 1, whole=True),
        Choice("columns", "columns", AS_THEY_ARE, COLUMNS),
    )


def compute(problem: NamedVectors, by: str, asks: float, columns: str) -> View:
    i, E = int(asks), _on(problem.X, columns)
    query = np.asarray(lookup(E, i))
    others = np.flatnonzero(np.arange(len(E)) != i)
    rankings = {one: most_similar(query, E[others], by=one.split()[0]) for one in MEASURES}
    order, scores = others[np.asarray(rankings[by].order)], np.asarray(rankings[by].scores)
    best, loud = int(order[0]), int(np.argmax(l2(problem.X, axis=1)))
    numbers = _pair(E, i, best) | _crowd(problem, loud) | _published()
    named = {"asker": i, "winner": best, "loud": loud} | {
        f"winner_{one.split()[0]}": int(others[int(rankings[one].order[0])]) for one in MEASURES
    }
    words = {word: quoted(problem.names[row][:LONGEST]) for word, row in named.items()} | {
        "u": ", ".join(map(shown, PUBLISHED_U)),
        "v": ", ".join(map(shown, PUBLISHED_V)),
    }
    pictures = (
        _bars(problem, order, scores, by),
        _seen_from(problem, E, (i, best, named["winner_cosine" if by == DOT else "winner_dot"])),
    )
    return View(_sentence(numbers, words, by), numbers, pictures, words)


def _on(X: Floats, columns: str) -> Floats:
    """The rows as asked for. A row that comes to lie at the mean keeps a speck of its first direction."""
    if columns == AS_THEY_ARE:
        return X
    E = X - X.mean(axis=0)
    if columns == STANDARDISED:
        spread = E.std(axis=0)
        E = E / np.where(spread > 0, spread, 1.0)
    lengths = np.asarray(l2(E, axis=1))
    lost = lengths <= SHORT * max(float(lengths.max()), 1e-300)
    return np.asarray(np.where(lost[:, None], X / np.asarray(l2(X, axis=1))[:, None] * 1e-9, E)) if lost.any() else E


def _pair(E: Floats, i: int, j: int) -> dict[str, Number]:
    lengths = np.asarray(l2(E, axis=1))
    return {
        "top_cosine": Number(float(cosine(E[i], E[j])), "1", "cosine of the best match"),
        "top_dot": Number(float(dot(E[i], E[j])), "1", "dot product of the best match"),
        "top_angle": Number(math.degrees(float(angle(E[i], E[j]))), "degrees", "angle to the best match"),
        "longer": Number(lengths[j] / lengths[i], "times", "length of the best match over that of the one who asks"),
        "reach": Number(float(dot(E[i], E[j])) / lengths[i], "1", "how far the best match reaches along the axis"),
    }


def _crowd(problem: NamedVectors, loud: int) -> dict[str, Number]:
    X, n = problem.X, len(problem.names)
    off = ~np.eye(n, dtype=bool)
    everyone, centred = np.asarray(cosines(X, X)), _on(X, CENTRED)
    products, lengths = X @ X.T, np.asarray(l2(X, axis=1))
    wins = [
        int((np.where(off, table, -np.inf).argmax(axis=1)[np.arange(n) != loud] == loud).sum())
        for table in (products, everyone)
    ]
    return {
        "loud_first": Number(wins[0], "rows", "whose best match by dot product is the longest row"),
        "loud_cosine": Number(wins[1], "rows", "whose best match by cosine is the longest row"),
        "loudness": Number(lengths[loud] / np.median(lengths), "times", "longest row over the median one"),
        "mean_cosine": Number(everyone[off].mean(), "1", "mean cosine of two rows, as they are"),
        "mean_centred": Number(np.asarray(cosines(centred, centred))[off].mean(), "1", "the same, columns centred"),
        "rows": Number(n, "rows", problem.said),
        "dimensions": Number(X.shape[1], "columns", "entries of each vector"),
        "zeros": Number(problem.zeros, "rows", "of zeros, which have no direction, left out"),
    }


def _published() -> dict[str, Number]:
    u, v = np.array(PUBLISHED_U), np.array(PUBLISHED_V)
    return {
        "published": Number(PUBLISHED, "1", "cosine that a tutorial prints"),
        "recomputed": Number(float(cosine(u, v)), "1", "cosine of the same vectors"),
        "plain_dot": Number(float(dot(u, v)), "1", "their dot product"),
        "length_u": Number(float(l2(u)), "1", "length of the first"),
        "length_v": Number(float(l2(v)), "1", "length of the second"),
    }


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str], by: str) -> str:
    opening = f"By {by} the best match of {words['asker']} is {words['winner']}"
    at = f"{numbers['top_angle']} degrees away and {numbers['longer']} times as long"
    other = words["winner_cosine" if by == DOT else "winner_dot"]
    if other == words["winner"]:
        return f"{opening}, {at}: both measures agree here."
    if by == DOT:
        return f"{opening}, {at}: length wins, not likeness. By cosine it is {other}."
    return f"{opening}, {at}: length does not count. By dot product it is {other}."


def _cut(name: str) -> str:
    return visible(name, 16)


def _bars(problem: NamedVectors, order: NDArray[np.intp], scores: Floats, by: str) -> Picture:
    some = order[:BEST]
    names = tuple(_cut(problem.names[j]) for j in some)
    at, lengths = values(range(len(some))), values(scores[: len(some)])
    marks = (
        Bars(at[:1], lengths[:1], role="good", width=0.6, along="x"),
        Bars(at[1:], lengths[1:], width=0.6, along="x"),
    )
    says = "The best matches of the one who asks, with their scores, the best on top."
    return Picture("Best matches", says, marks, Axis(by), Axis(names=names))


def _seen_from(problem: NamedVectors, E: Floats, rows: tuple[int, int, int]) -> Picture:
    """Each row by its reach along the one who asks and its distance from that line: the angle is the true one."""
    i, best, other = rows
    axis = E[i] / float(l2(E[i]))
    along = E @ axis
    aside = np.asarray(l2(E - along[:, None] * axis, axis=1))
    rest = np.flatnonzero(~np.isin(np.arange(len(E)), rows))
    shown_too = () if other == best else (other,)
    marks = (
        Points(values(along[rest]), values(aside[rest]), role="soft"),
        Points(
            values(along[list(shown_too)]),
            values(aside[list(shown_too)]),
            names=tuple(_cut(problem.names[k]) for k in shown_too),
            named=True,
        ),
        Arrows((0.0,), (0.0,), (float(along[i]),), (0.0,), "who asks", "second"),
        Arrows((0.0,), (0.0,), (float(along[best]),), (float(aside[best]),), "best match", "good"),
    )
    says = "Every row by its reach along the one who asks and its distance from that line: angles are true."
    ends = Axis("aside", low=min(0.0, -0.02 * float(np.ptp(along))))
    return Picture("Seen from the one who asks", says, marks, Axis("along"), ends, square=True)
