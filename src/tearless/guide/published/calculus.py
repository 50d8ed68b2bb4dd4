"""Published figures of calculus, computed again."""

from __future__ import annotations

from functools import cache

import numpy as np

from tearless.calculus import descent, stability

from .row import Row, figures

T = np.arange(1.0, 6.0)
Y = np.array([2.1, 3.9, 6.2, 7.8, 10.1])
CURVATURE = float(2 * (T @ T) / len(T))
LEAST = float(T @ Y / (T @ T))


def rows() -> list[Row]:
    return [_after_20(), _after_40(), _converged(), _rates()]


def _loss(w: np.ndarray) -> float:
    return float(((w * T - Y) ** 2).mean())


def _gradient(w: np.ndarray) -> np.ndarray:
    slope: np.ndarray = np.asarray(2 * (T * (w * T - Y)).mean())
    return slope


@cache
def _path(rate: float, steps: int) -> tuple[descent.Step, ...]:
    return tuple(descent.path(_loss, _gradient, 0.0, descent.GradientDescent(rate), steps))


def _after_20() -> Row:
    step = _path(0.01, 100)[20]
    return Row(
        "gradient descent on y = w x, step 20",
        "x = 1 ... 5, y = 2.1, 3.9, 6.2, 7.8, 10.1; w₀ = 0; rate 0.01; mean squared error",
        figures(
            {"w": "1.9839", "loss": "0.003764", "gradient": "-1.6136"},
            {"w": float(step.w), "loss": float(step.loss), "gradient": float(step.gradient)},
        ),
        f"no w has a loss below {_loss(np.asarray(LEAST)):.4f} here: the points do not lie on a line. A loss of 0.0038 "
        f"beside a gradient of −1.6 contradicts itself too: at curvature {CURVATURE:g} that gradient means a loss "
        f"{1.6136**2 / (2 * CURVATURE):.3f} above the least",
    )


def _after_40() -> Row:
    step = _path(0.01, 100)[40]
    return Row(
        "the same, step 40",
        "the same",
        figures({"w": "1.9998", "loss": "0.000001"}, {"w": float(step.w), "loss": float(step.loss)}),
        f"descent goes to {LEAST:.4f}, the least-squares slope, not to the 2 that the data were made to resemble",
    )


def _converged() -> Row:
    step = _path(0.01, 100)[100]
    return Row(
        "the same, converged",
        "100 steps",
        figures({"w": "2.0000", "loss": "0.00000000"}, {"w": float(step.w), "loss": float(step.loss)}),
        f"noise leaves a mean squared error of {_loss(np.asarray(LEAST)):.4f} at the best slope there is; a loss of 0 "
        "on measured data should make anyone look again",
    )


def _rates() -> Row:
    printed: dict[str, str | None] = {
        "w at 0.0001": "0.5765",
        "loss at 0.0001": "8.842",
        "w at 0.001": "1.8690",
        "loss at 0.001": "0.0235",
        "loss at 0.01": "0.00000000",
        "w at 0.1": "2.0000",
        "loss at 0.1": "0.00000000",
        "w at 1.0": "nan",
    }
    ends = {rate: _path(rate, 50)[50] for rate in (0.0001, 0.001, 0.01, 0.1, 1.0)}
    computed = {f"w at {r}": float(s.w) for r, s in ends.items()} | {
        f"loss at {r}": float(s.loss) for r, s in ends.items()
    }
    bound = stability.largest_rate(CURVATURE)
    factor = stability.factor_per_step(0.1, CURVATURE)
    return Row(
        "learning rates after 50 steps",
        "the same problem",
        figures(printed, {name: computed[name] for name in printed}),
        f"the largest stable rate is 2/λmax = 2/{CURVATURE:g} = {bound:.4f}: at 0.1 the error grows {factor:.2g}-fold "
        f"a step, so it cannot converge; at 1.0 it grows {stability.factor_per_step(1.0, CURVATURE):.3g}-fold, large "
        "after 50 steps but no nan yet",
    )
