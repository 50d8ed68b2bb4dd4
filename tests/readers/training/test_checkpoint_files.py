"""Checkpoints: those that the real libraries write, damaged ones, and files that would run a program."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tearless.core import InputError
from tearless.readers.training.checkpoints import checkpoints_in, entries_of_checkpoints, half_an_ulp
from tearless.readers.training.opcodes import Broken, Reading, Refused
from tearless.readers.training.saved import is_checkpoint, read_checkpoint
from tearless.readers.training.tensors import as_floats, told_of
from tearless.readers.training.torch_zip import Saved, names_of_torch, open_archive

torch = pytest.importorskip("torch")
DATA = Path(__file__).parents[2] / "data" / "training"


def net(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 3))


def trained(path: Path, steps: int, rate: float = 1e-2, dtype: Any = None) -> None:
    model = net() if dtype is None else torch.nn.Sequential(*[m for i, m in enumerate(net()) if i != 1]).to(dtype)
    optimizer = torch.optim.AdamW(model.parameters(), rate)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(16, 4, dtype=dtype)).square().mean().backward()
        optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": steps}, path)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "bfloat16", "complex64", "int64", "bool", "uint8"])
def test_numbers_are_those_that_torch_loads(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = (torch.randn(5, 7) * 3).to(getattr(torch, kind)) if kind != "bool" else torch.randn(5, 7) > 0
    torch.save(
        {"plain": made, "turned": made.T, "part": made[1:4, ::2], "one": made[2, 3], "none": made[:0]},
        tmp_path / "x.pt",
    )
    archive = open_archive(tmp_path / "x.pt")
    loaded = torch.load(tmp_path / "x.pt", weights_only=True)
    for name, saved in archive.value.items():
        assert isinstance(saved, Saved)
        held = archive.held(name, saved)
        assert held.shape == tuple(loaded[name].shape)
        assert held.dtype == kind
        if kind == "bfloat16":
            numbers = as_floats(np.ascontiguousarray(held.numbers), kind)
            np.testing.assert_array_equal(numbers, loaded[name].to(torch.float64).numpy())
        else:
            np.testing.assert_array_equal(held.numbers, loaded[name].numpy())


def test_what_a_tensor_tells_is_what_torch_computes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = torch.randn(3000, 700)
    made[:5] = made[0]
    made[7] = 0
    made[9, 9], made[10, 10] = float("nan"), float("inf")
    torch.save({"w": made}, tmp_path / "x.pt")
    archive = open_archive(tmp_path / "x.pt")
    told = told_of(archive.held("w", archive.value["w"]))
    fine = made[torch.isfinite(made)].double()
    assert (told["nan"], told["inf"], told["distinct_rows"], told["zero_rows"]) == (1, 1, 2996, 1)
    sound = torch.randn(40, 30).add(0.5)
    torch.save({"w": sound}, tmp_path / "y.pt")
    archive = open_archive(tmp_path / "y.pt")
    spread = (sound - sound.mean(0)).norm() / sound.norm()
    assert told_of(archive.held("w", archive.value["w"]))["row_spread"] == pytest.approx(spread.item(), rel=1e-5)
    assert told["mean"] == pytest.approx(fine.mean().item())
    assert told["std"] == pytest.approx(fine.std(correction=0).item())
    assert (told["low"], told["high"]) == (fine.min().item(), fine.max().item())


def test_names_are_found_however_the_checkpoint_is_nested(tmp_path: Path) -> None:
    trained(tmp_path / "a.pt", 3)
    found = read_checkpoint([tmp_path / "a.pt"])
    assert list(found.weights) == list(net().state_dict())
    assert [name for name, _ in found.states[0].parameters] == [name for name, _ in net().named_parameters()]
    assert found.step == 3
    lightning = read_checkpoint([DATA / "lightning.ckpt"])
    assert "net.0.weight" in lightning.weights
    assert [name for name, _ in lightning.states[0].parameters] == found_parameters(lightning)


def found_parameters(checkpoint: Any) -> list[str]:
    return [name for name in checkpoint.weights if "running" not in name and "tracked" not in name]


def test_safetensors_and_its_parts_are_one_checkpoint(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    state = net().state_dict()
    half = list(state)[:3]
    save_file({k: v.clone() for k, v in state.items() if k in half}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({k: v.clone() for k, v in state.items() if k not in half}, tmp_path / "model-00002-of-00002.safetensors")
    (group,) = checkpoints_in(tmp_path)
    entries, _ = entries_of_checkpoints([group])
    told = {tensor["name"]: tensor for tensor in entries[2]["tensors"]}
    assert set(told) == set(state)
    assert told["0.weight"]["std"] == pytest.approx(state["0.weight"].double().std(correction=0).item())


def test_a_series_is_put_in_the_order_of_its_steps(tmp_path: Path) -> None:
    for steps in (10, 2, 6):
        trained(tmp_path / f"model_step{steps}.pt", steps)
    entries, _ = entries_of_checkpoints(checkpoints_in(tmp_path))
    assert [e["step"] for e in entries if e["kind"] == "checkpoint"] == [2, 6, 10]
    first, second = [e for e in entries if e["kind"] == "moved"]
    assert (first["steps"], second["steps"]) == (4, 4)
    before, after = (torch.load(tmp_path / f"model_step{s}.pt", weights_only=True)["model"] for s in (2, 6))
    for told in first["tensors"]:
        a, b = before[told["name"]], after[told["name"]]
        assert told["same"] == pytest.approx((a == b).double().mean().item())
        if a.is_floating_point():
            assert told["change"] == pytest.approx((b - a).double().norm().item(), rel=1e-5)


def test_half_an_ulp_is_where_rounding_keeps_the_number() -> None:
    rng = np.random.default_rng(0)
    for dtype in ("float32", "float16", "bfloat16"):
        size = torch.tensor(np.exp(rng.normal(0, 3, 500))).to(getattr(torch, dtype))
        size = torch.nextafter(size, torch.full_like(size, 2))  # no powers of 2, whose lower neighbour is nearer
        half = torch.tensor(half_an_ulp(size.double().numpy(), dtype))
        assert ((size.double() + half * 0.99).to(size.dtype) == size).all()
        assert ((size.double() + half * 1.01).to(size.dtype) != size).all()


def test_lost_steps_of_adam_in_bfloat16_are_those_that_a_step_loses(tmp_path: Path) -> None:
    trained(tmp_path / "half.pt", 50, 1e-4, torch.bfloat16)
    entries, _ = entries_of_checkpoints([[tmp_path / "half.pt"]])
    (kept,) = entries[2]["optimizers"]
    told = sum(p["lost"] * p["live"] for p in kept["parameters"]) / sum(p["live"] for p in kept["parameters"])
    assert told > 0.5
    trained(tmp_path / "full.pt", 50, 1e-4)
    entries, _ = entries_of_checkpoints([[tmp_path / "full.pt"]])
    assert max(p["lost"] for p in entries[2]["optimizers"][0]["parameters"]) < 0.2


def test_the_old_format_is_refused_in_its_own_words(tmp_path: Path) -> None:
    torch.save(net().state_dict(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(InputError, match=r"zip format .* weights_only=True"):
        open_archive(tmp_path / "old.pt")


class Evil:
    """Its pickle asks for a shell."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def archived(path: Path, data: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("x/data.pkl", data)
        archive.writestr("x/byteorder", b"little")
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_a_program_is_refused_by_name(protocol: int, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for value in (Evil(mark), {"model": {"w": Evil(mark)}}, [Evil(mark)]):
        path = archived(tmp_path / "evil.pt", pickle.dumps(value, protocol))
        with pytest.raises(InputError, match=r"(posix|os|nt)\.system.*not called"):
            open_archive(path)
    assert not mark.exists()


ATTACKS = {
    "eval": b"c__builtin__\neval\n(X\x03\x00\x00\x001+1tR.",
    "instance": b"(S'ls'\nios\nsystem\n.",
    "object": b"(cos\nsystem\nS'ls'\no.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.",
    "call of a text": b"X\x02\x00\x00\x00os)R.",
    "getattr": b"cbuiltins\ngetattr\n.",
    "torch itself": b"ctorch\nload\n.",
    "dotted": b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.",
    "new object": b"\x80\x02csubprocess\nPopen\n)\x81.",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused(name: str) -> None:
    with pytest.raises((Refused, Broken)):
        Reading(ATTACKS[name], names_of_torch()).value()


def test_every_name_that_is_known_builds_plain_data() -> None:
    for name, builder in names_of_torch().items():
        assert getattr(builder, "__module__", "") in ("tearless.readers.training.torch_zip", None, ""), name


def test_torch_is_not_loaded(tmp_path: Path) -> None:
    trained(tmp_path / "a.pt", 3)
    code = f"import sys, tearless; tearless.check({str(tmp_path / 'a.pt')!r}); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_random_pickles_end_in_data_or_in_one_of_two_refusals() -> None:
    rng = np.random.default_rng(0)
    with io.BytesIO() as stream:
        pickle.dump({"a": [1, 2.5, "x", (None, True)], "b": {"c": list(range(50))}}, stream, 2)
        good = stream.getvalue()
    ended = 0
    for _ in range(4000):
        data = bytearray(good)
        for place in rng.integers(0, len(data), 3):
            data[place] = int(rng.integers(0, 256))
        try:
            Reading(bytes(data), names_of_torch()).value()
        except (Broken, Refused):
            ended += 1
    assert ended > 500


def test_damaged_checkpoints_are_refused_in_one_message(tmp_path: Path) -> None:
    trained(tmp_path / "a.pt", 2)
    whole = (tmp_path / "a.pt").read_bytes()
    rng = np.random.default_rng(0)
    bad = tmp_path / "bad.pt"
    said = []
    for i, place in enumerate([*range(0, len(whole), max(1, len(whole) // 150)), *rng.integers(0, len(whole), 200)]):
        damaged = bytearray(whole if i % 2 else whole[:place])
        if i % 2:
            damaged[place] ^= int(rng.integers(1, 256))
        bad.write_bytes(damaged)
        if not is_checkpoint(bad):
            continue
        try:
            entries_of_checkpoints([[bad]])
        except InputError as refused:
            said.append(str(refused))
    assert len(said) > 150
    assert not [one for one in said if "\n" in one]


def test_cut_safetensors_are_refused_at_every_length(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({k: v.clone() for k, v in net().state_dict().items()}, tmp_path / "a.safetensors")
    whole = (tmp_path / "a.safetensors").read_bytes()
    bad = tmp_path / "bad.safetensors"
    for length in range(16, len(whole), 5):
        bad.write_bytes(whole[:length])
        assert is_checkpoint(bad)
        with pytest.raises(InputError):
            entries_of_checkpoints([[bad]])


def test_a_best_score_of_infinity_beside_the_model_is_no_weight(tmp_path: Path) -> None:
    torch.save({"state_dict": net().state_dict(), "best": {"score": torch.tensor(float("inf"))}}, tmp_path / "a.ckpt")
    assert list(read_checkpoint([tmp_path / "a.ckpt"]).weights) == list(net().state_dict())
