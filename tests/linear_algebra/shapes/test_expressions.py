"""The language of shapes: it agrees with NumPy and PyTorch, marks what clashes, and answers hostile text at once."""

from __future__ import annotations

import pytest

from tearless.core import InputError
from tearless.linear_algebra.shapes import Named
from tearless.linear_algebra.shapes.expression import evaluated

from .random_expressions import Grammar, Made

EXPRESSIONS = 10_000


def told(made: Made) -> object:
    """What the library says: shapes, or None where it refuses."""
    if made.error is not None:
        return None
    return tuple(made.value.shape)


def read(text: str, library: str) -> object:
    """What the language says of it."""
    try:
        found = evaluated(text, library)
    except InputError:
        return None
    return found.shapes[0] if found.goes_through else None


def agree(ours: object, theirs: object) -> bool:
    if not isinstance(ours, tuple) or not isinstance(theirs, tuple):
        return ours == theirs
    fits = (isinstance(a, Named) or a == b for a, b in zip(ours, theirs, strict=True))
    return len(ours) == len(theirs) and all(fits)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_random_expressions_agree_with_the_library(library):
    grammar = Grammar(library, seed=7)
    apart, refused = [], 0
    for i in range(EXPRESSIONS):
        made = grammar.expression(depth=1 + i % 3)
        theirs = told(made)
        refused += theirs is None
        ours = read(made.text, library)
        if not agree(ours, theirs):
            apart.append(f"{made.text}\n    {library}: {theirs or made.error}; here: {ours}")
    assert not apart, f"{len(apart)} of {EXPRESSIONS}:\n" + "\n".join(apart[:20])
    assert 0.1 < refused / EXPRESSIONS < 0.7
