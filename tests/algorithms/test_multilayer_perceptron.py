"""The perceptron's gradients are PyTorch's, its descent too, and scikit-learn takes it for its own."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own abbreviation
from sklearn import datasets, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tearless.algorithms.multilayer_perceptron import BENDS, MLPClassifier, MLPRegressor, backward, forward
from tearless.calculus import finite_differences, local_derivatives, reverse_mode
from tearless.core import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
CLASSES = RNG.integers(0, 3, 30)
NUMBERS = np.sin(X[:, 0]) + X[:, 1]
TORCH = {"identity": lambda z: z, "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
WIDTHS: list[tuple[int, ...]] = [(), (5,), (6, 3), (4, 4, 4)]


def made(kind: Any, hidden: tuple[int, ...], activation: str, **more: Any) -> Any:
    """A model fitted for one epoch, so that weights are there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = kind(hidden, activation, max_iter=1, random_state=0, alpha=0.3, **more)
        return model.fit(X, CLASSES if kind is MLPClassifier else NUMBERS)


def flat(model: Any) -> Any:
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return np.concatenate([part.ravel() for pair in pairs for part in pair])


def torch_loss(model: Any, w: torch.Tensor) -> Any:
    """The same loss in PyTorch, written once more."""
    a, penalty = torch.tensor(X), torch.zeros((), dtype=torch.float64)
    layers = model._layers(w)
    for i, (m, b) in enumerate(layers):
        a = a @ m + b
        a = TORCH[model.activation](a) if i < len(layers) - 1 else a
        penalty = penalty + (m**2).sum()
    if isinstance(model, MLPClassifier):
        loss = F.cross_entropy(a, torch.tensor(CLASSES))
    else:
        loss = F.mse_loss(a[:, 0], torch.tensor(NUMBERS))
    return loss + model.alpha / 2 / len(X) * penalty


def truth(model: Any) -> Any:
    return CLASSES if isinstance(model, MLPClassifier) else NUMBERS[:, None]


@pytest.mark.parametrize("activation", BENDS)
@pytest.mark.parametrize("hidden", WIDTHS, ids=str)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_gradient_is_pytorchs(kind: Any, hidden: tuple[int, ...], activation: str) -> None:
    model = made(kind, hidden, activation)
    w = torch.tensor(flat(model), requires_grad=True)
    loss = torch_loss(model, w)
    (slope,) = torch.autograd.grad(loss, w)
    value, gradient = model._objective(flat(model), X, truth(model))
    assert value == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-10 * float(slope.abs().max()))


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_two_more_opinions_agree(kind: Any, activation: str) -> None:
    model = made(kind, (5, 3), activation)
    w, y = flat(model), truth(model)
    gradient = model._objective(w, X, y)[1]
    loss, v = model._second_opinion(w, X, y)
    np.testing.assert_allclose(gradient, reverse_mode.gradient(loss, [v])[0].value, rtol=1e-10, atol=1e-14)
    error, where = finite_differences.largest_difference(lambda w: model._objective(w, X, y)[0], gradient, w)
    assert error < 1e-8, where


