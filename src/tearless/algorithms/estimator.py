"""What every algorithm shares: its parameters, the check of what comes in, and the manners scikit-learn expects.

An estimator here is a class whose constructor stores its arguments and nothing else, and whose ``fit`` sets attributes
that end in an underscore. scikit-learn is not needed and never loaded: where it is loaded already, its tags, its error
and its warning are used, so that pipelines, searches and ``check_estimator`` take these classes for its own.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.input import Floats, Names, classes, matrix, names_of, new_names, numbers, weights
from tearless.algorithms.output import as_asked, kind_of
from tearless.algorithms.steps import Steps
from tearless.core import CannotTell, InputError


class NotFitted(InputError, AttributeError):
    """The estimator was asked for a result before ``fit``."""


class Estimator:
    """Parameters from the constructor's signature, a matrix checked at the border, and the tags scikit-learn asks for.

    Subclasses store every constructor argument under its own name, and call ``_fit_matrix`` in ``fit`` and ``_matrix``
    everywhere else: both give a float64 matrix of finite numbers. Fitted, there is ``n_features_in_``, and
    ``feature_names_in_`` where the columns have names.

    >>> class Scale(Estimator):
    ...     def __init__(self, by=1.0):
    ...         self.by = by
    >>> Scale(by=2.0), Scale().set_params(by=3.0).get_params()
    (Scale(by=2.0), {'by': 3.0})
    """

    _kind: ClassVar[str | None] = None
    _needs_y: ClassVar[bool] = False
    _least_rows: ClassVar[int] = 1
    _positive_only: ClassVar[bool] = False
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    @classmethod
    def _parameters(cls) -> Mapping[str, inspect.Parameter]:
        if cls.__init__ is object.__init__:
            return {}
        return {n: p for n, p in inspect.signature(cls.__init__).parameters.items() if n != "self"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments; with ``deep``, those of estimators among them too, as ``outer__inner``."""
        out: dict[str, Any] = {}
        for name in sorted(self._parameters()):
            value = out[name] = getattr(self, name)
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                out |= {f"{name}__{inner}": v for inner, v in value.get_params().items()}
        return out

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name. They are judged at the next ``fit``. Raises ``InputError`` for an unknown name."""
        known = self._parameters()
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if outer not in known:
                raise InputError(
                    f"{outer}: expected a parameter of {type(self).__name__}, got an unknown name; choose one of "
                    f"{', '.join(sorted(known)) or 'none'}"
                )
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        said = []
        for name, parameter in self._parameters().items():
            value = getattr(self, name, parameter.default)
            if repr(value) != repr(parameter.default):
                said.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(said)})"

    def explain(self) -> Steps:
        """What the fit did, step by step: which function of which pillar, with the numbers of the fitted data."""
        self._check_fitted()
        return self._steps()

    def _steps(self) -> Steps:
        raise NotImplementedError

    def _fit_matrix(self, X: Any) -> Floats:
        """``X`` checked, when fitting: its number of columns and their names are kept."""
        names = names_of(X)
        checked = matrix(X, least_rows=self._least_rows, positive_only=self._positive_only)
        self.n_features_in_ = checked.shape[1]
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return checked

    def _matrix(self, X: Any) -> Floats:
        """``X`` checked after the fit: it must be the table the fit knew, in columns and their names."""
        self._check_fitted()
        new_names(names_of(X), self._names(), type(self).__name__)
        checked = matrix(X, positive_only=self._positive_only)
        if checked.shape[1] != self.n_features_in_:
            raise InputError(
                f"X has {checked.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input: give the columns it was fitted on"
            )
        return checked

    def _names(self) -> Names | None:
        return getattr(self, "feature_names_in_", None)

    def _check_fitted(self) -> None:
        if not hasattr(self, "n_features_in_"):
            raise _not_fitted(type(self).__name__)

    def __sklearn_tags__(self) -> Any:
        """The tags scikit-learn asks for, made of its own classes. Raises ``CannotTell`` where it is not loaded."""
        sk = sys.modules.get("sklearn.utils")
        if sk is None:
            raise CannotTell("scikit-learn is not loaded: its tags are made of its own classes; import sklearn first")
        return sk.Tags(
            estimator_type=self._kind if self._kind in ("classifier", "regressor") else None,
            target_tags=sk.TargetTags(required=self._needs_y),
            classifier_tags=sk.ClassifierTags() if self._kind == "classifier" else None,
            regressor_tags=sk.RegressorTags() if self._kind == "regressor" else None,
            transformer_tags=sk.TransformerTags(preserves_dtype=["float64", "float32"])
            if hasattr(self, "transform")
            else None,
            input_tags=sk.InputTags(positive_only=self._positive_only),
        )


class Classifier(Estimator):
    """Labels in, labels out. ``_fit_classes`` gives their numbers 0 … K−1; ``classes_`` holds the labels, sorted.

    >>> class Shares(Classifier):
    ...     def fit(self, X, y):
    ...         self.shares_ = np.bincount(self._fit_classes(X, y)[1]) / len(y)
    ...         return self
    ...
    ...     def predict_proba(self, X):
    ...         return np.tile(self.shares_, (len(X), 1))
    >>> model = Shares().fit([[1.0], [2.0], [3.0]], ["yes", "no", "yes"])
    >>> model.classes_.tolist(), model.predict([[9.0]]).tolist(), model.score([[1.0], [2.0]], ["yes", "no"])
    (['no', 'yes'], ['yes'], 0.5)
    """

    _kind = "classifier"
    _needs_y = True
    classes_: NDArray[Any]

    def _fit_classes(self, X: Any, y: Any) -> tuple[Floats, NDArray[np.intp]]:
        """``(X, codes)``: the matrix and the number of each row's class. Sets ``classes_``."""
        checked = self._fit_matrix(X)
        self.classes_, codes = classes(y, checked.shape[0], type(self).__name__, _data_warning())
        return checked, codes

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class, shape ``(n, K)``, columns in the order of ``classes_``."""
        raise NotImplementedError

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of every row, shape ``(n,)``; of classes that tie, the first in ``classes_``."""
        best = np.argmax(self.predict_proba(X), axis=1)
        return np.asarray(self.classes_[best])

    def predict_log_proba(self, X: Any) -> Floats:
        """The natural logarithm of ``predict_proba``; −inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the share of rows, by weight, whose class was predicted."""
        predicted = self.predict(X)
        truth = np.asarray(y)
        if truth.shape != predicted.shape:
            raise InputError(f"y: expected shape {predicted.shape}, as X has rows, got {truth.shape}; match the rows")
        return float(np.average(truth == predicted, weights=weights(sample_weight, predicted.shape[0])))


