"""Losses that refuse: what is offered, and that samples are never thrown away to make numbers fit."""

from __future__ import annotations

import pytest

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Place, results


def offered(name: str, *operands: tuple[str, tuple[int, ...], str]) -> tuple[str, list[str]]:
    """The kind of the clash, and the calls that would mend it."""
    given = tuple(Operand(text, shape, dtype, "cpu", "torch") for text, shape, dtype in operands)
    parts = [part for i in range(len(given)) for part in (", ", Place(i))][1:]
    operation = Operation("loss", given, {"name": name}, ("F.loss(", *parts, ")"))
    with pytest.raises(Clash) as found:
        results(operation)
    return found.value.kind, [operation.mended(repair) for repair in found.value.repairs]


@pytest.mark.parametrize(
    ("rows", "samples", "wanted"),
    [
        (60, 20, []),
        (20, 60, []),
        (8, 6, []),
        (21, 20, ["F.loss(scores[:y.shape[0]], y)"]),
        (20, 21, ["F.loss(scores, y[:scores.shape[0]])"]),
        (20, 32, ["F.loss(scores, y[:scores.shape[0]])"]),
    ],
)
def test_samples_are_left_out_only_at_the_end(rows: int, samples: int, wanted: list[str]) -> None:
    found = offered("cross_entropy", ("scores", (rows, 7), "float32"), ("y", (samples,), "int64"))
    assert found == ("shape", wanted)


def test_each_step_is_judged_by_the_next() -> None:
    scores = ("out[:, :-1].reshape(-1, size)", (63, 30), "float32")
    kind, found = offered("cross_entropy", scores, ("ids.flatten()", (70,), "int64"))
    assert found[0] == "F.loss(out[:, :-1].reshape(-1, size), ids[:, 1:].reshape(-1))"
    whole = ("out.view(-1, out.size(-1))", (70, 30), "float32")
    _, found = offered("cross_entropy", whole, ("ids[:, 1:].reshape(-1)", (63,), "int64"))
    assert found[0] == "F.loss(out[:, :-1].reshape(-1, out.size(-1)), ids[:, 1:].reshape(-1))"
    assert kind == "shape"


@pytest.mark.parametrize("scores", [(9, 4), (9, 4, 5, 5)])
def test_scores_come_first(scores: tuple[int, ...]) -> None:
    classes = (scores[0], *scores[2:])
    kind, found = offered("cross_entropy", ("labels", classes, "int64"), ("scores", scores, "float32"))
    assert (kind, found[0]) == ("dtype", "F.loss(scores, labels)")
    assert not any("long" in one for one in found)


def test_a_coarser_map_is_brought_to_the_size_of_the_other() -> None:
    pair = ("out", (3, 6, 20, 30), "float32"), ("map", (3, 80, 120), "int64")
    _, found = offered("cross_entropy", *pair)
    assert found == ["F.loss(torch.nn.functional.interpolate(out, size=map.shape[1:], mode='bilinear'), map)"]
    assert offered("cross_entropy", pair[0], ("map", (3, 80, 100), "int64"))[1] == []


def test_ctc_takes_the_length_first() -> None:
    lengths = [("n", (5,), "int64"), ("m", (5,), "int64")]
    _, found = offered("ctc_loss", ("scores", (5, 40, 9), "float32"), ("words", (5, 7), "int64"), *lengths)
    assert found[0] == "F.loss(scores.transpose(0, 1), words, n, m)"
