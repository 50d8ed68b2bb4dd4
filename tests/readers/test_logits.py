"""Logits come from arrays, files of arrays and JSON, and nothing damaged is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file as save_torch

from tearless.core import InputError
from tearless.readers import safetensors
from tearless.readers.logits import open_logits


def rows(data: Any, **more: Any) -> list[tuple[str, float]]:
    return open_logits(data, **more).rows.collect().rows()


def test_a_vector_is_named_by_position() -> None:
    assert rows(np.array([1.0, 2.0], np.float32)) == [("0", 1.0), ("1", 2.0)]
    assert rows(torch.tensor([1.0, 2.0])) == [("0", 1.0), ("1", 2.0)]
    assert rows([3, 4]) == [("0", 3.0), ("1", 4.0)]


def test_a_matrix_gives_the_position_asked_for() -> None:
    z = np.arange(12.0).reshape(2, 3, 2)
    assert rows(z) == [("0", 10.0), ("1", 11.0)]
    assert rows(z, position=0) == [("0", 0.0), ("1", 1.0)]
    assert "position 5 of 6" in open_logits(z).notes[0]
    with pytest.raises(InputError, match="position"):
        open_logits(z, position=6)


def test_every_file_gives_the_same(tmp_path: Path) -> None:
    z = np.array([0.5, -1.5, 2.0], np.float32)
    np.save(tmp_path / "z.npy", z)
    np.savez(tmp_path / "z.npz", logits=z)
    save_numpy({"logits": z}, tmp_path / "z.safetensors")
    save_torch({"logits": torch.tensor(z).to(torch.bfloat16)}, tmp_path / "b.safetensors")
    (tmp_path / "z.json").write_text(json.dumps(dict(zip("abc", map(float, z), strict=True))))
    for name in ("z.npy", "z.npz", "z.safetensors", "b.safetensors", "z.json"):
        assert [value for _, value in rows(tmp_path / name)] == [0.5, -1.5, 2.0], name


def test_a_file_of_several_arrays_asks_for_the_name(tmp_path: Path) -> None:
    save_numpy({"a": np.zeros(2), "b": np.ones(2)}, tmp_path / "two.safetensors")
    assert rows(tmp_path / "two.safetensors", tensor="b") == [("0", 1.0), ("1", 1.0)]
    for name in (None, "c"):
        with pytest.raises(InputError, match="`a` and `b`"):
            open_logits(tmp_path / "two.safetensors", tensor=name)


SERVERS: list[tuple[Any, list[tuple[str, float]]]] = [
    ({"yes": -0.1, "no": -2.4}, [("yes", -0.1), ("no", -2.4)]),
    ([{"token": "a", "logit": 1.0}, {"token": "b", "logprob": -2}], [("a", 1.0), ("b", -2.0)]),
    ([{"token": "a", "prob": 0.0}, {"token": "b", "prob": 1.0}], [("a", float("-inf")), ("b", 0.0)]),
    (
        {"choices": [{"logprobs": {"content": [{"token": "x", "top_logprobs": [{"token": "x", "logprob": -0.5}]}]}}]},
        [("x", -0.5)],
    ),
    (
        {"choices": [{"logprobs": {"tokens": ["x"], "top_logprobs": [{"x": -0.5, "y": -1.5}]}}]},
        [("x", -0.5), ("y", -1.5)],
    ),
    ({"completion_probabilities": [{"content": "x", "probs": [{"tok_str": "x", "prob": 1.0}]}]}, [("x", 0.0)]),
]


@pytest.mark.parametrize(("answer", "expected"), SERVERS)
def test_answers_of_servers(answer: Any, expected: list[tuple[str, float]], tmp_path: Path) -> None:
    assert rows(answer) == expected
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    assert rows(tmp_path / "answer.json") == expected


def test_names_come_from_a_list_or_a_tokenizer(tmp_path: Path) -> None:
    z = np.array([1.0, 2.0])
    (tmp_path / "list.json").write_text(json.dumps(["a", "b", "c"]))
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"b": 1, "a": 0}}}))
    for tokens in (["a", "b"], {"a": 0, "b": 1}, tmp_path / "list.json", tmp_path / "tokenizer.json"):
        assert [name for name, _ in rows(z, tokens=tokens)] == ["a", "b"]
    with pytest.raises(InputError, match="--tokens"):
        open_logits(z, tokens=["a"])


@pytest.mark.parametrize(
    "bad",
    ["text", {}, [], [[]], {"a": "b"}, np.zeros(0), np.zeros(()), np.array(["a"]), None, 3.0, [{"a": "b"}], "x.npy"],
)
def test_what_holds_no_logits_is_refused(bad: Any) -> None:
    with pytest.raises(InputError, match="logits: expected"):
        open_logits(bad)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    save_numpy({"z": np.arange(10.0)}, tmp_path / "z.safetensors")
    whole = (tmp_path / "z.safetensors").read_bytes()
    file = tmp_path / "cut.safetensors"
    for cut in range(0, len(whole), 7):
        file.write_bytes(whole[:cut])
        with pytest.raises(InputError):
            open_logits(file)
    header = json.dumps({"z": {"dtype": "F64", "shape": [10], "data_offsets": [0, 800]}}).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(80))
    with pytest.raises(InputError, match="damaged"):
        safetensors.tensors(file, "z", "logits")


def test_pickled_arrays_stay_closed(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError):
        open_logits(tmp_path / "o.npy")
