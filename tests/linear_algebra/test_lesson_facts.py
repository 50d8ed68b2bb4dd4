"""The small tables that lessons are computed on: what is kept, what is refused, and with which words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import tearless
from tearless.core.lesson_laws import settings

LESSONS = ("normalisation", "pca", "similarity", "shapes-and-the-layer", "norms-and-regularisation")
N = 60
A = np.random.default_rng(5).normal(size=N)

STRANGE: Mapping[str, Mapping[str, Any]] = {
    "one row": {"a": [1.0], "b": [2.0], "y": [3.0]},
    "three rows": {"a": [1.0, 2.0, 4.0], "b": [5.0, 1.0, 1.0], "y": [0.0, 1.0, 3.0]},
    "constant": {"a": [1.0] * N, "b": A, "y": A**2},
    "all constant": {"a": [1.0] * N, "b": [2.0] * N, "y": [3.0] * N},
    "holes": {"a": np.where(A > 1, math.nan, A), "b": np.where(A < -1, math.inf, A**2), "y": A**3},
    "all holes": {"a": [math.nan] * N, "b": A, "y": A**2},
    "text": {"a": ["u", "v"] * (N // 2), "b": ["w"] * N, "y": ["x"] * N},
    "copies": {"a": A, "b": A, "c": 2 * A, "y": A},
    "huge": {"a": A * 1e200, "b": A**2, "y": A},
    "tiny": {"a": A * 1e-200, "b": A**2, "y": A},
    "offset": {"a": A + 1e12, "b": A**2, "y": A},
    "zeros": {"a": [0.0] * 30 + [1.0, 2.0] * 15, "b": [0.0] * 30 + [1.0, 1.0, 3.0] * 10, "y": A},
    "nearly constant": {"a": [0.0] * (N - 1) + [1.0], "b": A, "y": A**2},
    "hostile names": {"<b>": A, "`{steps}`": A**2, "\x1b[31m": A**3, "y": A},
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lesson", LESSONS)
@pytest.mark.parametrize("kind", STRANGE)
def test_strange_data_give_a_finite_view_or_a_named_refusal(lesson: str, kind: str) -> None:
    try:
        opened = tearless.lesson(lesson, dict(STRANGE[kind]), target="y")
    except tearless.InputError as why:
        refusal = str(why)
        assert f"the lesson {lesson} cannot be had on" in refusal
        return
    for setting in settings(opened.controls):
        view = opened.view(**setting)
        assert "nan" not in view.sentence
        assert len(view.sentence.split()) <= 50
        for text in opened.lesson.page().sections.values():
            text.format(**view.fields)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_long_table_is_looked_at_in_part(lesson: str) -> None:
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=20_000) for name in "abcy"}
    assert len(tearless.lesson(lesson, columns, target="y").problem.X) <= 2_000


def test_shuffled_columns_decide_how_many_components_stand_out() -> None:
    rng = np.random.default_rng(1)
    common, noise = rng.normal(size=(200, 1)), rng.normal(size=(200, 8))
    for X, expected in ((common + 0.7 * noise, 1), (noise, 0)):
        found = tearless.lesson("pca", {f"x{j}": X[:, j] for j in range(8)}).view().numbers
        assert found["enough"].value == expected
    assert (found["above_one"].value or 0) > 2  # the rule of variances above one would keep noise


def test_the_tutorials_numbers_are_corrected() -> None:
    similarity = tearless.lesson("similarity").view().numbers
    norms = tearless.lesson("norms-and-regularisation").view().numbers
    assert str(similarity["recomputed"]) == "0.978"
    assert str(norms["l2_of"]) == "2.93"


def test_the_loss_over_all_pairs_is_distance_from_the_mean_plus_the_variance() -> None:
    lesson = tearless.lesson("shapes-and-the-layer")
    wrong, right = lesson.view(), lesson.view(target="one column")
    n = wrong.numbers["samples"].value
    y = lesson.problem.y[:8]
    f = lesson.problem.X[:8] @ lesson.problem.w + lesson.problem.b
    assert n == 8
    assert wrong.numbers["errors"].value == 64
    assert wrong.numbers["loss"].value == pytest.approx(np.mean((f - y.mean()) ** 2) + y.var(), rel=1e-12)
    assert right.numbers["loss"].value == pytest.approx(np.mean((f - y) ** 2), rel=1e-12)