def test_a_slip_in_the_way_back_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative of tanh forgotten: the second opinion in explain shows it."""
    model = made(MLPClassifier, (5,), "tanh")
    right = {s.function: s for s in model.explain()}["calculus.reverse_mode.gradient"].numbers["apart"].value
    assert right is not None
    assert right < 1e-14
    monkeypatch.setitem(BENDS, "tanh", (np.tanh, np.ones_like, local_derivatives.tanh))
    wrong = {s.function: s for s in model.explain()}["calculus.reverse_mode.gradient"].numbers["apart"].value
    assert wrong is not None
    assert wrong > 1e-4


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_descent_is_pytorchs_adam(kind: Any) -> None:
    settings: dict[str, Any] = {
        "batch_size": 30,
        "learning_rate_init": 0.01,
        "random_state": 3,
        "alpha": 0.1,
        "tol": 0.0,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = kind((5,), "tanh", max_iter=40, **settings).fit(X, CLASSES if kind is MLPClassifier else NUMBERS)
    w = torch.tensor(model._first(np.random.default_rng(3)), requires_grad=True)
    optimiser = torch.optim.Adam([w], lr=0.01)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = torch_loss(model, w)
        (w.grad,) = torch.autograd.grad(loss, w)
        losses.append(loss.item())
        optimiser.step()
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-10)
    np.testing.assert_allclose(flat(model), w.detach(), rtol=1e-8, atol=1e-10)


def test_with_scikit_learns_weights_it_predicts_as_scikit_learn() -> None:
    for ours, theirs, y in (
        (MLPClassifier((5, 3), "tanh", max_iter=1), neural_network.MLPClassifier((5, 3), "tanh", max_iter=20), CLASSES),
        (MLPRegressor((5,), max_iter=1), neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=20), NUMBERS),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours.fit(X, y)
            theirs.fit(X, y)
        ours.coefs_, ours.intercepts_ = theirs.coefs_, theirs.intercepts_
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)
        if isinstance(ours, MLPClassifier):
            np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)
            np.testing.assert_allclose(ours.predict_log_proba(X), np.log(theirs.predict_proba(X)), rtol=1e-10)


@pytest.mark.parametrize("name", ["wine", "iris", "breast_cancer", "digits"])
def test_it_is_as_right_as_scikit_learns_on_real_data(name: str) -> None:
    data, target = getattr(datasets, f"load_{name}")(return_X_y=True)
    settings: dict[str, Any] = {"max_iter": 60, "random_state": 0, "learning_rate_init": 0.01}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = [
            cross_val_score(make_pipeline(StandardScaler(), kind((30,), **settings)), data, target, cv=3)
            for kind in (MLPClassifier, neural_network.MLPClassifier)
        ]
    n = len(target)
    share = float(np.mean(scores))
    noise = 3 * np.sqrt(2 * share * (1 - share) / n + 1 / n**2)
    assert abs(np.mean(scores[0]) - np.mean(scores[1])) < noise


def test_it_bends_where_a_line_cannot() -> None:
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]] * 10)
    either = corners[:, 0] != corners[:, 1]
    settings: dict[str, Any] = {"learning_rate_init": 0.05, "max_iter": 2000, "random_state": 1}
    assert MLPClassifier((8,), "tanh", **settings).fit(corners, either).score(corners, either) == 1
    assert MLPClassifier((8,), "identity", **settings).fit(corners, either).score(corners, either) < 0.8


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_it_explains_its_fit_and_names_real_functions(kind: Any) -> None:
    steps = made(kind, (5,), "relu").explain()
    assert [s.pillar for s in steps] == ["linear-algebra", *["calculus"] * 3, "linear-algebra", "calculus"]
    for step in steps:
        module, _, function = f"tearless.{step.function}".rpartition(".")
        assert hasattr(importlib.import_module(module), function)
        assert all(n.meaning and n.value is not None for n in step.numbers.values())
    assert "4 → 5 → " in str(steps)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_gradient_of_each_layer_is_told_as_pytorch_has_it(kind: Any) -> None:
    model = made(kind, (5, 3), "tanh")
    w = torch.tensor(flat(model), requires_grad=True)
    (slope,) = torch.autograd.grad(torch_loss(model, w), w)
    told = {s.function: s for s in model.explain()}["linear_algebra.norms.l2"].numbers
    assert [n.value for n in told.values()] == pytest.approx(
        [float(m.norm()) for m, _ in model._layers(slope)], rel=1e-10
    )
    assert list(told) == ["layer 1", "layer 2", "layer 3"]


def test_with_twice_its_penalty_the_gradient_is_twice_scikit_learns() -> None:
    """scikit-learn's one step of plain descent shows its gradient: of half the squared error."""
    theirs = neural_network.MLPRegressor(
        hidden_layer_sizes=(5,), activation="tanh", alpha=0.3, solver="sgd", learning_rate_init=1e-3, momentum=0.0,
        batch_size=30, max_iter=1, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, NUMBERS)
        after = [part for pair in zip(theirs.coefs_, theirs.intercepts_, strict=True) for part in pair]
        theirs.set_params(learning_rate_init=1e-300).fit(X, NUMBERS)
        before = [part for pair in zip(theirs.coefs_, theirs.intercepts_, strict=True) for part in pair]
    step = np.concatenate([(b - a).ravel() / 1e-3 for a, b in zip(after, before, strict=True)])
    ours = made(MLPRegressor, (5,), "tanh").set_params(alpha=0.6)
    gradient = ours._objective(np.concatenate([b.ravel() for b in before]), X, NUMBERS[:, None])[1]
    np.testing.assert_allclose(gradient, 2 * step, rtol=1e-9, atol=1e-9)


