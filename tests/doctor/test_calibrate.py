"""``tearless.calibration``: what it says of honest and of dishonest probabilities, of arrays and of tables."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tearless
from tearless import InputError, apply_calibration, calibration
from tearless.core.errors import TearlessError
from tearless.report.report import Report


def binary(n: int, factor: float = 1.0, shift: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes, and probabilities whose log-odds are the true ones times a factor and shifted."""
    rng = np.random.default_rng(seed)
    z = 2 * rng.normal(size=n)
    return (rng.random(n) < expit(z)).astype(int), expit(factor * z + shift)


def many(n: int, factor: float = 1.0, k: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = 2 * rng.normal(size=(n, k))
    p, q = (np.exp(f * z) / np.exp(f * z).sum(axis=1, keepdims=True) for f in (1.0, factor))
    return (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, k - 1), q


def verdict(report: Report) -> str:
    assert report.answer is not None
    assert not report.faults
    return report.answer.verdict


def value(report: Report, name: str) -> float:
    found = report[name].value
    assert found is not None
    return found


def names(report: Report) -> set[str]:
    return {f.name for f in report.findings}


class TestTwoClasses:
    def test_honest_probabilities_are_left_alone(self) -> None:
        report = calibration(*binary(2_000))
        assert verdict(report).startswith("nothing speaks against these probabilities: on 2,000 rows luck alone")
        assert not report.findings
        assert value(report, "ece") < value(report, "ece_usual_to")

    def test_scores_are_scikit_learns_and_their_parts_add_up(self) -> None:
        y, p = binary(500, 1.7)
        report = calibration(y, p)
        assert value(report, "brier") == pytest.approx(brier_score_loss(y, p), rel=1e-12)
        assert value(report, "log_loss") == pytest.approx(log_loss(y, p), rel=1e-12)
        parts = [value(report, f"brier_{part}") for part in ("reliability", "resolution", "uncertainty", "within")]
        assert parts[0] - parts[1] + parts[2] + parts[3] == pytest.approx(value(report, "brier"), abs=1e-14)

    @pytest.mark.parametrize(("factor", "name"), [(2.0, "overconfident"), (0.5, "underconfident")])
    def test_sharpness_is_named_with_its_size_and_its_mending(self, factor: float, name: str) -> None:
        report = calibration(*binary(3_000, factor))
        assert verdict(report).startswith(name.replace("confident", "-confident"))
        assert "log loss of" in verdict(report)
        assert names(report) == {name, "uncalibrated-classes"}
        assert value(report, "temperature") == pytest.approx(factor, rel=0.1)
        slope = report["slope"]
        assert slope.interval is not None
        assert slope.interval[0] < 1 / factor < slope.interval[1]

    def test_another_base_rate_is_told_from_confidence(self) -> None:
        report = calibration(*binary(3_000, shift=1.0))
        assert verdict(report).startswith("too high by ")
        assert "base-rate-shift" in names(report)
        assert not {"overconfident", "underconfident"} & names(report)

    def test_the_wrong_way_round_is_said(self) -> None:
        y, p = binary(300)
        report = calibration({"truth": np.where(y == 1, "ok", "bad"), "prob": 1 - p})
        assert verdict(report).startswith("the wrong way round")
        assert "perhaps these are probabilities of `bad`" in report.to_text()

    def test_tiny_but_certain_is_silent_at_a_million_rows_and_quick(self) -> None:
        rng = np.random.default_rng(0)
        p = expit(2 * rng.normal(size=1_000_000))
        y = rng.random(1_000_000) < np.clip(p + 0.0066 * np.sign(p - 0.5), 0, 1)
        start = time.perf_counter()
        report = calibration(y.astype(int), p)
        assert time.perf_counter() - start < 60
        assert value(report, "ece_p") < 1e-6
        assert not report.at_least("warning")

    def test_the_same_from_any_source(self, tmp_path: Path) -> None:
        y, p = binary(200)
        pl.DataFrame({"label": y, "p": p}).write_parquet(tmp_path / "p.parquet")
        pl.DataFrame({"label": y.astype(bool), "p": p}).write_csv(tmp_path / "p.csv")
        given: list[tuple[Any, ...]] = [
            (y, p),
            (y.tolist(), p.tolist()),
            (y.astype(float), np.column_stack([1 - p, p])),
            ({"y_true": y, "prob_0": 1 - p, "prob_1": p},),
            (pl.DataFrame({"truth": y, "probability": p}),),
            (str(tmp_path / "p.parquet"),),
            (tmp_path / "p.csv",),
        ]
        assert {round(value(calibration(*one), "ece"), 12) for one in given} == {
            round(value(calibration(y, p), "ece"), 12)
        }

    def test_positive_turns_both_around(self) -> None:
        y, p = binary(300, 1.5)
        words = np.where(y == 1, "yes", "no")
        ours = calibration(words, p, positive="yes")
        turned = calibration(words, 1 - p, positive="no")
        assert value(ours, "brier") == pytest.approx(value(turned, "brier"), rel=1e-12)
        assert value(ours, "excess") == pytest.approx(-value(turned, "excess"), abs=1e-12)

    def test_logits_are_softened(self) -> None:
        y, p = binary(300)
        z = logit(p)
        assert value(calibration(y, z, logits=True), "log_loss") == pytest.approx(log_loss(y, p), rel=1e-9)
        both = calibration(y, np.column_stack([np.zeros(300), z]), logits=True)
        assert value(both, "log_loss") == pytest.approx(log_loss(y, p), rel=1e-9)


class TestManyClasses:
    def test_the_likeliest_class_and_each_class(self) -> None:
        y, p = many(2_000, 2.5)
        report = calibration(y, p)
        assert verdict(report).startswith("over-confident by ")
        assert value(report, "log_loss") == pytest.approx(log_loss(y, p), rel=1e-9)
        assert value(report, "accuracy") == pytest.approx(float((p.argmax(axis=1) == y).mean()))
        assert value(report, "classwise_ece") > 2 * value(report, "classwise_ece_if_calibrated")
        assert report.answer is not None
        assert [table.title.split(":")[0] for table in report.answer.tables][:2] == [
            "Reliability of the likeliest class",
            "Each class against the rest",
        ]

    def test_honest_ones_are_left_alone(self) -> None:
        report = calibration(*many(2_000))
        assert not report.findings
        assert verdict(report).startswith("nothing speaks against")

    def test_confidence_of_the_predicted_class(self) -> None:
        y, p = many(600, 2.5)
        words = np.array(["a", "b", "c", "d"])
        best = p.argmax(axis=1)
        table = {"gold": words[y], "pred": words[best], "confidence": p.max(axis=1)}
        assert value(calibration(table), "ece") == pytest.approx(value(calibration(y, p), "ece"), rel=1e-9)
        right = calibration({"correct": best == y, "confidence": p.max(axis=1)})
        assert value(right, "ece") == pytest.approx(value(calibration(y, p), "ece"), rel=1e-9)


class TestFurther:
    def test_ten_thousand_at_ninety_five(self) -> None:
        y = np.array([1] * 80 + [0] * 20)
        report = calibration(y, np.full(100, 0.95), among=10_000, at=0.95)
        assert report["mistakes"].interval == (1304.0, 2867.0)
        assert report["mistakes_if_honest"].interval == (458.0, 543.0)

    def test_a_flag_at_one_in_a_hundred(self) -> None:
        y = [1] * 100 + [0] * 100
        p = [0.9] * 95 + [0.1] * 100 + [0.9] * 5
        report = calibration(y, p, prevalence=0.01)
        assert value(report, "if_flagged") == pytest.approx(0.95 * 0.01 / (0.95 * 0.01 + 0.05 * 0.99))
        assert value(report, "even_odds_become") == pytest.approx(0.01)

    def test_new_rows_without_truth(self) -> None:
        rng = np.random.default_rng(0)

        def rows(share: float) -> tuple[np.ndarray, np.ndarray]:
            y = rng.random(4_000) < share
            return y.astype(int), expit(4 * (np.where(y, 1.0, -1.0) + rng.normal(size=4_000)) / 2)

        (y, p), (_, q) = rows(0.5), rows(0.1)
        report = calibration(y, p, new=q)
        found = report["new_share_of_1"].interval
        assert found is not None
        assert found[0] < 0.1 < found[1]
        assert "base-rate-shift" in names(report)

    def test_sets_hold_what_they_promise(self) -> None:
        y, p = many(4_000)
        report = calibration(y[:1000], p[:1000], coverage=0.9)
        held = p[1000:][np.arange(3000), y[1000:]] >= value(report, "set_threshold")
        low, high = report["set_coverage"].interval or (0.0, 0.0)
        assert low - 0.02 < held.mean() < high + 0.02

    def test_intervals_and_spreads_of_a_quantity(self) -> None:
        rng = np.random.default_rng(0)
        y = rng.normal(size=400)
        narrow = calibration({"y": y, "q05": np.full(400, -1.0), "q95": np.full(400, 1.0)})
        assert verdict(narrow).startswith("too narrow: 90 % intervals hold 6")
        assert value(narrow, "widen_by") == pytest.approx(np.quantile(np.abs(y), 0.9) - 1, abs=0.05)
        half = calibration({"y": y, "mean": np.zeros(400), "std": np.full(400, 0.5)})
        assert verdict(half).startswith("spreads too narrow")
        assert value(half, "spread_factor") == pytest.approx(2 * y.std(ddof=1))
        right = calibration({"y": y, "y_pred": np.zeros(400), "sigma": np.ones(400)})
        assert verdict(right).startswith("nothing speaks against these spreads")


class TestKeeping:
    def test_kept_read_and_applied(self, tmp_path: Path) -> None:
        y, p = binary(2_000, 3.0)
        path = tmp_path / "calibrator.json"
        report = calibration(np.where(y == 1, "yes", "no"), p, save=str(path))
        assert json.loads(path.read_text())["names"] == ["no", "yes"]
        assert list(tmp_path.iterdir()) == [path]
        mended = apply_calibration(path, p)
        assert log_loss(y, mended) < log_loss(y, p) - 0.1
        table = apply_calibration(path, {"prob_yes": p, "prob_no": 1 - p})
        np.testing.assert_allclose(table, mended, rtol=1e-12)
        alone = apply_calibration(str(path), {"p": [0.9, None]})
        assert alone[0] == pytest.approx(apply_calibration(path, [0.9])[0])
        assert np.isnan(alone[1])
        assert report.answer is not None
        assert report.answer.said[-1][0] == "kept"

    def test_many_classes_in_the_order_they_were_fitted(self, tmp_path: Path) -> None:
        y, p = many(1_500, 2.5)
        words = np.array(["a", "b", "c", "d"])
        path = str(tmp_path / "calibrator.json")
        calibration(words[y], p, classes=["a", "b", "c", "d"], save=path, method="temperature")
        turned = {f"prob_{c}": p[:, i] for i, c in reversed(list(enumerate(words)))}
        np.testing.assert_allclose(apply_calibration(path, turned), apply_calibration(path, p), rtol=1e-9)
        with pytest.raises(InputError, match="expected probabilities of the classes"):
            apply_calibration(path, {"prob_a": [0.5], "prob_b": [0.5]})

    @pytest.mark.parametrize("text", ["{}", "[]", "no such file", '{"format": "tearless-calibrator-1"}', "{"])
    def test_nothing_else_is_taken_for_a_calibrator(self, text: str) -> None:
        with pytest.raises(InputError):
            apply_calibration(text, [0.5])

    def test_nothing_is_kept_that_does_not_surely_help(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="expected a mending that surely helps"):
            calibration(*binary(200), save=str(tmp_path / "c.json"))
        assert not list(tmp_path.iterdir())


class TestBadInput:
    Y, P = binary(50)

    @pytest.mark.parametrize(
        ("given", "options", "said"),
        [
            ((Y, 100 * P), {}, "these look like percent: divide them by 100"),
            ((Y, logit(P)), {}, "these look like logits: give --logits"),
            ((Y, P + 1), {}, "numbers above 1 are no probabilities"),
            ((Y[:9], P), {}, "align the rows"),
            ((Y,), {}, "got one array alone"),
            ((Y, np.column_stack([P, P])), {}, "add up to 1 in every row"),
            (({"y_true": Y, "y_pred": Y},), {}, "got the predicted values alone"),
            (({"a": Y, "b": Y},), {}, "expected a column of what came"),
            (({"y_true": Y, "prob": P},), {"probability": "probb"}, "did you mean `prob`?"),
            (({"y_true": Y, "prob": P},), {"positive": "maybe"}, "expected one of the two classes, `0` and `1`"),
            (({"y_true": Y, "prob": P.astype(str)},), {"probability": "prob"}, "got text in `prob`"),
            (({"truth": list("abc") * 5, "prob": P[:15]},), {}, "a column for each of the 3 classes"),
            (({"truth": list("abc"), "prob_a": [0.5] * 3, "prob_b": [0.5] * 3},), {}, "got none for `c`"),
            ((Y, P), {"level": 95}, "95 % is 0.95"),
            ((Y, P), {"bins": 0}, "bins: expected"),
            ((Y, P), {"among": 0}, "--among: expected"),
            ((Y, P), {"prevalence": 1.0}, "--prevalence: expected"),
            ((np.tile([0, 1, 2], 9), np.full((27, 3), 1 / 3)), {"prevalence": 0.1}, "expected two classes, got 3"),
            ((Y[:3], P[:3]), {"coverage": 0.9}, "give 9 rows"),
            (({"y": [1.0, 2.0], "mean": [0.0, 0.0]},), {"mean": "mean"}, "mean and spread, or lower and upper"),
            (({"y": list("ab"), "lo": [0.0, 0.0], "hi": [0.0, 0.0]},), {"lower": "lo", "upper": "hi"}, "truth of num"),
        ],
        ids=lambda x: x if isinstance(x, str) else "",
    )
    def test_refused_with_what_to_do(self, given: tuple[Any, ...], options: dict[str, Any], said: str) -> None:
        with pytest.raises(InputError) as refusal:
            calibration(*given, **options)
        assert said in str(refusal.value)

    def test_no_row_with_both(self) -> None:
        with pytest.raises(TearlessError, match="no row has truth and probability"):
            calibration(self.Y, np.full(50, np.nan))


DEGENERATE = {
    "one class": ([1] * 30, np.linspace(0.1, 0.9, 30)),
    "one class, few": ([0] * 3, [0.1, 0.2, 0.3]),
    "constant p": ([0, 1] * 20, [0.5] * 40),
    "all right, certain": ([0, 1] * 20, [0.0, 1.0] * 20),
    "all wrong, certain": ([0, 1] * 20, [1.0, 0.0] * 20),
    "one impossible row": ([0, 1] * 20 + [1], [0.0, 1.0] * 20 + [0.0]),
    "one row": ([1], [0.7]),
    "two rows": ([1, 0], [0.7, 0.2]),
    "told apart": ([0] * 20 + [1] * 20, [0.4] * 20 + [0.6] * 20),
    "three classes, one p": ([0, 1, 2] * 5, np.tile([0.5, 0.3, 0.2], (15, 1))),
    "a class that never came": ([0, 1] * 20, np.tile([0.5, 0.3, 0.2], (40, 1))),
    "three classes, certain": ([0, 1, 2] * 5, np.tile(np.eye(3), (5, 1))),
    "three classes, one row": ([2], [[0.5, 0.3, 0.2]]),
}


@pytest.mark.parametrize("given", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_input_is_answered(given: tuple[Any, Any]) -> None:
    """No exception, no warning, no p of 0, no interval of width 0, nothing infinite printed, in every format."""
    report = calibration(*given, among=100, at=0.9, method="platt")
    assert not report.faults
    assert report.answer is not None
    for name, number in report.answer.numbers.items():
        if number.unit == "chance":
            assert number.value, name
            assert number.value > 0, name
        if number.interval is not None and name not in ("mistakes_if_honest",):
            assert number.interval[0] < number.interval[1], name
    text = report.to_text()
    assert "nan" not in text.replace("finance", "")
    assert "inf " not in text
    for form in ("json", "markdown", "github", "sarif", "junit", "html"):
        assert getattr(report, f"to_{form}")()


@pytest.fixture(scope="module")
def cancer() -> dict[str, Report]:
    data = load_breast_cancer()
    models = {"lr": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000)), "nb": GaussianNB()}
    made = {}
    for name, model in models.items():
        p = cross_val_predict(model, data.data, data.target, cv=5, method="predict_proba")[:, 1]
        made[name] = calibration(data.target, p)
    return made


