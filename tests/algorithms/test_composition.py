"""Every learning algorithm is a composition of the four pillars: its imports say so, and nothing else is imported."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

import pytest

from tearless.algorithms.pillars import BASE, BORDER, PILLARS, names, pillars_of, source_of
from tearless.core import InputError


def strangers(text: str) -> Iterator[str]:
    """What a source text imports that no algorithm may: all but pillars, core, this folder, numpy and Python's own."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            modules = [f"{'.' * node.level}{node.module or ''}"]
        elif isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        else:
            continue
        for module in modules:
            top, _, rest = module.partition(".")
            house = top == "tearless" and rest.partition(".")[0] in {*PILLARS, "core", "algorithms"}
            if not (house or top == "numpy" or top in sys.stdlib_module_names):
                yield module


@pytest.mark.parametrize("name", names())
def test_an_algorithm_imports_pillars_and_nothing_else(name: str) -> None:
    assert not list(strangers(source_of(name)))


@pytest.mark.parametrize(
    "text",
    [
        "import scipy",
        "from sklearn.tree import X",
        "from tearless.doctor import x",
        "def f():\n    import torch",
        "from . import x",
    ],
)
def test_a_stranger_is_seen(text: str) -> None:
    assert list(strangers(text))


@pytest.mark.parametrize("name", names())
def test_an_algorithm_stands_on_pillars_and_says_on_which_functions(name: str) -> None:
    on = pillars_of(name)
    assert on
    assert list(on) == [p for p in PILLARS if p in on]
    assert all(functions for functions in on.values())


def test_the_pillars_of_linear_models_are_those_of_the_textbook() -> None:
    assert tuple(pillars_of("ridge")) == ("linear_algebra",)
    assert tuple(pillars_of("logistic-regression")) == ("linear_algebra", "calculus")
    assert "losses.BinaryCrossEntropy" in pillars_of("logistic_regression")["calculus"]
    assert "least_squares.qr" in pillars_of("linear-regression")["linear_algebra"]
    assert "stability.largest_rate" in pillars_of("linear-regression")["calculus"]


def test_the_border_and_the_base_make_no_pillar() -> None:
    assert all(f"linear_algebra.{f}" != BORDER for n in names() for f in pillars_of(n).get("linear_algebra", ()))
    assert not BASE & {n.replace("-", "_") for n in names()}


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"name: expected an algorithm, got `svm`; choose one of .*ridge"):
        pillars_of("svm")
