"""Every rule says in its docstring, in a formula, what shapes it takes and what shapes it then gives."""

from __future__ import annotations

import re

import pytest

from tearless.linear_algebra.shapes import RULES

CODE = re.compile(r"``[^`]*``")
_INSIDE = r"(?:[^()]|\([^()]*\))*"
SHAPE = re.compile(rf"\(\)|\(\.\.\.\)|\({_INSIDE},{_INSIDE}\)")
"""(), (...), (n,), (n, k); sizes may be computed, (n, ⌊(k - 1)/2⌋), or left out, ([batch,] channels)."""
GIVES = re.compile(r"\bgives?\b", re.IGNORECASE)


def says_its_shapes(words: str) -> bool:
    """Whether a shape stands before ``gives`` and another one after it, code left out."""
    plain = CODE.sub("", words)
    return any(SHAPE.search(plain[: one.start()]) and SHAPE.search(plain[one.end() :]) for one in GIVES.finditer(plain))


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_says_what_shapes_it_takes_and_gives(name: str) -> None:
    words = RULES[name].__doc__ or ""
    assert says_its_shapes(words), f"{name}: expected such as `(n, k) and (k, m) give (n, m)`, got: {words}"


@pytest.mark.parametrize(
    ("words", "enough"),
    [
        ("Products: (n, k) and (k, m) give (n, m).", True),
        ("Takes (n,), gives ().", True),
        ("Sums: ([batch,] channels, sizes) gives ([batch,] channels, ⌊(size - 1)/stride⌋).", True),
        ("Sums (of all): gives one number.", False),
        ("``f(a, b)`` gives (n, m).", False),
        ("(n, k) and (k, m) are multiplied.", False),
        ("Gives (n, m) and (k,).", False),
        ("", False),
    ],
)
def test_the_guard_can_fail(words: str, enough: bool) -> None:
    assert says_its_shapes(words) is enough
