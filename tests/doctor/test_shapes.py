"""Reports on shapes: of expressions, and of arrays in files."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator

import tearless
from tearless.core import InputError
from tearless.report.json import schema

VALIDATOR = Draft202012Validator(json.loads(schema()))


def test_an_expression_that_goes_through():
    report = tearless.shape_of("A(100,50) @ B(50,30) + c(30)")
    assert report.answer.verdict == "`A(100,50) @ B(50,30) + c(30)` gives (100, 30)"
    assert report.findings == ()
    assert report["multiply_adds"].value == 150_000
    assert report["entries"].value == 3_000
    assert (
        report.to_text()
        .rstrip()
        .splitlines()[-1]
        .startswith("no findings; 5 checks silent. an expression of 2 operations")
    )
    assert "row" not in report.to_text()
    assert [row[1:3] for row in report.answer.tables[0].rows] == [("A @ B", "(100, 30)"), ("A @ B + c", "(100, 30)")]


def test_a_clash_is_a_finding_and_is_drawn_in_every_format():
    report = tearless.shape_of("x(32,784) @ w(10,784)")
    assert [(f.name, f.severity.name) for f in report.findings] == [("shape-clash", "error")]
    drawing = "x  (32, 784)\n        ^^^\nw  (10, 784)\n    ^^"
    assert report.answer.blocks[0].lines == tuple(drawing.splitlines())
    indented = "\n".join(f"   {line}" for line in drawing.splitlines())
    assert indented in report.to_text()
    assert f"```text\n{drawing}\n```" in report.to_markdown()
    assert f">{drawing}</pre>" in report.to_html()
    data = json.loads(report.to_json())
    VALIDATOR.validate(data)
    assert data["answer"]["blocks"] == [{"title": "", "lines": drawing.splitlines()}]
    for render in (report.to_github, report.to_sarif, report.to_junit):
        assert "784" in render()
    assert "write `x(32,784) @ w(10,784).T`, which gives (32, 10)" in report.findings[0].do


def test_what_goes_through_by_accident_is_a_finding_too():
    report = tearless.shape_of("((p(32,1) - y(32))**2).mean()")
    assert [f.name for f in report.findings] == ["accidental-broadcast"]
    loss = tearless.shape_of("F.mse_loss(pred(32,1), y(32))")
    assert [(f.name, f.severity.name) for f in loss.findings] == [("accidental-broadcast", "error")]
    assert tearless.shape_of("nn.MSELoss()(pred(32,1), y(32,1))").findings == ()
    assert tearless.shape_of("(x(32,5) - mu(5)) / sd(5)").findings == ()
    assert tearless.shape_of("((p(32,1)[:, 0] - y(32))**2).mean()").findings == ()
    assert tearless.shape_of("x(32)[:, None] - y(32)").findings == ()


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize(
    "text",
    ["x(n,784) @ w(784,10)", "x(8,64,32).transpose(1,2).reshape(8,-1) @ w(2048,10) + b(10)", "cat([a(2,3), b(4,5)])"],
)
def test_lines_fit(width, text):
    report = tearless.shape_of(text)
    assert all(len(line) <= width for line in report.to_text(width).splitlines())
    assert "\x1b[" in report.to_text(width, color=True)


@pytest.mark.parametrize("odd", [None, 3, b"x(2)", ["x(2)"], "", "  ", "x(2"])
def test_what_is_no_expression_is_refused(odd):
    with pytest.raises(InputError, match="expression: expected"):
        tearless.shape_of(odd)


def test_hostile_names_are_made_safe():
    report = tearless.shape_of("x(2,3) @ w(4,5)  # <script>alert(1)</script>")
    assert "<script>" not in report.to_html()
    with pytest.raises(InputError) as refused:
        tearless.shape_of("x(2,3) \x1b[31m")
    assert "\x1b" not in str(refused.value)


def test_arrays_in_files_are_listed_and_chained(tmp_path):
    for name, shape in {"x": (32, 784), "w": (10, 784), "b": (10,)}.items():
        np.save(tmp_path / f"{name}.npy", np.zeros(shape, np.float32))
    report = tearless.shapes_in(*(tmp_path / f"{name}.npy" for name in "xwb"))
    assert ("chain", "`x @ w.T + b` gives (32, 10): w is kept as (out, in)") in report.answer.said
    assert report["bytes"].value == 4 * (32 * 784 + 10 * 784 + 10)
    assert [row[1] for row in report.answer.tables[0].rows] == ["(32, 784)", "(10, 784)", "(10,)"]
    broken = tearless.shapes_in(tmp_path / "b.npy", tmp_path / "x.npy")
    assert any(label == "breaks at" for label, _ in broken.answer.said)
    VALIDATOR.validate(json.loads(broken.to_json()))
    assert tearless.shapes_in(tmp_path).answer.verdict.startswith("3 arrays in 3 files")


def test_an_archive_of_a_table_does_not_chain(tmp_path):
    np.savez(tmp_path / "d.npz", X=np.zeros((100, 5)), y=np.zeros(100))
    said = dict(tearless.shapes_in(tmp_path / "d.npz").answer.said)
    assert said["rows"] == "`X` and `y` have 100 rows each: arrays of one table"
    assert "breaks at" not in said


def model(last: int) -> torch.nn.Module:
    layers = [torch.nn.Conv2d(1, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Flatten(), torch.nn.Linear(5408, 100)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(last, 10))


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_layers_of_a_checkpoint_chain(tmp_path, wrapped):
    state = model(100).state_dict()
    torch.save({"state_dict": state} if wrapped else state, tmp_path / "m.pt")
    report = tearless.shapes_in(tmp_path / "m.pt")
    assert "all 3 layers follow" in dict(report.answer.said)["chain"]
    assert report["arrays"].value == len(state)
    assert report.answer.tables[0].rows[0][0] == "0.weight"
    torch.save(model(120).state_dict(), tmp_path / "n.pt")
    said = dict(tearless.shapes_in(tmp_path / "n.pt").answer.said)
    assert (
        said["breaks at"] == "3.weight (100, 5408) gives 100, 4.weight (10, 120) takes 120; of shape (10, 100) it would"
    )


def test_thousands_of_tensors_are_listed_by_their_headers(tmp_path):
    header = {
        f"layers.{i}.weight": {"dtype": "BF16", "shape": [4, 4], "data_offsets": [32 * i, 32 * i + 32]}
        for i in range(5000)
    }
    raw = json.dumps(header).encode()
    (tmp_path / "m.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(32 * 5000))
    report = tearless.shapes_in(tmp_path / "m.safetensors")
    assert report["arrays"].value == 5000
    assert report.answer.tables[0].rows[10][0] == "layers.10.weight"
    assert "and 4,960 more rows" in report.to_text()


def test_damaged_and_hostile_files_are_refused_by_name(tmp_path):
    torch.save(model(100).state_dict(), tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    np.save(tmp_path / "long.npy", np.zeros(1000))
    files = {
        "cut.pt": whole[:3000],
        "junk.npy": b"junk",
        "short.npy": (tmp_path / "long.npy").read_bytes()[:500],
        "evil.pt": b"\x80\x04cos\nsystem\n(X\x02\x00\x00\x00lstR.",
        "lies.safetensors": (100).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[9,9],"data_offsets":[0,4]}}',
        "empty.npz": b"",
        "text.npz": b"PK\x03\x04 no archive",
    }
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(InputError, match="files: expected") as refused:
            tearless.shapes_in(tmp_path / name)
        assert name in str(refused.value)
    with zipfile.ZipFile(tmp_path / "odd.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (3,), }")
    for odd in ("odd.npz", "absent.npy"):
        with pytest.raises(InputError, match=odd):
            tearless.shapes_in(tmp_path / odd)
    for nothing in ((), (3,), ("",), ("a\0b",)):
        with pytest.raises(InputError, match="files: expected"):
            tearless.shapes_in(*nothing)


def saved(folder, **shapes):
    for name, shape in shapes.items():
        np.save(folder / f"{name}.npy", np.zeros(shape, np.float32))
    return [folder / f"{name}.npy" for name in shapes]


def test_arrays_in_order_are_read_as_they_are_first(tmp_path):
    report = tearless.shapes_in(*saved(tmp_path, w1=(30, 20), w2=(20, 7)))
    assert ("chain", "`w1 @ w2` gives (30, 7)") in report.answer.said
    assert report.findings == ()
    report = tearless.shapes_in(*saved(tmp_path, weight=(20, 30), weight2=(7, 20)))
    assert dict(report.answer.said)["chain"].startswith("`weight.T @ weight2.T` gives (30, 7)")


def test_a_chain_that_breaks_is_a_finding(tmp_path):
    report = tearless.shapes_in(*saved(tmp_path, x=(8, 30), w=(29, 20)))
    assert [f.name for f in report.findings] == ["shape-clash"]
    assert report["arrays"].value == 2
    for bias in ((20,), (19,)):
        report = tearless.shapes_in(*saved(tmp_path, x=(8, 30), w=(30, 20), b=bias))
        assert len(report.findings) == (bias == (19,))
    torch.save({"a.fc1.weight": torch.zeros(96, 30), "a.fc2.weight": torch.zeros(5, 48)}, tmp_path / "m.pt")
    report = tearless.shapes_in(tmp_path / "m.pt")
    assert [f.name for f in report.findings] == ["shape-clash"]
    assert "write `a.fc2.weight (5, 96)`" in report.findings[0].do
    VALIDATOR.validate(json.loads(report.to_json()))


def test_unrelated_files_are_not_one_chain(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((8, 30)), w=np.zeros((30, 4)))
    np.savez(tmp_path / "b.npz", x=np.zeros((6, 11)), w=np.zeros((11, 3)))
    report = tearless.shapes_in(tmp_path / "a.npz", tmp_path / "b.npz")
    chains = [says for about, says in report.answer.said if about == "chain"]
    assert chains == ["a.npz: `x @ w` gives (8, 4)", "b.npz: `x @ w` gives (6, 3)"]
    paths = saved(tmp_path, X_train=(80, 5), y_train=(80,), X_test=(20, 5), y_test=(20,))
    assert tearless.shapes_in(*paths).findings == ()
    images = saved(tmp_path, before=(80, 28, 28), after=(20, 28, 28))
    assert tearless.shapes_in(*images).findings == ()
