"""A table against a reduction of itself, and what all pairs do to the number that they are put into."""

from __future__ import annotations

import numpy as np
import pytest

from tearless.linear_algebra.shapes.pairs import consequence

from .conftest import Look

pytestmark = pytest.mark.filterwarnings("ignore:Using a target size")


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ("A = np.eye(5)\nP = A / A.sum(axis=1)", "A.sum(axis=1, keepdims=True)"),
        ("S = torch.randn(6, 6)\nW = S.exp() / S.exp().sum(-1)", "S.exp().sum(-1, keepdim=True)"),
        ("S = torch.randn(6, 6)\nS = S - S.max(dim=1).values", "S.max(dim=1, keepdim=True).values"),
        ("B = np.eye(4)\nsd = B.std(1)\nz = (B - 1) / sd", "sd[:, None]"),
        ("B = np.ones((4, 4))\nB -= B.mean(1)", "B.mean(1, keepdims=True)"),
        ("B = jnp.ones((4, 4))\nn = B / jnp.linalg.norm(B, axis=-1)", "jnp.linalg.norm(B, axis=-1, keepdims=True)"),
        ("B = np.ones((4, 4))\nbest = B == B.max(axis=1)", "B.max(axis=1, keepdims=True)"),
        ("B = np.ones((3, 5, 5))\nc = np.subtract(B, B.mean(axis=0)[None]) - 0\nd = B[0] - B[0].mean(1)", None),
        ("B = np.ones((5, 5, 5))\nd = B - B.sum(axis=1)", "B.sum(axis=1, keepdims=True)"),
    ],
)
def test_a_reduction_against_the_wrong_axis_of_its_own_table(text: str, repair: str | None, look: Look) -> None:
    (found,) = look(text)
    (suspicion,) = found["suspicions"]
    assert suspicion["repair"] == (repair or "B[0].mean(1, keepdims=True)")
    assert suspicion["mixed"] == 0


CONSEQUENCES = {
    "a loss that is learnt": ("l = ((model(X) - y) ** 2).mean()\nl.backward()", "mean of the targets"),
    "its absolute value": ("l = (model(X) - y).abs().sum()\nl.backward()", "median of the targets"),
    "another loss": ("F.huber_loss(model(X), y).backward()", "all of the targets"),
    "evaluated": ("with torch.no_grad():\n    e = F.mse_loss(model(X), y)\n", "plus the variance of y"),
    "evaluated, summed": ("with torch.no_grad():\n    e = ((model(X) - y) ** 2).sum()\n", "8 times the squares"),
    "no model": ("e = ((Xn[:, :1] - yn) ** 2).mean()", "plus the variance of yn"),
    "weights": ("s = (Xn[:, :1] * yn).sum()", "the sum of Xn[:, :1] times the sum of yn"),
    "a product in a mean": ("s = -(Xn[:, :1] * yn + 1).mean()", "the mean of Xn[:, :1] times the mean of yn"),
    "spread": ("s = np.var(Xn[:, :1] - yn)", "what they have in common is lost"),
    "the mean of a difference": ("b = (Xn[:, :1] - yn).mean()", "the mean comes out right"),
    "the sum of a difference": ("b = (Xn[:, :1] - yn).sum()", "8 times too large"),
    "the largest": ("b = np.abs(Xn[:, :1] - yn).max()", "the max is over all pairs"),
    "how many": ("n = (pred.round() == y).sum()", "counts pairs of rows"),
    "a share": ("n = (Xn[:, :1] > yn).mean()", "the chance that two random rows compare so"),
    "close": ("n = np.allclose(Xn[:, :1], yn)", "holds where all of the pairs do"),
    "a gradient of JAX": (
        "import jax\ndef loss(w, a, b):\n    return ((a @ w - b) ** 2).mean()\n"
        "jax.grad(loss)(jnp.zeros((3, 1)), jnp.ones((8, 3)), jnp.ones(8))",
        "mean of the targets",
    ),
    "no gradient of JAX": ("e = ((jnp.ones((8, 1)) - jnp.ones(8)) ** 2).mean()", "plus the variance of jnp.ones(8)"),
}


@pytest.mark.parametrize("name", CONSEQUENCES)
def test_what_is_said_follows_from_what_is_computed(name: str, look: Look) -> None:
    text, told = CONSEQUENCES[name]
    (found,) = look(text)
    left, right = found["operands"]
    shapes = tuple(left["shape"]), tuple(right["shape"])
    into = found["reduced"], found["by"], found["learnt"]
    said = consequence((left["name"], right["name"]), shapes, found["settings"]["symbol"], into)
    assert told in said


def test_what_is_said_of_all_pairs_is_so() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(9, 1)), rng.normal(size=9)
    pairs = a - b
    assert np.isclose((pairs**2).mean(), ((a - b.mean()) ** 2).mean() + b.var())
    assert np.isclose((pairs**2).sum(), 9 * (((a - b.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()))
    assert np.isclose((a * b).sum(), a.sum() * b.sum())
    assert np.isclose((a * b).mean(), a.mean() * b.mean())
    assert np.isclose(pairs.var(), a.var() + b.var())
    assert np.isclose(pairs.mean(), a.mean() - b.mean())
    assert np.isclose(pairs.sum(), 9 * (a.sum() - b.sum()))