class TestRealModels:
    """Out-of-fold probabilities of real models on real data."""

    def test_logistic_regression_is_left_alone(self, cancer: dict[str, Report]) -> None:
        assert verdict(cancer["lr"]).startswith("nothing speaks against")
        assert not cancer["lr"].findings

    def test_naive_bayes_is_over_confident(self, cancer: dict[str, Report]) -> None:
        assert verdict(cancer["nb"]).startswith("over-confident")
        assert "overconfident" in names(cancer["nb"])
        gain = cancer["nb"]["gain_of_temperature"].interval
        assert gain is not None
        assert gain[0] > 0.1

    def test_naive_bayes_on_digits(self) -> None:
        data = load_digits()
        p = cross_val_predict(GaussianNB(), data.data, data.target, cv=5, method="predict_proba")
        report = calibration(data.target, p)
        assert verdict(report).startswith("over-confident by 18")
        assert value(report, "temperature") > 4


class TestCheck:
    """``tearless.check`` knows a table of predictions by its columns."""

    def test_predictions_are_recognised_and_said(self) -> None:
        y, p = binary(500, 2.0)
        report = tearless.check({"y_true": y, "y_prob": p})
        assert "overconfident" in names(report)
        assert any("--as table" in note for note in report.notes)
        assert {o.name for o in report.outcomes} >= {"class-collapse", "base-rate-shift"}

    def test_a_table_is_still_a_table(self) -> None:
        y, p = binary(500, 2.0)
        assert not {o.name for o in tearless.check({"y": y, "age": p}).outcomes} & {"overconfident"}
        forced = tearless.check({"y_true": y, "y_prob": p}, kind="table")
        assert "overconfident" not in {o.name for o in forced.outcomes}
        features = {f"x{i}": p * i for i in range(1, 8)}
        assert "overconfident" not in {o.name for o in tearless.check({"y": y, "prob": p, **features}).outcomes}
        assert "overconfident" not in {o.name for o in tearless.check({"y": y, "p": p}).outcomes}
        assert "overconfident" not in {
            o.name for o in tearless.check({"y_true": y, "y_prob": p}, target="y_true").outcomes
        }

    def test_predicted_classes_alone(self) -> None:
        truth = ["a", "b", "c", "d"] * 25
        report = tearless.check({"label": truth, "prediction": ["a"] * 100})
        assert names(report) == {"class-collapse"}
        assert report.at_least("error")

    def test_other_rows(self) -> None:
        y, p = binary(2_000)
        report = tearless.check({"y_true": y, "y_prob": p}, test={"y_prob": p[p < 0.5]})
        assert "base-rate-shift" in names(report)

    def test_a_named_check_of_tables_on_predictions(self) -> None:
        y, p = binary(100)
        report = tearless.check({"y_true": y, "y_prob": p}, select=["constant-column"])
        assert [o.name for o in report.outcomes if o.result != "skipped"] == ["constant-column"]

    def test_unknown_kind(self) -> None:
        with pytest.raises(InputError, match="kind: expected table, predictions or training"):
            tearless.check({"a": [1]}, kind="comparison")


@pytest.mark.parametrize(("cut_off", "says"), [(0.99, "no row reached 0.99"), (0.05, "every row reached 0.05")])
def test_a_flag_that_is_never_or_always_up_is_answered_in_words(cut_off: float, says: str) -> None:
    y, p = np.array([0, 1] * 40), np.tile([0.2, 0.8, 0.4, 0.6], 20)
    report = calibration(y, p, prevalence=0.1, cut_off=cut_off)
    words = " ".join(str(report).split())
    assert says in words
    assert "nan" not in words
    assert [report[name].value is None for name in ("if_flagged", "if_passed")] == [cut_off > 0.5, cut_off < 0.5]
