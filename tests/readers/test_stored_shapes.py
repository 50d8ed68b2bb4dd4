"""Arrays in files by their headers: what is refused, and how it is said."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tearless.core import InputError
from tearless.readers.stored_shapes import stored


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        stored(path)
    return str(refused.value)


def written(path: Path, header: Mapping[str, Any] | bytes, numbers: int) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(numbers))
    return path


def entry(start: int, stop: int, dtype: Any = "F32", **more: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [(stop - start) // 4], "data_offsets": [start, stop], **more}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")
@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors", "pt"])
def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    pipe = tmp_path / f"pipe.{suffix}"
    os.mkfifo(pipe)
    assert "no regular file" in refusal(pipe)


@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors", "pt"])
def test_a_pointer_of_git_lfs_is_named_so(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"w.{suffix}"
    file.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 99\n")
    assert "git lfs pull" in refusal(file)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"a": entry(0, 16), "b": entry(8, 24)}, "`a` and `b` lie on the same bytes"),
        ({"a": entry(0, 16, "F31")}, "`F31`, which the format has not"),
        ({"a": entry(0, 16, shape=[2.0, 2])}, "no whole numbers"),
        ({"a": entry(0, 16, shape=[True, 4])}, "no whole numbers"),
        ({"a": entry(0, 16, data_offsets=[0])}, "no whole numbers"),
        ({"a": entry(0, 16, dtype=["F32"])}, "which the format has not"),
        ({"a": 3}, "without its type, shape or place"),
        (b"[3, 4]", "no table of names"),
        (b'{"a" 3}', "no JSON"),
        (b'{"a":{},"a":{}}', "names `a` twice"),
    ],
)
def test_a_header_that_lies_is_refused_in_words(tmp_path: Path, header: Any, says: str) -> None:
    said = refusal(written(tmp_path / "w.safetensors", header, 24))
    assert says in said
    assert "object" not in said


def test_empty_arrays_lie_anywhere(tmp_path: Path) -> None:
    header = {"a": entry(0, 16), "e": entry(8, 8), "f": entry(16, 16), "__metadata__": {"format": "pt"}}
    assert len(stored(written(tmp_path / "w.safetensors", header, 16))) == 3


@pytest.mark.parametrize("text", ["open('x').read()", "{'descr': [].append, 'fortran_order': False, 'shape': (2,)}"])
def test_a_header_with_code_is_refused_in_words(tmp_path: Path, text: str) -> None:
    head = text.encode().ljust(117) + b"\n"
    (tmp_path / "w.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    said = refusal(tmp_path / "w.npy")
    assert "cannot be read (it describes no array)" in said


def test_arrays_of_numpy_in_a_checkpoint_are_listed(tmp_path: Path) -> None:
    held = {"w": torch.zeros(3, 2), "mean": np.zeros((2, 5), np.float32), "names": np.array(["a", "bc"])}
    torch.save({"state": held, "epoch": np.float64(3)}, tmp_path / "m.pt")
    found = {one.name: (one.shape, one.dtype, one.bytes) for one in stored(tmp_path / "m.pt")}
    assert found["state.mean"] == ((2, 5), "float32", 40)
    assert found["state.w"] == ((3, 2), "float32", 24)
    assert found["state.names"][:2] == ((2,), "objects or text")
    assert len(found) == 3