def test_above_the_rate_it_tells_adam_diverges_and_below_it_does_not() -> None:
    """Linear and quadratic: the curvature is the same everywhere, and the bound exact but for √v̂."""
    settings: dict[str, Any] = {"alpha": 0.0, "batch_size": 30, "random_state": 0, "n_iter_no_change": 10_000}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPRegressor((), learning_rate_init=0.01, max_iter=300, **settings).fit(X, NUMBERS)
    steps = {s.function: s for s in model.explain()}
    curved = steps["calculus.stability.largest_adam_rate"].numbers
    design = np.hstack([X, np.ones((30, 1))])
    hessian = 2 * design.T @ design / 30
    top = max(np.linalg.eigvals(hessian / model._denominator[:, None]).real)
    assert curved["curvature"].value == pytest.approx(top, rel=1e-6)
    assert curved["largest rate"].value == pytest.approx(38 / top, rel=1e-6)


def test_it_says_when_it_was_stopped_and_when_it_diverges() -> None:
    with pytest.warns(ConvergenceWarning, match="max_iter: after 2 epochs"):
        MLPClassifier(max_iter=2, random_state=0).fit(X, CLASSES)
    with pytest.raises(InputError, match="learning_rate_init: expected a rate under which the loss falls"):
        MLPRegressor((5, 5), "identity", learning_rate_init=1e200, max_iter=50).fit(X, NUMBERS)


def test_the_same_seed_gives_the_same_weights_and_labels_may_be_text() -> None:
    labels = np.array(["a", "b", "c"])[CLASSES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, two, other = (MLPClassifier((4,), max_iter=5, random_state=s).fit(X, labels) for s in (1, 1, 2))
    np.testing.assert_array_equal(flat(one), flat(two))
    assert (flat(one) != flat(other)).any()
    assert set(one.predict(X)) <= {"a", "b", "c"}
    np.testing.assert_allclose(one.predict_proba(X).sum(axis=1), 1, rtol=1e-14)


def test_forward_and_backward_alone() -> None:
    layers = [(np.ones((4, 2)), np.zeros(2)), (np.ones((2, 1)), np.zeros(1))]
    seen = forward(layers, X, "tanh")
    assert [a.shape for a in seen] == [(30, 4), (30, 2), (30, 1)]
    gradient = backward(layers, seen, np.ones((30, 1)), "tanh")
    assert [(w.shape, b.shape) for w, b in gradient] == [((4, 2), (2,)), ((2, 1), (1,))]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (MLPClassifier((0,)), "hidden_layer_sizes"),
        (MLPClassifier("ten"), "hidden_layer_sizes"),
        (MLPClassifier(activation="sine"), "activation"),
        (MLPClassifier(alpha=-1.0), "alpha"),
        (MLPClassifier(learning_rate_init=0.0), "learning_rate_init"),
        (MLPClassifier(batch_size=0), "batch_size"),
        (MLPClassifier(max_iter=0), "max_iter"),
        (MLPClassifier(tol=-1.0), "tol"),
        (MLPClassifier(n_iter_no_change=0), "n_iter_no_change"),
        (MLPClassifier(random_state="x"), "random_state"),
    ],
    ids=repr,
)
def test_parameters_that_cannot_be_used_are_refused_at_fit(model: Any, words: str) -> None:
    with pytest.raises(InputError, match=f"^{words}: expected"):
        model.fit(X, CLASSES)


def test_one_class_is_refused() -> None:
    with pytest.raises(InputError, match="at least two classes, got 1 class"):
        MLPClassifier().fit(X, np.zeros(30, int))
