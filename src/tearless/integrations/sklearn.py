"""``InputCheck`` for scikit-learn: a step that checks what a pipeline is fitted on, and watches what it meets later.

It stands before the steps that change the columns, and hands everything through untouched::

    make_pipeline(InputCheck(), StandardScaler(), LogisticRegression())
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

from tearless.core import InputError, Severity, quoted
from tearless.core.errors import FoundProblems
from tearless.doctor.check import check
from tearless.doctor.new_rows import ENOUGH, NewRows, columns_beside, differences, names_of, with_target
from tearless.doctor.summarize import summarize
from tearless.readers import open_table
from tearless.statistics.against.change import Change

from .told import told

try:
    from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin  # type: ignore[import-untyped]
    from sklearn.utils import check_array, check_consistent_length  # type: ignore[import-untyped]
    from sklearn.utils.validation import check_is_fitted  # type: ignore[import-untyped]
except ImportError:
    raise InputError(
        "InputCheck: expected scikit-learn beside tearless, got none; `pip install scikit-learn`"
    ) from None

REACTIONS = ("warn", "raise", "ignore")
SHOWN = 5
DO = "find what changed in how this is made; fit again if it is here to stay"
_FINITE = {"ensure_all_finite", "force_all_finite"} & set(inspect.signature(check_array).parameters)
"""What this version of scikit-learn calls it."""


class FindingsWarning(UserWarning):
    """What a pipeline is fitted on has findings."""


class DriftWarning(UserWarning):
    """What a pipeline meets is not like what it was fitted on."""


class InputCheck(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Checks the input of ``fit``, and warns in ``transform`` when new rows are not like it. Changes nothing.

    ``fit`` runs ``tearless.check`` on X, with y as the target, and keeps the profile of X. ``transform`` holds new rows
    until there are ``min_rows`` and compares them with the profile: numbers, categories and empty cells of each column.
    Fewer rows tell nothing. Columns that are gone, new or of another type are told at once. All comparisons that an
    ``InputCheck`` ever makes alarm falsely with chance 0.01 at most, if rows come as those of the fit did.

    Parameters
    ----------
    on_findings : "warn", "raise" or "ignore"
        What to do when ``fit`` has findings: a ``FindingsWarning``, or ``tearless.FoundProblems``.
    on_drift : "warn", "raise" or "ignore"
        What to do when new rows differ: a ``DriftWarning``, or ``tearless.FoundProblems``; "ignore" compares nothing.
    at_least : "warning", "error" or "note"
        The least severity of a finding.
    select, ignore : names of checks or pillars
        As ``tearless.check`` takes them.
    min_rows : int
        New rows that are compared together, at least 1. More rows show smaller changes, later.
    seed : int
        For what the checks draw at random.

    Attributes
    ----------
    report_ : tearless.Report
        What was found in ``fit``.
    baseline_ : Summary
        What is kept of X, as ``tearless.summarize`` keeps it: no rows. ``baseline_.save(path)`` writes it for
        ``tearless check TODAY --against``.
    drift_ : tuple of Change, or None
        What the latest comparison told; ``None`` before the first.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> step = InputCheck(on_drift="raise").fit(rng.normal(size=(1_000, 3)))
    >>> new = rng.normal(size=(600, 3))
    >>> step.transform(new) is new, step.drift_
    (True, ())
    >>> step.transform(new + [0, 0, 1])
    Traceback (most recent call last):
    tearless.core.errors.FoundProblems: 600 new rows are not like the 1,000 of the fit:
      `x2` moved up: median -0.0215 earlier, 1.06 now
    find what changed in how this is made; fit again if it is here to stay
    """

    def __init__(
        self,
        *,
        on_findings: str = "warn",
        on_drift: str = "warn",
        at_least: str = "warning",
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        min_rows: int = ENOUGH,
        seed: int = 0,
    ) -> None:
        self.on_findings = on_findings
        self.on_drift = on_drift
        self.at_least = at_least
        self.select = select
        self.ignore = ignore
        self.min_rows = min_rows
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check X, with y as the target where it is one column, and keep the profile of X.

        Raises ``InputError`` for what is no table, ``ValueError`` or ``TypeError`` as scikit-learn does for arrays that
        are none, and ``FoundProblems`` for findings if asked to.
        """
        self._check_arguments()
        given = _usable(X, fewest=1)
        if y is not None:
            check_consistent_length(X, y)
        source = open_table(given, "X")
        table = source.rows.collect()
        if not table.height:
            raise InputError("X: expected rows to fit on, got none; give at least one")
        both, target = with_target(table, y)
        names = names_of(given)
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names
        self.n_features_in_ = given.shape[1]
        asked: dict[str, Any] = {"select": self.select, "ignore": self.ignore, "seed": self.seed}
        whole = replace(open_table(both, "X"), label=source.label, notes=source.notes)
        self.report_ = check(whole, target=target, kind="table", **asked)
        self.baseline_ = summarize(table, label="the fit")
        self._rows = NewRows(self.baseline_.past, self.min_rows)
        self._alike = {_signature(given)}
        self._tell_findings()
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """``fit``, and X itself: it is not compared with itself."""
        self.fit(X, y)
        return X

    def transform(self, X: Any) -> Any:
        """X itself. Raises ``FoundProblems`` for rows that differ if asked to.

        Raises ``InputError`` (a ``ValueError``) for another number of columns where they have no names.
        """
        check_is_fitted(self, "baseline_")
        given = _usable(X, fewest=0)
        said = self._differences(given)  # of arrays of another width it raises, whatever was asked
        if self.on_drift == "ignore":
            return X
        if said:
            self._tell(self.on_drift, DriftWarning, ["the columns are not those of the fit:", *said, DO])
        found = self._rows.add(given)
        if found:
            head = f"{self._rows.compared} are not like the {self.baseline_.rows:,} of the fit:"
            lines = [head, *map(_said, found[:SHOWN])]
            self._tell(self.on_drift, DriftWarning, [*lines, *_more(len(found) - SHOWN), DO])
        return X

    def inverse_transform(self, X: Any) -> Any:
        """X itself, so that a pipeline that can be turned round still can."""
        return X

    @property
    def drift_(self) -> tuple[Change, ...] | None:
        """What the latest comparison of new rows told; ``None`` before the first."""
        check_is_fitted(self, "baseline_")
        rows: NewRows = self._rows
        return rows.found

    def _differences(self, given: Any) -> list[str]:
        """How the columns differ from those of the fit. Where either has no names they are compared in order."""
        signature = _signature(given)
        if signature is not None and signature in self._alike:
            return []
        named = names_of(given) is not None and hasattr(self, "feature_names_in_")
        if not named and given.shape[1] != self.n_features_in_:
            raise InputError(
                f"X has {given.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input; give the columns of the fit, in their order"
            )
        schema = columns_beside(self.baseline_.past, given, named)
        said = [f"  {words}" for words in differences(self.baseline_.past, schema)]
        if not said:
            self._alike.add(signature)
        return said

    def _tell_findings(self) -> None:
        found, faults = self.report_.at_least(self.at_least), self.report_.faults
        if not found and not faults:
            return
        count = f"{len(found):,} finding{'' if len(found) == 1 else 's'} at or above {self.at_least}"
        lines = [f"{count} in what is fitted on:", *told(found, SHOWN)]
        lines += [f"  {fault.pillar}/{fault.name} failed itself: {fault.reason}" for fault in faults]
        self._tell(self.on_findings, FindingsWarning, [*lines, "the attribute report_ has the whole report"])

    def _tell(self, reaction: str, kind: type[Warning], lines: Sequence[str]) -> None:
        if reaction == "raise":
            raise FoundProblems("\n".join(lines))
        if reaction == "warn":
            warnings.warn("\n".join(lines), kind, stacklevel=4)

    def _check_arguments(self) -> None:
        for name in ("on_findings", "on_drift"):
            if (value := getattr(self, name)) not in REACTIONS:
                raise InputError(f"{name}: expected one of {', '.join(REACTIONS)}, got {quoted(repr(value))}; name one")
        Severity.of(self.at_least)
        if isinstance(self.min_rows, bool) or not hasattr(self.min_rows, "__index__") or self.min_rows < 1:
            got = quoted(repr(self.min_rows))
            raise InputError(f"min_rows: expected a whole number of at least 1, got {got}; leave it out for {ENOUGH}")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {"allow_nan": True, "X_types": ["2darray", "string", "categorical"]}


def _usable(X: Any, fewest: int) -> Any:
    """A frame as it is; anything else as an array of rows by columns, by scikit-learn's own rules."""
    if hasattr(X, "shape") and hasattr(X, "columns"):
        return X
    if hasattr(X, "collect"):
        got = quoted(type(X).__name__)
        raise InputError(f"X: expected rows in memory, got {got}, which is yet to be computed; give `X.collect()`")
    rules = dict.fromkeys(_FINITE, False)
    return check_array(X, dtype=None, ensure_min_samples=fewest, input_name="X", estimator="InputCheck", **rules)


def _signature(given: Any) -> Any:
    """The names and types of the columns, as far as they are seen at once; ``None`` where they are not."""
    if not hasattr(given, "columns"):
        return given.shape[1], given.dtype.str
    return (tuple(given.columns), tuple(given.dtypes)) if hasattr(given, "dtypes") else None


def _said(change: Change) -> str:
    words = f"holds new values: {change.said}" if change.what == "new" else change.said
    return f"  {quoted(change.column)} {words}"


def _more(rest: int) -> list[str]:
    return [f"  and {rest:,} more"] if rest > 0 else []