class Regressor(Estimator):
    """Numbers in, numbers out.

    >>> class Mean(Regressor):
    ...     def fit(self, X, y):
    ...         self.mean_ = self._fit_numbers(X, y)[1].mean()
    ...         return self
    ...
    ...     def predict(self, X):
    ...         return np.full(len(X), self.mean_)
    >>> Mean().fit([[1.0], [2.0]], [3.0, 5.0]).score([[1.0], [2.0]], [3.0, 5.0])  # no better than the mean
    0.0
    """

    _kind = "regressor"
    _needs_y = True

    def _fit_numbers(self, X: Any, y: Any) -> tuple[Floats, Floats]:
        """``(X, y)``: the matrix and the target of finite float64 numbers, shape ``(n,)``."""
        checked = self._fit_matrix(X)
        return checked, numbers(y, checked.shape[0], type(self).__name__, _data_warning())

    def predict(self, X: Any) -> Floats:
        """The predicted number of every row, shape ``(n,)``, in the unit of ``y``."""
        raise NotImplementedError

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R²: 1 − Σw(y−ŷ)²/Σw(y−ȳ)². Where ``y`` never changes: 1 if predicted exactly, else 0."""
        predicted = self.predict(X)
        truth = numbers(y, predicted.shape[0], type(self).__name__, _data_warning())
        w = weights(sample_weight, truth.shape[0])
        left = np.average((truth - predicted) ** 2, weights=w)
        spread = np.average((truth - np.average(truth, weights=w)) ** 2, weights=w)
        return float(1.0 - left / spread) if spread > 0 else float(left == 0)


class Transformer(Estimator):
    """A matrix in, a matrix out, in float32 where float32 came in.

    >>> class Sums(Transformer):
    ...     _n_features_out = 1
    ...
    ...     def fit(self, X, y=None):
    ...         self._fit_matrix(X)
    ...         return self
    ...
    ...     def transform(self, X):
    ...         return self._matrix(X).sum(axis=1, keepdims=True)
    >>> sums = Sums()
    >>> sums.fit_transform([[1.0, 2.0], [3.0, 4.0]]).tolist(), sums.get_feature_names_out().tolist()
    ([[3.0], [7.0]], ['sums0'])
    """

    _n_features_out: int

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "transform" in vars(cls):
            setattr(cls, "transform", as_asked(cls.transform))  # noqa: B010 - a method is not assigned to

    def set_output(self, *, transform: str | None = None) -> Self:
        """What ``transform`` gives from now on: ``"default"`` for arrays, ``"pandas"`` or ``"polars"`` for tables."""
        if transform is not None:
            self._sklearn_output_config = {"transform": kind_of(transform)}
        return self

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from ``X``; ``y`` is not looked at."""
        raise NotImplementedError

    def transform(self, X: Any) -> NDArray[Any]:
        """``X`` in its new columns."""
        raise NotImplementedError

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[Any]:
        """``fit(X).transform(X)``."""
        return self.fit(X, y).transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The new columns' names: the lower-case class name and a number, as in scikit-learn."""
        self._check_fitted()
        if input_features is not None:
            given = list(input_features)
            if len(given) != self.n_features_in_:
                raise InputError(
                    f"input_features should have length equal to number of features ({self.n_features_in_}), "
                    f"got {len(given)}; leave it out"
                )
            known = self._names()
            if known is not None and given != list(known):
                raise InputError("input_features is not equal to feature_names_in_; leave it out")
        prefix = type(self).__name__.lower()
        return np.array([f"{prefix}{i}" for i in range(self._n_features_out)], dtype=object)


