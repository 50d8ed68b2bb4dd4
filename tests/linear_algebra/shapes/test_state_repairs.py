"""Recurrent layers and attention that refuse a state or a mask: what is offered first, as code of the whole call."""

from __future__ import annotations

from typing import Any

import pytest

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Place, results

RNN = {"kind": "LSTM", "input_size": 5, "hidden_size": 7, "layers": 3, "batch_first": True}
CELL = {"kind": "RNN", "input_size": 5, "hidden_size": 7}


def offered(rule: str, settings: dict[str, Any], text: str, *operands: tuple[str, tuple[int, ...]]) -> list[str]:
    """The calls that would mend it; ``text`` with ``@0``, ``@1`` where operands stand."""
    given = tuple(Operand(name, shape, "float32", "cpu", "torch") for name, shape in operands)
    parts: list[str | Place] = []
    for i, piece in enumerate(text.split("@")):
        parts += [Place(int(piece[0])), piece[1:]] if i else [piece]
    operation = Operation(rule, given, settings, tuple(parts))
    with pytest.raises(Clash) as found:
        results(operation)
    return [operation.mended(one) or str(dict(one.layer)) for one in found.value.repairs]


def test_a_tuple_of_states_is_turned_as_one() -> None:
    states = ("state[0]", (3, 16, 7)), ("state[1]", (3, 16, 7))
    found = offered("rnn", RNN, "net(@0, state)", ("x", (9, 4, 5)), *states)
    assert found[0] == "net(x, tuple(one[:, :x.shape[0]].contiguous() for one in state))"
    assert "net(x, state)" not in found
    apart = offered("rnn", RNN, "net(@0, (@1, @2))", ("x", (9, 4, 5)), ("h", (3, 16, 7)), ("c", (3, 16, 7)))
    assert apart[0] == "net(x, (h[:, :x.shape[0]].contiguous(), c[:, :x.shape[0]].contiguous()))"


@pytest.mark.parametrize(
    ("name", "size"), [("inp", "inp.shape[0]"), ("seq[:, 3]", "seq.shape[0]"), ("self.emb(ids)", "ids.shape[0]")]
)
def test_one_state_for_all_holds_on_every_way_round(name: str, size: str) -> None:
    found = offered("rnn_cell", CELL, "step(@0, @1)", (name, (6, 5)), ("s", (1, 7)))
    assert found[0] == f"step({name}, s.expand({size}, -1))"


@pytest.mark.parametrize(("first", "key"), [(True, "[None, :, None]"), (False, "[:, None, None]")])
def test_a_series_is_one_sample_of_single_numbers(first: bool, key: str) -> None:
    settings = {**RNN, "input_size": 1, "batch_first": first, "kind": "GRU", "layers": 1}
    found = offered("rnn", settings, "net(@0, @1)", ("series", (20,)), ("h", (1, 1, 7)))
    assert found[0] == f"net(series{key}, h)"


def test_a_mask_is_turned_before_the_layer_is_made_anew() -> None:
    given = [(name, (4, 9, 16)) for name in "qkv"]
    settings = {"heads": 2, "embed": 16, "batch_first": True, "padding": 3}
    found = offered("attention", settings, "mha(@0, @1, @2, key_padding_mask=@3)", *given, ("pad", (9, 4)))
    assert found[0].endswith("key_padding_mask=pad.T)")
    other = {**settings, "batch_first": False}
    flipped = offered("attention", other, "mha(@0, @1, @2, key_padding_mask=@3)", *given, ("pad", (4, 9)))
    assert flipped[0] == "{'batch_first': 'True'}"


def test_a_square_mask_made_for_more_steps_is_cut_to_its_corner() -> None:
    given = [(name, (4, 9, 16)) for name in "qkv"]
    settings = {"heads": 2, "embed": 16, "batch_first": True}
    found = offered("attention", settings, "mha(@0, @1, @2, attn_mask=@3)", *given, ("seen", (50, 50)))
    assert found == ["mha(q, k, v, attn_mask=seen[:q.shape[1], :q.shape[1]])"]
    assert offered("attention", settings, "mha(@0, @1, @2, attn_mask=@3)", *given, ("seen", (50, 40))) == []
