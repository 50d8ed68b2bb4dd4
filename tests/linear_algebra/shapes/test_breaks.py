"""Layers of a checkpoint: which follow from one another, and which names say that they must."""

from __future__ import annotations

import pytest

from tearless.linear_algebra.shapes.breaks import breaks_of
from tearless.linear_algebra.shapes.stages import stages_of

CERTAIN: dict[str, dict[str, tuple[int, ...]]] = {
    "a half is no reason": {"fc1.weight": (96, 30), "fc2.weight": (5, 48)},
    "a double is no reason": {"fc1.weight": (96, 30), "fc2.weight": (5, 192)},
    "by numbers": {"net.0.weight": (96, 30), "net.2.weight": (5, 95)},
    "other words": {"hidden.weight": (96, 30), "out.weight": (5, 48)},
    "a bias": {"lin.weight": (96, 30), "lin.bias": (95,)},
    "a norm of its number": {"conv2.weight": (24, 3, 5, 5), "bn2.weight": (48,), "bn2.running_mean": (48,)},
    "a norm in a row": {"0.weight": (24, 3, 5, 5), "1.weight": (12,), "1.running_mean": (12,)},
    "the only norm": {"conv.weight": (24, 3, 5, 5), "bn.weight": (48,)},
    "a mean": {"bn.weight": (24,), "bn.bias": (24,), "bn.running_mean": (23,)},
    "flat, no multiple": {"0.weight": (24, 3, 5, 5), "3.weight": (10, 601)},
    "gates": {"rnn.weight_ih_l0": (256, 20), "rnn.weight_hh_l0": (192, 64)},
}
FINE: dict[str, dict[str, tuple[int, ...]]] = {
    "flat": {"conv1.weight": (24, 3, 5, 5), "fc1.weight": (10, 24 * 16)},
    "beside": {"fc1.weight": (96, 30), "fc21.weight": (5, 96), "fc22.weight": (5, 96), "fc3.weight": (96, 5)},
    "put together": {"fc1.weight": (96, 30), "fc2.weight": (40, 96), "fc3.weight": (4, 136)},
    "in groups": {"conv1.weight": (64, 3, 3, 3), "conv2.weight": (64, 4, 3, 3)},
    "before it": {"conv1.weight": (64, 32, 3, 3), "bn1.weight": (32,), "bn1.running_mean": (32,)},
    "by their letters": {"bn1.weight": (64,), "bn1.running_mean": (64,), "conv1.weight": (64, 3, 3, 3)},
    "transposed": {"up.weight": (64, 32, 2, 2), "up.bias": (32,)},
    "bias of (in, out)": {"c_attn.weight": (64, 192), "c_attn.bias": (192,)},
    "recurrent": {
        "lstm.weight_ih_l0": (256, 20),
        "lstm.weight_hh_l0": (256, 64),
        "lstm.bias_ih_l0": (256,),
        "lstm.weight_ih_l1": (256, 64),
        "lstm.weight_hh_l1": (256, 64),
        "fc.weight": (3, 64),
    },
    "both ways": {
        "gru.weight_ih_l0": (96, 20),
        "gru.weight_hh_l0": (96, 32),
        "gru.weight_ih_l0_reverse": (96, 20),
        "gru.weight_hh_l0_reverse": (96, 32),
        "fc.weight": (3, 64),
    },
}


@pytest.mark.parametrize("name", CERTAIN)
def test_a_break_is_certain(name: str) -> None:
    arrays = CERTAIN[name]
    (found,) = breaks_of(stages_of(arrays), arrays)
    assert found.certain
    clash = found.clash()
    assert len(clash.marks) == 2
    for operand, axis in clash.marks:
        assert clash.operation is not None
        assert axis < len(clash.operation.operands[operand].shape)
    assert clash.repairs


@pytest.mark.parametrize("name", FINE)
def test_no_break(name: str) -> None:
    arrays = FINE[name]
    assert breaks_of(stages_of(arrays), arrays) == []


def test_layers_of_different_parts_are_no_certain_break() -> None:
    arrays: dict[str, tuple[int, ...]] = {"user.tower.weight": (32, 100), "item.tower.weight": (32, 70)}
    assert [one.certain for one in breaks_of(stages_of(arrays), arrays)] == [False]
