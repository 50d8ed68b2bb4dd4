"""Results as people have them: labels in several spellings, probabilities in columns, scores where less is better."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.core import InputError

RNG = np.random.default_rng(20)
N = 60
TRUTH = RNG.integers(0, 3, N)
A = np.where(RNG.random(N) < 0.7, TRUTH, (TRUTH + 1) % 3)
B = np.where(RNG.random(N) < 0.9, TRUTH, (TRUTH + 2) % 3)


def seen(truth: object, a: object, b: object, **options: object) -> float:
    tables = {name: pl.DataFrame({"y_true": truth, "y_pred": said}) for name, said in (("a", a), ("b", b))}
    return tearless.compare(tables, **options)["difference"].value  # type: ignore[return-value]


@pytest.mark.parametrize("spell", [str, float, lambda x: f"{x}.0", lambda x: f" {x} "])
def test_one_label_in_two_spellings_is_one_label(spell: object) -> None:
    assert callable(spell)
    wanted = (B == TRUTH).mean() - (A == TRUTH).mean()
    said = [[spell(int(x)) for x in side] for side in (A, B)]
    assert seen(TRUTH, *said) == pytest.approx(wanted)
    assert seen([spell(int(x)) for x in TRUTH], A, B) == pytest.approx(wanted)


def test_true_and_false_are_1_and_0() -> None:
    truth, a, b = TRUTH > 0, (A > 0).astype(int), [str(x) for x in B > 0]
    assert seen(truth, a, b) == pytest.approx(((B > 0) == truth).mean() - ((A > 0) == truth).mean())


def test_predictions_that_are_never_a_class_of_the_truth_are_no_zero() -> None:
    names = np.array(["cat", "dog", "eel"])
    with pytest.raises(InputError, match="write both in one way"):
        seen(names[TRUTH], A, B)
    with pytest.raises(InputError, match="write both in one way"):
        seen(names[TRUTH], np.char.capitalize(names[A]), np.char.capitalize(names[B]))
    assert seen([1, 1, 1], [0, 0, 0], [1, 1, 1]) == 1.0  # all wrong is an answer


def of_classes(names: list[str], decimals: int, seed: int) -> pl.DataFrame:
    p = np.random.default_rng(seed).dirichlet([1.0] * len(names), N)
    p[np.arange(N), TRUTH] += 1
    return pl.DataFrame({f"prob_{name}": np.round(p[:, i] / 2, decimals) for i, name in enumerate(names)})


@pytest.mark.parametrize("decimals", [2, 3])
def test_rounded_probabilities_of_three_classes_are_three_classes(decimals: int) -> None:
    names = ["cat", "dog", "eel"]
    truth = pl.Series("y_true", np.array(names)[TRUTH])
    tables = {name: of_classes(names, decimals, seed).with_columns(truth) for seed, name in enumerate("ab")}
    found = tearless.compare(tables, metric="log-loss")
    for name, table in tables.items():
        p = table.drop("y_true").to_numpy()
        loss = -np.log(p[np.arange(N), TRUTH] / p.sum(axis=1)).mean()
        assert found[f"value of {name}"].value == pytest.approx(loss)


def test_one_probability_of_three_classes_is_refused() -> None:
    tables = {name: pl.DataFrame({"y_true": TRUTH, "prob": RNG.random(N)}) for name in "ab"}
    with pytest.raises(InputError, match="one probability of two classes"):
        tearless.compare(tables)


def test_two_columns_of_probabilities_are_one_probability() -> None:
    truth = (TRUTH > 0).astype(int)
    p = {name: np.clip(RNG.random(N) * 0.5 + 0.4 * truth, 0.01, 0.99) for name in "ab"}
    two = {m: pl.DataFrame({"y_true": truth, "prob_0": 1 - x, "prob_1": x}) for m, x in p.items()}
    one = {m: pl.DataFrame({"y_true": truth, "prob": x}) for m, x in p.items()}
    for metric in ("auc", "brier", "log-loss", "accuracy"):
        both = [tearless.compare(tables, metric=metric)["difference"].value for tables in (two, one)]
        assert both[0] == pytest.approx(both[1]), metric


def test_the_positive_class_that_was_named_counts() -> None:
    truth = np.where(TRUTH > 0, "repaid", "default")
    p = np.clip(0.7 * (TRUTH == 0) + 0.2, 0.0, 1.0)
    tables = {m: pl.DataFrame({"y_true": truth, "prob": x}) for m, x in (("a", np.full(N, 0.5)), ("b", p))}
    found = tearless.compare(tables, metric="log-loss", positive="default")
    assert found["value of b"].value == pytest.approx(-np.log(np.where(TRUTH == 0, p, 1 - p)).mean())


@pytest.mark.parametrize(("name", "better"), [("loss", "worse"), ("eval_logloss", "worse"), ("answer_score", "better")])
def test_less_is_better_by_the_name_of_the_column(name: str, better: str) -> None:
    low = RNG.random(N)
    told = tearless.compare({m: pl.DataFrame({name: low + up}) for m, up in (("a", 0.0), ("b", 0.5))})
    assert told.answer is not None
    assert f"`b` is {better} than `a`" in told.answer.verdict
    turned = tearless.compare(
        {m: pl.DataFrame({name: low + up}) for m, up in (("a", 0.0), ("b", 0.5))}, lower_is_better=False
    )
    assert turned.answer is not None
    assert "`b` is better" in turned.answer.verdict


def test_rows_without_the_truth_or_a_probability_are_left_out() -> None:
    names = ["0", "1", "2"]
    truth = pl.Series("y_true", [None, *TRUTH[1:].tolist()])
    tables = {m: of_classes(names, 6, i).with_columns(truth) for i, m in enumerate("ab")}
    tables["b"] = tables["b"].with_columns(prob_1=pl.when(pl.int_range(N) == 5).then(None).otherwise("prob_1"))
    for metric in ("accuracy", "log-loss"):
        assert tearless.compare(tables, metric=metric)["rows"].value == N - 2


def said(report: object, label: str) -> str:
    return dict(report.answer.said).get(label, "")  # type: ignore[attr-defined]


def test_clusters_that_balance_do_not_go_together() -> None:
    right = np.tile([1] * 5 + [0] * 15, 3)
    better = np.where(np.tile(np.arange(20), 3) == 7, 1, right)
    table = pl.DataFrame({"passage": np.repeat([1, 2, 3], 20), "a": right, "b": better})
    found = tearless.compare(table, cluster="passage")
    assert "go together" not in said(found, "clusters")
    assert said(found, "test").startswith("clusters alike")


def test_few_groups_by_name_alone_are_no_clusters_until_they_are_named() -> None:
    """Of two groups t has one degree of freedom: a language or a split would hide every difference."""
    right = np.arange(60) % 3 == 0
    table = pl.DataFrame({"group": ["en", "de"] * 30, "a": right, "b": right | (np.arange(60) % 4 == 0)})
    found, named = tearless.compare(table), tearless.compare(table, cluster="group")
    assert found["p"].value == tearless.compare(table.drop("group"))["p"].value
    assert "--cluster `group` would take them for clusters" in said(found, "design")
    assert "items hang together in `group`" in said(named, "design")
    many = tearless.compare(table.with_columns(group=pl.int_range(60) // 6))
    assert "items hang together in `group`" in said(many, "design")


def test_a_column_of_one_cluster_leaves_the_items() -> None:
    table = pl.DataFrame({"group": "mmlu", "a": A == TRUTH, "b": B == TRUTH})
    found = tearless.compare(table)
    assert "all of one `group`" in said(found, "design")
    assert found["p"].value == tearless.compare(table.drop("group"))["p"].value


def test_over_data_sets_the_size_is_that_of_the_middle_difference() -> None:
    base = np.linspace(0.6, 0.9, 9)
    b = base + np.r_[np.full(8, 0.01), -0.5]
    found = tearless.compare(pl.DataFrame({"dataset": list("abcdefghi"), "a": base, "b": b}), method="sign")
    assert found.answer is not None
    assert "in the middle of the differences 0.01 more" in found.answer.verdict


def test_equal_metrics_of_unequal_predictions_are_not_the_same_answers() -> None:
    truth, a = np.zeros(40, dtype=int), (np.arange(40) < 8).astype(int)
    tables = {"a": pl.DataFrame({"y": truth, "pred": a}), "b": pl.DataFrame({"y": truth, "pred": 1 - a})}
    found = tearless.compare(tables, metric="f1")
    assert found.answer is not None
    assert "no row tells `a` from `b`" in found.answer.verdict


def test_items_numbered_anew_in_each_task_are_different_items() -> None:
    rows = {"id": np.tile(np.arange(20), 3), "task": np.repeat(["law", "art", "sea"], 20)}
    tables = {name: pl.DataFrame({**rows, "correct": side == TRUTH}) for name, side in (("a", A), ("b", B))}
    found = tearless.compare(tables)
    assert found["rows"].value == N
    assert "dependent-scores" not in str(found)


def test_what_a_row_is_has_its_name() -> None:
    table = pl.DataFrame({"seed": [1, 2, 3], "a": [0.80, 0.81, 0.79], "b": [0.81, 0.82, 0.81]})
    found = tearless.compare(table)
    assert "6 such runs" in said(found, "sees")


def test_rows_that_a_model_lacks_are_said_in_the_verdict() -> None:
    """34 items without an answer of b, and b is right on all others: no reason to say no more than 100 %."""
    answered = pl.Series("correct", [None if x else 1 for x in A != TRUTH], dtype=pl.Int64)
    found = tearless.compare({"a": pl.DataFrame({"correct": A == TRUTH}), "b": answered.to_frame()})
    lacking = int((A != TRUTH).sum())
    assert found.answer is not None
    assert f"rows without a result are left out (`b` on {lacking})" in found.answer.verdict


def test_a_submission_whose_column_is_called_as_that_of_the_solution() -> None:
    truth = (TRUTH == 0).astype(int)
    p = {name: np.round(np.clip(0.3 * truth + 0.6 * RNG.random(N), 0, 1), 3) for name in "ab"}
    ids = np.arange(N)
    sent = {name: pl.DataFrame({"id": ids, "TARGET": x}) for name, x in p.items()}
    plain = {name: pl.DataFrame({"id": ids, "y_true": truth, "prob": x}) for name, x in p.items()}
    solution = pl.DataFrame({"id": ids, "TARGET": truth}).sample(fraction=1.0, shuffle=True, seed=1)
    both = [tearless.compare(sent, truth=solution, metric="auc"), tearless.compare(plain, metric="auc")]
    assert both[0]["difference"].value == pytest.approx(both[1]["difference"].value)
    assert tearless.compare(sent, truth=truth, metric="auc")["p"].value == pytest.approx(both[1]["p"].value)


def test_true_and_false_as_text_are_right_and_wrong() -> None:
    texts = {m: pl.DataFrame({"correct": [str(x) for x in side == TRUTH]}) for m, side in (("a", A), ("b", B))}
    assert tearless.compare(texts)["difference"].value == pytest.approx((B == TRUTH).mean() - (A == TRUTH).mean())


def test_the_metric_asked_for_says_what_predictions_are() -> None:
    stars, off = RNG.integers(1, 6, N), RNG.integers(-1, 2, N)
    wide = pl.DataFrame({"y_true": stars, "a": stars + off, "b": stars})
    assert tearless.compare(wide, metric="mae")["difference"].value == pytest.approx(-np.abs(off).mean())
    assert tearless.compare(wide)["difference"].value == pytest.approx((off != 0).mean())
    few = pl.DataFrame({"y_true": [1, 2, 3], "a": [1, 2, 2], "b": [1, 2, 3]})
    assert tearless.compare(few, metric="kappa")["value of b"].value == 1.0
    decided = {m: pl.DataFrame({"y_true": TRUTH > 0, "y_pred": RNG.normal(TRUTH)}) for m in "ab"}
    assert 0.5 < tearless.compare(decided, metric="roc_auc")["value of a"].value < 1  # type: ignore[operator]


def test_numbers_beside_two_words_are_probabilities() -> None:
    wide = pl.DataFrame({"y_true": np.where(TRUTH > 0, "yes", "no"), "a": RNG.random(N), "b": RNG.random(N)})
    words, ones = (tearless.compare(x) for x in (wide, wide.with_columns(y_true=(pl.col("y_true") == "yes").cast(int))))
    assert words["difference"].value == pytest.approx(ones["difference"].value)


@pytest.mark.parametrize("sign", ["%", " %"])
def test_scores_with_the_sign_of_percent_are_refused_by_their_column(sign: str) -> None:
    """70.1 or 0.701: what is meant is the user's to say; another column is not compared in their place."""
    item, share = list(range(20)), [0.5 + i / 100 for i in range(20)]
    text = [f"{70 + i % 7}.{i % 10}{sign}" for i in range(20)]
    truth = [0, 1] * 10
    for given, told in (
        ([{"item": item, "score": text}] * 2, {}),
        ([{"item": item, "acc": text, "n": item}] * 2, {}),
        ([{"item": item, "mine": text, "n": item}] * 2, {"score": "mine"}),
        ([{"a": text, "b": text}], {}),
        ([{"a": share, "b": share, "c": text}], {}),
        ([{"a": text, "b": share}], {"models": ["a", "b"]}),
        ([{"truth": truth, "a": text, "b": truth}], {}),
    ):
        with pytest.raises(InputError, match="strip the sign"):
            tearless.compare(*given, **told)
    with pytest.raises(InputError, match=r"percent in `prob`.*strip the sign"):
        tearless.calibration({"truth": truth, "prob": text})