def float_dtype(X: Any) -> Any:
    """The dtype a transformer answers in: float32 where that came, else float64.

    >>> float_dtype(np.ones((2, 2), dtype=np.float32)).__name__, float_dtype([[1, 2]]).__name__
    ('float32', 'float64')
    """
    return np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64


def generator(random_state: Any) -> np.random.Generator:
    """A random generator from ``None`` (unpredictable), a whole number, a ``Generator`` or a ``RandomState``.

    Raises ``InputError`` for anything else.

    >>> bool(generator(0).random() == np.random.default_rng(0).random())
    True
    """
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(0, 2**31, size=4))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as why:
        raise InputError(
            f"random_state: expected None, a whole number of at least 0 or a generator, got {random_state!r} ({why}); "
            "0 will do"
        ) from None


def warn_not_converged(message: str) -> None:
    """Warn that an iteration ended before its stopping rule held, with scikit-learn's warning where that is loaded.

    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     warn_not_converged("the step is still 0.1; raise max_iter")
    >>> str(said[0].message)
    'the step is still 0.1; raise max_iter'
    """
    sk = sys.modules.get("sklearn.exceptions")
    warnings.warn(message, sk.ConvergenceWarning if sk else NotConverged, stacklevel=3)


class NotConverged(UserWarning):
    """An iteration ended before its stopping rule held."""


class DataConversionWarning(UserWarning):
    """Data had another shape than expected and were converted. Named as in scikit-learn."""


def _data_warning() -> type[Warning]:
    sk = sys.modules.get("sklearn.exceptions")
    known: type[Warning] = sk.DataConversionWarning if sk else DataConversionWarning
    return known


def _not_fitted(name: str) -> NotFitted:
    sk = sys.modules.get("sklearn.exceptions")
    kind = type("NotFitted", (NotFitted, sk.NotFittedError), {}) if sk else NotFitted
    error: NotFitted = kind(f"{name}: expected a fitted estimator, got one that was never fitted; call fit(X, y) first")
    return error
