"""Published figures are computed from their inputs, compared digit by digit, and every difference has its reason."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tearless.guide.published.page import every_row, summary, to_markdown, to_text, verdict
from tearless.guide.published.row import Figure, Row, figures

ROWS = every_row()
BY_TOPIC = {row.topic: row for row in ROWS}


def computed(topic: str) -> dict[str, float]:
    return {figure.name: figure.computed for figure in BY_TOPIC[topic].figures}


def test_every_topic_is_there_once() -> None:
    assert len(ROWS) == len(BY_TOPIC) == 29


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.topic)
def test_a_difference_has_its_reason(row: Row) -> None:
    settled = any(figure.printed is not None for figure in row.figures)
    assert row.why or (row.agrees and settled)


@pytest.mark.parametrize(
    ("printed", "value", "agrees"),
    [
        ("0.640", 0.64, True),
        ("0.973", 0.97349, True),
        ("0.973", 0.9736, False),
        ("nan", float("nan"), True),
        ("nan", -2.6e66, False),
        ("36221", 36_221.4, True),
        ("0.00000000", 0.0218, False),
    ],
)
def test_a_printed_figure_agrees_where_the_computed_one_rounds_to_it(printed: str, value: float, agrees: bool) -> None:
    assert Figure("x", printed, value).agrees is agrees


def test_a_printed_figure_that_was_not_computed_is_refused() -> None:
    with pytest.raises(KeyError):
        figures({"forgotten": "1.0"}, {"other": 1.0})


def test_descent_beside_a_plain_loop() -> None:
    """The second route: the loop that anyone would write."""
    x, y = np.arange(1.0, 6.0), np.array([2.1, 3.9, 6.2, 7.8, 10.1])
    w = 0.0
    for _ in range(20):
        w -= 0.01 * 2 * float((x * (w * x - y)).mean())
    step = computed("gradient descent on y = w x, step 20")
    assert step["w"] == pytest.approx(w, rel=1e-12)
    assert step["loss"] == pytest.approx(float(((w * x - y) ** 2).mean()), rel=1e-12)


def test_a_rate_above_the_bound_cannot_converge() -> None:
    ends = computed("learning rates after 50 steps")
    assert abs(ends["w at 0.1"]) > 1e3
    assert "0.0909" in BY_TOPIC["learning rates after 50 steps"].why


def test_pca_beside_numpy() -> None:
    table = np.array(
        [[35, 75_000, 24], [28, 52_000, 12], [42, 98_000, 36], [31, 61_000, 18], [55, 120_000, 48]], dtype=float
    )
    values = np.linalg.eigvalsh(np.corrcoef(table.T))[::-1]
    shares = list(computed("PCA, explained variance").values())
    np.testing.assert_allclose(shares, values / values.sum(), rtol=1e-10)


def test_attention_and_softmax_beside_plain_exponentials() -> None:
    rng = np.random.RandomState(42)
    q, k, _ = (rng.randn(4, 8) for _ in range(3))
    e = np.exp(q[0] @ k.T / np.sqrt(8))
    np.testing.assert_allclose(list(computed("attention weights").values()), e / e.sum(), rtol=1e-12)
    e = np.exp(np.array([2.0, 1.0, 0.1]) / 5)
    np.testing.assert_allclose(list(computed("temperature 5").values()), e / e.sum(), rtol=1e-12)


def test_two_models_beside_scipy() -> None:
    from scipy import stats

    rng = np.random.RandomState(42)
    a, b = rng.binomial(1, 0.85, 1_000), rng.binomial(1, 0.87, 1_000)
    found = stats.ttest_ind(a, b)
    assert computed("two models")["t"] == pytest.approx(found.statistic, rel=1e-10)
    assert computed("two models")["p"] == pytest.approx(found.pvalue, rel=1e-10)


def test_a_saved_model_holds_no_gradients() -> None:
    """The claim itself, on a real file: after loading, every gradient is None and the sum over them is 0."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 2)
    model(torch.ones(1, 3)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    loaded = torch.nn.Linear(3, 2)
    loaded.load_state_dict(torch.load(file, weights_only=True))
    assert all(p.grad is None for p in loaded.parameters())
    assert sum(float(p.grad.norm()) ** 2 for p in loaded.parameters() if p.grad is not None) == 0


def test_the_mistakes_are_five_hundred_only_where_the_flags_are_worth_it() -> None:
    mistakes = computed("a probability of 0.95 on 10,000 e-mails")
    assert mistakes["at least, 0.95"] <= 500 <= mistakes["at most, 0.95"]
    assert mistakes["at most, 0.99"] < 500 < mistakes["at least, 0.9"]


def test_a_fixed_gap_is_no_rule() -> None:
    gap = computed("gap rule")
    assert gap["gap at least, 10 + 10 rows"] < 0 < 0.15 < gap["gap at least, 1,000 + 1,000 rows"]


def test_the_page_says_each_verdict() -> None:
    text, page = to_text(ROWS), to_markdown(ROWS)
    assert max(map(len, text.splitlines())) <= 80
    assert verdict(BY_TOPIC["L1 norm"]) == "agrees"
    assert verdict(BY_TOPIC["L2 norm"]) == "1 of 1 differ"
    assert verdict(BY_TOPIC["gap rule"]) == "no number settles it"
    assert summary(ROWS) in page
