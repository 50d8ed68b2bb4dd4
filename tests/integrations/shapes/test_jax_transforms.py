"""Transformations of JAX that clash: what is said, on which axes, and repairs that run."""

from __future__ import annotations

import linecache
from pathlib import Path

import pytest

from tearless.integrations.shapes.explain import explained
from tearless.linear_algebra.shapes import Explanation

BEFORE = """
import jax
import jax.numpy as jnp
w, x = jnp.ones((6, 2)), jnp.ones((9, 2))
image = jnp.ones((2, 12, 12, 5))
def scores(a, b):
    return a @ b
def grow(state, row):
    new = state * 0.5 + row
    return new, None
"""
NHWC = 'dimension_numbers=("NHWC", "HWIO", "NHWC")'
CASES = {
    "a function that says which is mapped": ("jax.vmap(scores)(w, x)", "in_axes=(None, 0)"),
    "the other way round": ("jax.vmap(lambda b, a: a @ b)(x, w)", "in_axes=(0, None)"),
    "another order of axes": ("jax.vmap(lambda a, b: a * b)(jnp.ones((3, 4)), jnp.ones((4, 3)))", ".T"),
    "a scan whose rows have samples": ("jax.lax.scan(grow, jnp.zeros(4), jnp.ones((7, 3, 4)))", "jnp.zeros((3, 4))"),
    "a loop": ("jax.lax.fori_loop(0, 2, lambda i, s: s + jnp.ones((2, 5)), jnp.ones(5))", "jnp.ones((2, 5))"),
    "a column that meets a row": ("jax.lax.fori_loop(0, 2, lambda i, s: s + jnp.ones((5, 1)), jnp.ones(5))", None),
    "a kernel in PyTorch's order": (
        f'jax.lax.conv_general_dilated(image, jnp.ones((7, 5, 3, 3)), (1, 1), "SAME", {NHWC})',
        ".transpose(2, 3, 1, 0)",
    ),
    "letters left out": (
        'jax.lax.conv_general_dilated(image, jnp.ones((3, 3, 5, 7)), (1, 1), "SAME")',
        "dimension_numbers=('NHWC', 'HWIO', 'NHWC')",
    ),
    "channels last": ('jax.lax.conv(image, jnp.ones((7, 5, 3, 3)), (1, 1), "SAME")', ".transpose(0, 3, 1, 2)"),
    "other channels": (f'jax.lax.conv_general_dilated(image, jnp.ones((3, 3, 4, 7)), (1, 1), "SAME", {NHWC})', None),
    "branches": ("jax.lax.cond(True, lambda a: a[:2], lambda a: a[1:], x)", None),
}


def told(text: str, tmp_path: Path) -> Explanation | None:
    file = tmp_path / "script.py"
    file.write_text(BEFORE + text + "\n")
    linecache.checkcache(str(file))
    try:
        exec(compile(file.read_text(), str(file), "exec"), {"__name__": "__main__"})  # noqa: S102 - a text of this test
    except (TypeError, ValueError) as error:
        return explained(error)
    return None


@pytest.mark.parametrize("name", CASES)
def test_what_is_offered_runs(name: str, tmp_path: Path) -> None:
    text, repair = CASES[name]
    explanation = told(text, tmp_path)
    assert explanation is not None
    if repair is None:
        assert explanation.edits == ()
        return
    edit = explanation.edits[0]
    assert edit is not None
    assert repair in edit.new
    exec(BEFORE + edit.new, {})  # noqa: S102 - a text of this test


def test_the_letters_say_which_axes_clash(tmp_path: Path) -> None:
    numbers = 'dimension_numbers=("NWC", "WIO", "NWC")'
    text = f'k = jnp.ones((3, 4, 7))\njax.lax.conv_general_dilated(image[0], k, (1,), "VALID", {numbers})'
    explanation = told(text, tmp_path)
    assert explanation is not None
    assert explanation.clash.marks == ((0, 2), (1, 1))
    assert "image[0] (12, 12, 5) has 5 channels on axis 2 (NWC)" in explanation.clash.says


def test_branches_say_their_shapes(tmp_path: Path) -> None:
    explanation = told(CASES["branches"][0], tmp_path)
    assert explanation is not None
    assert explanation.clash.says == "the first branch gives (2, 2), the second branch gives (8, 2)"
    assert explanation.clash.marks == ((0, 0), (1, 0))
    text = "f = lambda a: a\ng = lambda a: a.sum(1)\njax.lax.switch(1, [f, g], x)"
    explanation = told(text, tmp_path)
    assert explanation is not None
    assert explanation.clash.says == "f gives (9, 2), g gives (9,)"
