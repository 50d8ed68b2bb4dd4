"""``tearless.compare``: what is joined and how, what is refused, and what is said of results as tools write them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import tearless
from tearless.core import CannotTell, InputError
from tearless.report.report import Report

RNG = np.random.default_rng(7)
N = 80
OLD = RNG.integers(0, 2, N).tolist()
NEW = np.maximum(OLD, RNG.integers(0, 2, N)).tolist()
IDS = [f"q{i}" for i in range(N)]
WANTED = (sum(NEW) - sum(OLD)) / N
HOSTILE = "a\x1b[31m\r\n\u202e{x}`|<script>"


def design(report: Report) -> str:
    assert report.answer is not None
    return dict(report.answer.said)["design"]


def value(report: Report) -> float:
    found = report["difference"].value
    assert found is not None
    return found


def names(report: Report) -> list[str]:
    return sorted({finding.name for finding in report.findings})


# --- joining -------------------------------------------------------------------------------------------------------


def test_rows_are_joined_by_id_whatever_their_order() -> None:
    order = RNG.permutation(N)
    new = {"id": [IDS[i] for i in order], "score": [NEW[i] for i in order]}
    report = tearless.compare({"old": {"id": IDS, "score": OLD}, "new": new})
    assert value(report) == pytest.approx(WANTED)
    assert "80 rows joined by `id`" in design(report)
    by_place = tearless.compare({"old": {"score": OLD}, "new": {"score": new["score"]}})
    assert "by their position" in design(by_place)
    assert by_place["p"].value != report["p"].value


def test_ids_of_two_types_are_one() -> None:
    old, new = {"id": list(range(N)), "score": OLD}, {"id": [str(i) for i in range(N)], "score": NEW}
    assert value(tearless.compare({"old": old, "new": new})) == pytest.approx(WANTED)


def test_items_that_a_model_lacks_are_refused_or_left_out_and_counted() -> None:
    old, new = {"id": IDS[:70], "score": OLD[:70]}, {"id": IDS[5:], "score": NEW[5:]}
    with pytest.raises(InputError, match=r"got 65 in common by `id`.*`old` has 5.*`new` has 10.*--unmatched drop"):
        tearless.compare({"old": old, "new": new})
    report = tearless.compare({"old": old, "new": new}, unmatched="drop")
    assert report["rows"].value == 65
    assert "10 that some model lacks were left out" in design(report)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"score": OLD[:50]}, {"score": NEW}, "as many rows from every model"),
        ({"id": [1, 1], "score": [1, 0]}, {"id": [1, 1], "score": [1, 0]}, "each item once"),
        ({"y_true": OLD, "y_pred": OLD}, {"y_true": OLD[::-1], "y_pred": NEW}, "expected one truth for an item"),
        ({"y_true": OLD, "y_pred": OLD}, {"score": NEW}, "expected the same kind from every model"),
        ({"text": ["a", "b"]}, {"text": ["a", "b"]}, "expected a column of scores"),
        ({"x": [1.5, 2], "y2": [1.5, 3]}, {"x": [1.5, 2]}, "expected one column of scores, got 2"),
        ({"score": [1.0, np.inf]}, {"score": [1.0, 2.0]}, "finite scores"),
        ({"score": [1.0, 1e300]}, {"score": [1.0, 2.0]}, "whose squares a double holds"),
        ({"id": [1, 2], "score": [1, 0]}, {"id": [3, 4], "score": [1, 0]}, "got 0 in common"),
    ],
)
def test_what_does_not_match_is_refused(old: Any, new: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        tearless.compare({"old": old, "new": new})


def test_rows_without_pairs_need_no_ids() -> None:
    report = tearless.compare({"old": {"score": OLD[:50]}, "new": {"score": NEW}}, paired=False)
    assert report["rows"].value == N
    assert "`old` 50, `new` 80" in design(report)
    same = tearless.compare({"old": {"id": IDS, "score": OLD}, "new": {"id": IDS, "score": NEW}}, paired=False)
    assert "unpaired-design" in names(same)
    assert same["p"].value > tearless.compare({"old": OLD, "new": NEW})["p"].value  # type: ignore[operator]


def test_runs_with_seeds_of_their_own_are_runs() -> None:
    old, new = {"seed": [1, 2, 3], "score": [0.8, 0.81, 0.82]}, {"seed": [4, 5, 6, 7], "score": [0.9, 0.91, 0.92, 0.9]}
    report = tearless.compare({"old": old, "new": new})
    assert "`old` 3, `new` 4; a row is one of the seeds" in design(report)
    assert value(report) == pytest.approx(0.9075 - 0.81)


# --- truth and predictions -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_truth_may_be_in_another_file(folder: Path) -> None:
    truth = RNG.integers(0, 3, N)
    a, b = truth.copy(), truth.copy()
    a[:20], b[:8] = (a[:20] + 1) % 3, (b[:8] + 1) % 3
    pl.DataFrame({"id": IDS, "truth": truth}).write_csv("truth.csv")
    pl.DataFrame({"id": IDS[::-1], "pred": a[::-1]}).write_csv("a.csv")
    pl.DataFrame({"id": IDS, "pred": b}).write_parquet("b.parquet")
    assert value(tearless.compare("a.csv", "b.parquet", truth="truth.csv")) == pytest.approx(12 / N)
    for name, x in (("t", truth), ("x", a), ("y", b)):
        np.save(f"{name}.npy", x)
    assert value(tearless.compare("x.npy", "y.npy", truth="t.npy")) == pytest.approx(12 / N)
    assert value(tearless.compare({"x": a, "y": b}, truth=truth)) == pytest.approx(12 / N)
    with pytest.raises(InputError, match=r"--truth: expected a column of every table or the path"):
        tearless.compare("a.csv", "b.parquet", truth="nothing.csv")
    pl.DataFrame({"id": IDS[:-1], "truth": truth[:-1]}).write_csv("short.csv")
    with pytest.raises(InputError, match="the truth of every item, got none for 1 of 80"):
        tearless.compare("a.csv", "b.parquet", truth="short.csv")


def test_probabilities_of_classes_give_the_likeliest_and_the_loss() -> None:
    truth = np.array(["a", "b", "c"])[RNG.integers(0, 3, N)]
    tables, loss = {}, []
    for name, weight in (("flat", 0.5), ("sharp", 3.0)):
        p = RNG.dirichlet([1, 1, 1], N)
        p[np.arange(N), np.searchsorted(["a", "b", "c"], truth)] += weight
        p /= p.sum(axis=1, keepdims=True)
        tables[name] = {f"prob_{c}": p[:, i] for i, c in enumerate("abc")} | {"label": truth}
        loss.append(-np.log(p[np.arange(N), np.searchsorted(["a", "b", "c"], truth)]).mean())
    report = tearless.compare(tables, metric="log-loss")
    assert value(report) == pytest.approx(loss[1] - loss[0])
    assert report.answer is not None
    assert "better" in report.answer.verdict


# --- tables of many models -----------------------------------------------------------------------------------------


def test_a_column_a_model_and_a_row_a_model_are_the_same() -> None:
    wide = tearless.compare({"id": IDS, "old": OLD, "new": NEW})
    long = tearless.compare({"model": ["old"] * N + ["new"] * N, "id": IDS * 2, "correct": OLD + NEW})
    frame = tearless.compare(pd.DataFrame({"old": OLD, "new": NEW}))
    for report in (wide, long, frame):
        assert value(report) == pytest.approx(WANTED)
    assert long["p"].value == wide["p"].value == frame["p"].value


def test_the_models_keep_their_order_and_the_baseline_is_the_first() -> None:
    x, y, truth = RNG.integers(0, 3, (3, N))
    report = tearless.compare({"x": x, "y": y}, truth=truth)
    assert value(report) == pytest.approx(np.mean(y == truth) - np.mean(x == truth))
    turned = tearless.compare({"x": x, "y": y}, truth=truth, baseline="y")
    assert value(turned) == pytest.approx(-value(report))


def test_many_models_are_each_compared_with_the_baseline() -> None:
    table = {f"m{i}": RNG.integers(0, 2, N) for i in range(5)}
    report = tearless.compare(table, baseline="m2")
    for i in (0, 1, 3, 4):
        name = f"m{i}"
        assert report[f"difference of {name}"].value == pytest.approx(table[name].mean() - table["m2"].mean())
        assert report[f"adjusted_p of {name}"].value >= report[f"p of {name}"].value  # type: ignore[operator]
    some = tearless.compare(table, models=["m1", "m3"])
    assert value(some) == pytest.approx(table["m3"].mean() - table["m1"].mean())


# --- what tools write ----------------------------------------------------------------------------------------------


def test_the_results_of_a_search_of_scikit_learn(folder: Path) -> None:
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    x, y = load_iris(return_X_y=True)
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}, cv=5).fit(x, y)
    pd.DataFrame(search.cv_results_).to_csv("cv.csv", index=False)
    report = tearless.compare("cv.csv")
    assert "5-fold cross-validation" in design(report)
    means = search.cv_results_["mean_test_score"]
    assert value(report) == pytest.approx(means[1] - means[0])
    assert any("--test-share" in note for note in report.notes)
    splits = tearless.compare("cv.csv", test_share=1.0)
    assert "5 splits" in design(splits)
    assert splits["p"].value > report["p"].value  # type: ignore[operator]


def samples(path: str, right: list[int], filters: tuple[str, ...] = ("none",)) -> None:
    rows = [
        {
            "doc_id": i,
            "doc": {"question": f"q{i}"},
            "target": "A",
            "resps": [["A"]],
            "filter": name,
            "subject": f"s{i // 4}",
            "exact_match": float(x),
        }
        for name in filters
        for i, x in enumerate(right)
    ]
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_samples_of_lm_evaluation_harness(folder: Path) -> None:
    samples("samples_old.jsonl", OLD)
    samples("samples_new.jsonl", NEW)
    report = tearless.compare("samples_old.jsonl", "samples_new.jsonl")
    assert value(report) == pytest.approx(WANTED)
    assert "joined by `doc_id`" in design(report)
    assert "value of old" in report.answer.numbers  # type: ignore[union-attr]
    samples("f_old.jsonl", OLD, ("strict", "flexible"))
    samples("f_new.jsonl", NEW, ("strict", "flexible"))
    with pytest.raises(InputError, match="--only filter="):
        tearless.compare("f_old.jsonl", "f_new.jsonl")
    strict = tearless.compare("f_old.jsonl", "f_new.jsonl", only={"filter": "strict"})
    assert strict["p"].value == report["p"].value


def log(path: str, right: list[int], epochs: int, indent: int | None) -> None:
    rows = [
        {"id": f"i{i}", "epoch": e, "scores": {"match": {"value": "C" if x else "I"}}}
        for i, x in enumerate(right)
        for e in range(1, epochs + 1)
    ]
    whole = {"version": 2, "status": "success", "eval": {"task": "sums", "model": path}, "samples": rows}
    Path(path).write_text(json.dumps(whole, indent=indent), encoding="utf-8")


@pytest.mark.parametrize("indent", [None, 2])
def test_logs_of_inspect(folder: Path, indent: int | None) -> None:
    log("old.json", OLD, 1, indent)
    log("new.json", NEW, 1, indent)
    report = tearless.compare("old.json", "new.json")
    assert value(report) == pytest.approx(WANTED)
    assert "80 rows joined by `id`" in design(report)
    log("old.json", OLD[:20], 3, indent)
    log("new.json", NEW[:20], 3, indent)
    runs = tearless.compare("old.json", "new.json")
    assert "each item was answered by several runs, by `epoch`" in design(runs)


# --- names ---------------------------------------------------------------------------------------------------------


def test_files_of_one_name_are_told_apart_by_their_folders(folder: Path) -> None:
    for name in ("m1", "m2"):
        os.makedirs(name)
        pl.DataFrame({"score": OLD if name == "m1" else NEW}).write_csv(f"{name}/run.csv")
    assert "value of m1/run" in tearless.compare("m1/run.csv", "m2/run.csv").answer.numbers  # type: ignore[union-attr]
    twice = tearless.compare("m1/run.csv", "m1/run.csv")
    assert {"value of m1/run (1)", "value of m1/run (2)"} <= set(twice.answer.numbers)  # type: ignore[union-attr]
    assert names(twice) == ["degenerate-scores"]


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({HOSTILE: OLD, "b": NEW}, {}),
        ({HOSTILE: {"score": OLD[:9]}, "b": {"score": NEW}}, {"paired": False}),
        ({HOSTILE: OLD, "b": NEW, "c": NEW[::-1]}, {}),
        ({"a": {"score": OLD, HOSTILE: [HOSTILE + i[:2] for i in IDS]}, "b": {"score": NEW}}, {"cluster": HOSTILE}),
        ({"a": {"score": OLD}, "b": {"score": NEW}}, {"metric": HOSTILE}),
        ({HOSTILE: {"score": OLD[:9]}, "b": {"score": NEW}}, {}),
        ({HOSTILE: {"id": IDS[:9], "score": OLD[:9]}, "b": {"id": IDS, "score": NEW}}, {}),
        ({HOSTILE: {"q": ["a"]}, "b": {"q": ["a"]}}, {}),
        ({HOSTILE: {"y_true": OLD, "y_pred": OLD}, "b": {"y_true": NEW, "y_pred": NEW}}, {}),
        ({"a": {"score": OLD}, "b": {"score": NEW}}, {"score": HOSTILE}),
        ({"a": {"score": OLD}, "b": {"score": NEW}}, {"only": {"score": HOSTILE}}),
    ],
)
def test_hostile_names_steer_nothing(given: Any, options: dict[str, Any]) -> None:
    try:
        report = tearless.compare(given, **options)
        texts = [report.to_text(60, False, True), report.to_markdown(), report.to_github(), report.to_junit()]
        assert "<script>" not in report.to_html()
    except InputError as refusal:
        texts = [str(refusal)]
    for text in texts:
        assert not {"\x1b", "\r", "\u202e"} & set(text)
        assert "31m\n" not in text


# --- values --------------------------------------------------------------------------------------------------------


def test_holes_are_left_out_and_counted() -> None:
    report = tearless.compare({"old": [1.0, None, 0.5, float("nan"), 0.2], "new": [0.9, 1.0, 0.7, 0.1, 0.3]})
    assert report["rows"].value == 3
    assert "2 rows without a result of every model left out" in design(report)
    with pytest.raises((InputError, CannotTell)):
        tearless.compare({"old": [None, 1.0], "new": [1.0, None]})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([1], [0]),
        ([0.5], [0.7]),
        ([1] * 20, [1] * 20),
        ([0] * 20, [0] * 20),
        ([0] * 20, [1] * 20),
        ([0.5] * 20, [0.5] * 20),
        ([0.5] * 20, [0.7] * 20),
        ([True, False] * 10, [True, True] * 10),
        ([1e149, -1e149, 1e149], [1.0, 2.0, 3.0]),
        ([5e-324, 0.0, 0.0], [0.0, 0.0, 5e-324]),
        ([1e-9, 0.3, 0.5], [True, False, True]),
        ([2**60, 2**60 + 1, 5], [1, 2, 3]),
    ],
)
@pytest.mark.parametrize("paired", [True, False])
def test_degenerate_scores_are_answered(old: list[float], new: list[float], paired: bool) -> None:
    try:
        report = tearless.compare({"old": {"score": old}, "new": {"score": new}}, paired=paired)
    except CannotTell:
        return
    p, e = report["p"].value, report["difference"]
    assert p is not None
    assert 0 < p <= 1
    assert e.interval is None or e.interval[0] < e.interval[1]
    assert not report.faults
    assert report.to_text(40, False, True)


def test_strings_are_no_scores() -> None:
    with pytest.raises(InputError, match="expected at least two models, got 0 column"):
        tearless.compare({"old": ["x", "y"], "new": ["x", "x"]})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"level": 1.5}, "level: expected a number between 0 and 1"),
        ({"level": "x"}, "level: expected a number between 0 and 1"),
        ({"margin": -1}, "margin: expected a number above 0"),
        ({"margin": float("nan")}, "margin: expected a number above 0"),
        ({"looks": -1}, "looks: expected a whole number"),
        ({"looks": 1.5}, "looks: expected a whole number"),
        ({"test_share": 0}, "test_share: expected a number above 0"),
        ({"unmatched": "some"}, "unmatched: expected 'refuse' or 'drop'"),
        ({"method": "median"}, "method: expected one of mid-p"),
        ({"design": "fold"}, "design: expected one of items"),
        ({"baseline": "best"}, "baseline: expected one of the models"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"item": "ids"}, "--item: expected a column of"),
        ({"seeds": "runs"}, "--seeds: expected a column of"),
        ({"models": ["old"]}, "expected at least two models"),
        ({"models": ["old", "old"]}, "--models: expected each column once"),
        ({"models": ["old", "neu"]}, "did you mean `new`"),
        ({"score": "old"}, "--score: expected a table for each model"),
        ({"only": {"old": "7"}}, "--only: expected rows where"),
    ],
)
def test_wishes_that_cannot_be_granted_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        tearless.compare({"old": OLD, "new": NEW}, **options)


def test_an_item_that_one_table_lacks_is_no_silent_match_by_position() -> None:
    with pytest.raises(InputError, match=r"--item: expected a column of .*`id`"):
        tearless.compare({"old": {"id": IDS, "score": OLD}, "new": {"score": NEW}}, item="id")


# --- findings ------------------------------------------------------------------------------------------------------


def test_a_column_that_groups_the_items_is_found() -> None:
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(30), 10)
    up = rng.integers(0, 2, 30)[group]
    old = rng.integers(0, 2, 300)
    new = np.where(rng.random(300) < 0.5, up, old)
    tables = {name: {"correct": x, "topic": [f"t{g}" for g in group]} for name, x in (("old", old), ("new", new))}
    report = tearless.compare(tables)
    assert "clustered-items" in names(report)
    named = tearless.compare(tables, cluster="topic")
    assert named["p"].value > report["p"].value  # type: ignore[operator]
    assert [f.severity.name for f in named.findings if f.name == "clustered-items"] == ["note"]
    mixed = {name: {**table, "topic": rng.permutation(table["topic"])} for name, table in tables.items()}
    assert "clustered-items" not in names(tearless.compare(mixed))


def test_folds_without_a_name_and_folds_declared_items() -> None:
    old = RNG.binomial(100, 0.8, 10) / 100
    new = old + np.array([0.01, 0.03] * 5)
    nameless = tearless.compare({"old": old, "new": new})
    assert "dependent-scores" in names(nameless)
    named = tearless.compare({"fold": range(10), "old": old, "new": new})
    assert "dependent-scores" not in names(named)
    wrong = tearless.compare({"fold": range(10), "old": old, "new": new}, design="items")
    assert wrong.at_least("error")


def test_the_finding_names_models_and_numbers() -> None:
    report = tearless.compare({"old": [1] * 14 + [0] * 6, "new": [1] * 17 + [0] * 3})
    noise = next(f for f in report.findings if f.name == "difference-is-noise")
    assert noise.headline == "`new` against `old`: +15 points of accuracy is within the reach of chance (p = 0.12)"
    assert noise.evidence["p"].value == report["p"].value


def test_the_critical_difference_is_drawn() -> None:
    """Ranks as bars, best first; one letter for those that Nemenyi's difference does not part."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=20)
    scores = {name: base + gain + 0.01 * rng.normal(size=20) for name, gain in (("a", 0), ("b", 1), ("c", 1))}
    report = tearless.compare({"dataset": [f"d{i}" for i in range(20)], **scores})
    assert report.answer is not None
    picture = report.answer.tables[1]
    assert picture.heads == ("model", "rank", "", "together")
    assert picture.rows[-1][0] == "`a`"
    assert [row[3] for row in picture.rows] == ["a", "a", "·"]
    assert "█" in report.to_text()
