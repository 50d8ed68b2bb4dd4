"""The design that the columns show, or that the user names, and for each the test that goes with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tearless.core import CannotTell, InputError
from tearless.statistics.comparison.clusters import compare_clustered
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.designs import compared, recognised
from tearless.statistics.comparison.facts import Comparison
from tearless.statistics.comparison.folds import corrected_resampled_t, five_by_two_f
from tearless.statistics.comparison.paired_proportions import PairedTable, compare_paired
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.seeds import seeds_and_items
from tearless.statistics.multiple_testing import holm

RNG = np.random.default_rng(4)
BASE = RNG.uniform(0.6, 0.9, 60)
SCORES = {"A": BASE, "B": BASE + RNG.normal(0.01, 0.03, 60)}
RIGHT = {"A": RNG.integers(0, 2, 60), "B": RNG.integers(0, 2, 60)}
AB = Plan(("A", "B"), joined="60 rows")


def table(rows: int, columns: dict[str, Any], **more: Any) -> pl.DataFrame:
    return pl.DataFrame({name: np.asarray(x)[:rows] for name, x in columns.items()} | more)


@pytest.mark.parametrize(
    ("rows", "more", "parts", "design"),
    [
        (60, {}, {}, "items"),
        (60, {"id": range(60)}, {"item": "id"}, "items"),
        (10, {"f": range(10)}, {"fold": "f"}, "folds"),
        (10, {"r": [0] * 5 + [1] * 5, "f": [*range(5), *range(5)]}, {"fold": "f", "repeat": "r"}, "folds"),
        (60, {"f": [i % 5 for i in range(60)]}, {"fold": "f"}, "items"),  # out-of-fold predictions
        (60, {"f": range(60), "id": range(60)}, {"fold": "f", "item": "id"}, "items"),
        (4, {"s": range(4)}, {"seed": "s"}, "seeds"),
        (6, {"d": list("abcdef")}, {"data_set": "d"}, "data sets"),
        (6, {"d": list("abcdef"), "s": range(6)}, {"data_set": "d", "seed": "s"}, "data sets"),
        (60, {"id": [*range(20)] * 3, "s": np.repeat([1, 2, 3], 20)}, {"item": "id", "seed": "s"}, "seeds and items"),
        (60, {"id": range(60), "s": [7] * 60}, {"item": "id", "seed": "s"}, "items"),  # one run alone
        (60, {"c": [i // 6 for i in range(60)]}, {"cluster": "c"}, "items in clusters"),
        (60, {"c": range(60)}, {"cluster": "c"}, "items"),  # each a cluster of its own
        (60, {"c": [1] * 60}, {"cluster": "c"}, "items"),  # one cluster says nothing of others
    ],
)
def test_the_columns_show_the_design(rows: int, more: Any, parts: dict[str, str], design: str) -> None:
    found, said = recognised(table(rows, RIGHT, **more), replace(AB, **parts))  # type: ignore[arg-type]
    assert found == design
    assert said.startswith("60 rows")
    named = {"folds": "fold", "seeds": "seed", "data sets": "data_set", "items in clusters": "cluster"}.get(design)
    assert named is None or f"`{parts[named]}`" in said or f"`{parts.get('repeat')}`" in said


@pytest.mark.parametrize("wanted", list(Design))
def test_a_design_that_is_named_overrules_the_columns(wanted: Design) -> None:
    found, said = recognised(table(10, SCORES, f=range(10)), replace(AB, fold="f", design=wanted.value))
    assert found is wanted
    assert said == f"60 rows; {wanted.value}, as you said"


def test_a_design_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected one of items, different items.*`fold`"):
        recognised(table(10, SCORES), replace(AB, design="fold"))


def comparison(rows: int, columns: dict[str, Any], **parts: Any) -> Comparison:
    more = {name: parts.pop(name) for name in list(parts) if name in ("c", "f", "r", "s", "d", "id")}
    return compared(table(rows, columns, **more), replace(AB, **parts), 0)


def test_items_by_mcnemar_and_the_score_interval() -> None:
    pair = comparison(60, RIGHT).pairs[0]
    direct = compare_paired(PairedTable.of(RIGHT["A"], RIGHT["B"]), 0.95)
    assert pair.difference == direct
    assert pair.disagree == (int((RIGHT["A"] > RIGHT["B"]).sum()), int((RIGHT["B"] > RIGHT["A"]).sum()))
    names = dict(pair.others)
    exact = stats.binomtest(pair.disagree[1], sum(pair.disagree)).pvalue
    assert names["exact McNemar (sign test)"] == pytest.approx(exact)
    assert names["paired t"] == pytest.approx(stats.ttest_rel(RIGHT["B"], RIGHT["A"]).pvalue)


def test_scores_by_flips_of_sign() -> None:
    pair = comparison(60, SCORES).pairs[0]
    assert "sign-flip" in pair.difference.test
    assert dict(pair.others)["paired t"] == pytest.approx(stats.ttest_rel(SCORES["B"], SCORES["A"]).pvalue)
    assert pair.difference.p == pytest.approx(dict(pair.others)["paired t"], abs=0.02)
    assert pair.ratio is not None
    assert pair.ratio > 1  # the models find the same rows hard


@pytest.mark.parametrize(("method", "word"), [("exact", "exact"), ("newcombe", "mid-p"), ("exact/newcombe", "exact")])
def test_a_method_is_a_test_or_an_interval_or_both(method: str, word: str) -> None:
    pair = comparison(60, RIGHT, method=method).pairs[0]
    assert word in pair.difference.test
    assert ("ewcombe" in pair.difference.interval) == ("newcombe" in method)


def test_a_method_of_another_design_is_refused() -> None:
    with pytest.raises(InputError, match=r"method: expected one of .*mid-p.*`wilcoxon`"):
        comparison(60, RIGHT, method="wilcoxon")


def test_folds_by_nadeau_and_bengio() -> None:
    found = comparison(10, SCORES, f=range(10), fold="f")
    direct = corrected_resampled_t(SCORES["A"][:10], SCORES["B"][:10], test_to_train=1 / 9)
    assert found.pairs[0].difference == direct
    assert "10-fold cross-validation" in found.said
    naive = dict(found.pairs[0].others)["paired t, folds taken for independent"]
    assert naive == pytest.approx(stats.ttest_rel(SCORES["B"][:10], SCORES["A"][:10]).pvalue)
    assert naive < direct.p
    ratio = found.pairs[0].ratio
    assert ratio is not None
    assert 1 / ratio == pytest.approx(np.sqrt((1 / 10 + 1 / 9) / (1 / 10)))


def test_five_times_two_folds_in_any_order_by_the_f_test() -> None:
    order = RNG.permutation(10)
    r, f = np.repeat(range(5), 2), np.tile([0, 1], 5)
    shuffled = {name: x[:10][order] for name, x in SCORES.items()}
    found = comparison(10, shuffled, r=r[order], f=f[order], repeat="r", fold="f")
    direct = five_by_two_f((SCORES["B"] - SCORES["A"])[:10].reshape(5, 2))
    assert found.pairs[0].difference == direct


def test_even_clusters_by_t_of_their_number_uneven_ones_by_their_effective_number() -> None:
    even = comparison(60, RIGHT, c=[i // 6 for i in range(60)], cluster="c")
    codes = [i // 6 for i in range(60)]
    direct = compare_clustered(RIGHT["A"], RIGHT["B"], codes).difference
    assert even.pairs[0].difference == direct
    uneven = [0] * 30 + [1 + i // 5 for i in range(30)]
    found = comparison(60, RIGHT, c=uneven, cluster="c")
    assert found.clusters is not None
    assert found.clusters.effective < 0.8 * found.clusters.clusters
    wide = compare_clustered(RIGHT["A"], RIGHT["B"], uneven, freedom="effective").difference
    assert found.pairs[0].difference.estimate == wide.estimate
    assert f"{found.clusters.effective:.3g} effective clusters" in found.pairs[0].difference.test
    narrow = compare_clustered(RIGHT["A"], RIGHT["B"], uneven).difference
    assert found.pairs[0].difference.p > narrow.p


def test_runs_by_welch_whatever_their_numbers() -> None:
    a, b = SCORES["A"][:5], SCORES["B"][:3]
    frame = pl.DataFrame({"A": a, "B": [*b, None, None]})
    found = compared(frame, replace(AB, paired=False, seed="s"), 0)
    assert found.design is Design.seeds
    assert found.pairs[0].difference.p == pytest.approx(stats.ttest_ind(b, a, equal_var=False).pvalue)
    assert found.pairs[0].rows == 8


def test_runs_of_items_split_the_variance() -> None:
    item, seed = [*range(20)] * 3, np.repeat([1, 2, 3], 20)
    found = comparison(60, RIGHT, id=item, s=seed, item="id", seed="s")
    direct = seeds_and_items(RIGHT["A"].reshape(3, 20).astype(float), RIGHT["B"].reshape(3, 20).astype(float))
    assert found.pairs[0].difference == direct.difference
    lacking = table(59, RIGHT, id=item[:59], s=seed[:59])
    with pytest.raises(CannotTell, match="every run"):
        compared(lacking, replace(AB, item="id", seed="s"), 0)


def test_different_items_by_the_score_test_or_welch() -> None:
    frame = pl.DataFrame({"A": [1] * 30 + [0] * 20, "B": [1] * 35 + [0] * 5 + [None] * 10})
    found = compared(frame, replace(AB, paired=False), 0)
    assert found.pairs[0].rows == 90
    assert "Miettinen" in found.pairs[0].difference.test
    scores = pl.DataFrame({"A": SCORES["A"], "B": [*SCORES["B"][:40], *[None] * 20]})
    welch = compared(scores, replace(AB, paired=False), 0).pairs[0].difference
    assert welch.p == pytest.approx(stats.ttest_ind(SCORES["B"][:40], SCORES["A"], equal_var=False).pvalue)


def test_data_sets_by_signed_ranks_and_many_by_friedman() -> None:
    three = SCORES | {"C": SCORES["A"] + 0.05}
    frame = table(8, three, d=list("abcdefgh"))
    found = compared(frame, Plan(("A", "B", "C"), data_set="d"), 0)
    assert [pair.b for pair in found.pairs] == ["B", "C"]
    wilcoxon = stats.wilcoxon(three["B"][:8], three["A"][:8], method="exact").pvalue
    assert found.pairs[0].difference.p == pytest.approx(wilcoxon)
    assert found.ranks is not None
    chi = stats.friedmanchisquare(*(three[name][:8] for name in "ABC")).statistic
    assert found.ranks.friedman.chi_square == pytest.approx(chi)


def test_rows_with_a_hole_are_left_out_of_all_models_and_counted() -> None:
    frame = pl.DataFrame({"A": [1, None, 0, 1, 1], "B": [1.0, 0.0, float("nan"), 0.0, 1.0]})
    found = compared(frame, AB, 0)
    assert found.rows == found.pairs[0].rows == 3
    assert "2 rows without a result" in found.said
    apart = compared(frame, replace(AB, paired=False), 0)
    assert apart.pairs[0].rows == 8


def test_no_whole_row_is_no_comparison() -> None:
    with pytest.raises(CannotTell, match="no row has a result of every model"):
        compared(pl.DataFrame({"A": [1, None], "B": [None, 1]}), AB, 0)
    with pytest.raises(CannotTell, match="two models"):
        compared(pl.DataFrame({"A": [1, 0]}), Plan(("A",)), 0)


def test_all_are_compared_with_the_baseline() -> None:
    four = RIGHT | {"C": RNG.integers(0, 2, 60), "D": RIGHT["A"] | RIGHT["B"]}
    found = compared(table(60, four), Plan(tuple(four), baseline="C"), 0)
    assert [(pair.a, pair.b) for pair in found.pairs] == [("C", "A"), ("C", "B"), ("C", "D")]
    assert [pair.adjusted_p for pair in found.pairs] == holm([pair.difference.p for pair in found.pairs]).tolist()
    assert all(pair.corrected_p == pair.adjusted_p for pair in found.pairs)
    assert found.best is not None
    assert found.plan.models[found.best.best] == "D"
    alone = compared(table(60, four), Plan(("C", "A")), 0).pairs[0]
    assert alone.difference == found.pairs[0].difference
    assert alone.corrected_p == alone.difference.p
    with pytest.raises(InputError, match="baseline: expected one of the models"):
        compared(table(60, four), Plan(tuple(four), baseline="E"), 0)


def test_predictions_of_folds_are_refused() -> None:
    frame = table(10, RIGHT, t=[1] * 10, f=range(10))
    with pytest.raises(CannotTell, match="hold scores, not predictions"):
        compared(frame, replace(AB, holds="classes", truth=("t", "t"), fold="f", metric="f1"), 0)


def test_the_other_way_round_is_the_same_turned() -> None:
    for columns in (RIGHT, SCORES):
        one, other = (compared(table(60, columns), Plan(models), 0).pairs[0] for models in (("A", "B"), ("B", "A")))
        assert one.difference.p == pytest.approx(other.difference.p, rel=1e-9)
        assert one.difference.estimate.low == pytest.approx(-other.difference.estimate.high, abs=1e-9)
        assert one.needed == other.needed
