"""What goes through without an error: found where it is an accident, left alone where it is meant."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tearless
from tearless.integrations.shapes.silent.tracer import Tracer

from .conftest import Look

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using a target size"),
    pytest.mark.filterwarnings("ignore:The use of `x.T` on tensors"),
]
SICK = {
    "a loss by hand": ("loss = ((model(X) - y) ** 2).mean()", "model(X) - y", "mean"),
    "the other order": ("loss = (y - pred).abs().mean()", "y - pred", "mean"),
    "step by step": ("d = pred - y\ns = d ** 2\nloss = s.mean()", "pred - y", "mean"),
    "numpy": ("mse = np.mean((Xn[:, :1] - yn) ** 2)", "Xn[:, :1] - yn", "mean"),
    "numpy, root": ("r = np.sqrt(((Xn[:, [0]] - yn) ** 2).mean())", "Xn[:, [0]] - yn", "mean"),
    "jax": ("a = jnp.ones((8, 1)); b = jnp.ones(8)\nl = jnp.mean((a - b) ** 2)", "a - b", "mean"),
    "accuracy": ("acc = ((pred > 0) == (y > 0)).float().mean()", "(pred > 0) == (y > 0)", "mean"),
    "accuracy, counted": ("n = (pred.round() == y).sum().item()", "pred.round() == y", "sum"),
    "accuracy, by a method": ("n = pred.round().eq(y).sum().item()", "pred.round().eq(y)", "sum"),
    "functional": ("loss = F.mse_loss(pred, y)", "F.mse_loss(pred, y)", "mean"),
    "functional, by name": ("loss = F.l1_loss(input=pred, target=y, reduction='sum')", None, "sum"),
    "a layer": ("crit = nn.HuberLoss()\nloss = crit(pred, y)", "crit(pred, y)", "mean"),
    "a layer made in place": ("loss = nn.L1Loss()(model(X), y)", "nn.L1Loss()(model(X), y)", "mean"),
    "a layer made in place, summed": ("l = nn.SmoothL1Loss(reduction='sum')(target=y, input=pred)", None, "sum"),
    "a layer that leaves it to others": ("l = nn.MSELoss(reduction='none')(pred, y).mean()", None, "mean"),
    "a layer of a class of one's own": (
        "class Mine(nn.HuberLoss):\n    pass\nl = Mine(delta=0.5)(pred, y)",
        "Mine(delta=0.5)(pred, y)",
        "mean",
    ),
    "a line of its own column and what was fitted to it": (
        "t = np.arange(9.0).reshape(-1, 1); c = 2 * t + 1; line = 3 * t.ravel()\ns = np.std(c - line)",
        "c - line",
        "std",
    ),
    "a layer of an object": (
        "class T:\n    def __init__(self):\n        self.c = nn.MSELoss()\n"
        "    def step(self):\n        return self.c(model(X), y)\nT().step()",
        "self.c(model(X), y)",
        "mean",
    ),
    "np.subtract": ("e = np.subtract(Xn[:, :1], yn)", "np.subtract(Xn[:, :1], yn)", ""),
    "torch.where": ("t = torch.where(y > 0, pred, y)", "torch.where(y > 0, pred, y)", ""),
    "np.allclose": ("ok = np.allclose(Xn[:, :1], yn)", "np.allclose(Xn[:, :1], yn)", "all"),
    "a function": ("def mse(p, t):\n    e = p - t\n    return (e * e).mean()\nmse(model(X), y)", "p - t", "mean"),
    "reduced by who called it": ("def sq(p, t):\n    return (p - t) ** 2\nl = sq(pred, y).mean()", "p - t", "mean"),
    "a lambda": ("f = lambda p, t: ((p - t) ** 2).mean()\nf(pred, y)", "p - t", "mean"),
    "a comprehension": (
        "batches = [(X, y)] * 3\nls = [((model(a) - b) ** 2).mean() for a, b in batches]",
        "model(a) - b",
        "mean",
    ),
    "a generator": ("t = sum(((model(a) - b) ** 2).mean() for a, b in [(X, y)] * 3)", "model(a) - b", "mean"),
    "a product and a column": ("e = Xn @ w - col\nloss = (e ** 2).mean()", "Xn @ w - col", "mean"),
    "targets given an axis, predictions without": (
        "y2 = y.reshape(-1, 1)\nloss = ((model(X).squeeze() - y2) ** 2).mean()",
        "model(X).squeeze() - y2",
        "mean",
    ),
    "predictions given an axis": (
        "p2 = model(X).view(-1, 1)\nt2 = y.clone()\nloss = ((p2 - t2) ** 2).mean()",
        "p2 - t2",
        "mean",
    ),
    "a column written out, in a loss": (
        "t = np.array([[1.0], [2.0]])\np = np.array([1.0, 2.0])\nl = ((p - t) ** 2).mean()",
        "p - t",
        "mean",
    ),
    "an object's method": (
        "class L:\n    def predict(self, a):\n        return a @ w\nt = yn.reshape(-1, 1)\n"
        "e = np.mean(np.abs(L().predict(Xn) - t))",
        "L().predict(Xn) - t",
        "mean",
    ),
    "on several lines": ("loss = (\n    (\n        model(X)\n        - y\n    ) ** 2\n).mean()", None, "mean"),
    "with a walrus": ("if (d := pred - y).abs().mean() > 0:\n    pass", "pred - y", "mean"),
    "given back by if": ("l = F.mse_loss(pred, y) if len(y) else F.l1_loss(pred, y)", "F.mse_loss(pred, y)", "mean"),
    "a module's own forward": (
        "class M(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.l = nn.Linear(3, 1)\n"
        "    def forward(self, a, t):\n        return ((self.l(a) - t) ** 2).mean()\nM()(X, y)",
        "self.l(a) - t",
        "mean",
    ),
    "of three axes": ("a = torch.randn(4, 4, 1); b = torch.randn(4, 4)\n(a - b).mean()", "a - b", "mean"),
    "in a thread": (
        "import threading\ndef go():\n    l = ((model(X) - y) ** 2).mean()\n"
        "t = threading.Thread(target=go)\nt.start()\nt.join()",
        "model(X) - y",
        "mean",
    ),
    "in asyncio": (
        "import asyncio\nasync def go():\n    await asyncio.sleep(0)\n    return ((model(X) - y) ** 2).mean()\n"
        "asyncio.run(go())",
        "model(X) - y",
        "mean",
    ),
}
MEANT = {
    "pairs with None": "d = ((x[:, None] - x) ** 2).mean()",
    "pairs with newaxis": "d = np.abs(x[:, np.newaxis] - x).mean()",
    "made before, on one line": "g = np.linspace(0, 1, 5); h = g.reshape(-1, 1); f = np.cos(h) + np.sin(g)",
    "flattened": "r = rng.normal(size=(6, 1)); flat = r.ravel()\nd = np.abs(r - flat).mean()",
    "a layer that refuses": "l = nn.BCEWithLogitsLoss()(pred, y[:, None])",
    "a reduction along the first axis": "S = np.eye(4)\nz = (S - S.mean(axis=0)) / S.std(0)\nS.T - S.mean(1)",
    "a reduction that keeps its axis": "S = torch.ones(4, 4)\nS / S.sum(1, keepdim=True)\nS - S.mean(1)[:, None]",
    "along both axes": "S = np.ones((4, 4))\nd = S.sum(1)\nn = S / np.sqrt(d) / np.sqrt(d)[:, None]",
    "of another table": "S = np.ones((4, 4)); R = np.ones((4, 4))\nS - R.mean(axis=1)",
    "not square": "S = np.ones((1, 4))\nS - S.mean(axis=0)",
    "made before": "c = x.reshape(-1, 1)\ngini = np.abs(c - x).mean()",
    "unsqueezed": "p = y.unsqueeze(1)\n(p - y).abs().mean()\n(y.unsqueeze(-1) == y).float().sum()",
    "view": "(y.view(8, 1) * y).sum()",
    "of two arrays": "a = x[:, None]\nb = x * 2\nnp.exp(-(a - b) ** 2).sum()",
    "in a function": "def k(a, b):\n    return np.exp(-(a - b) ** 2).mean()\nk(x[:, None], x)",
    "named before, in a function": "c = x[:, None]\ndef k(a, b):\n    return np.abs(a - b).mean()\nk(c, x)",
    "of two samples": "a = torch.randn(50).unsqueeze(1)\nb = torch.randn(50)\nd = (a - b).abs().mean()",
    "of two samples of a generator": "a = rng.normal(size=9)[:, None]\nb = rng.normal(size=9)\n(a - b).mean()",
    "distances of answers": "f = nn.Linear(3, 2)\na = f(X).unsqueeze(1)\nb = f(X)\nd = ((a - b) ** 2).sum(-1).mean()",
    "squares first": "s = (Xn ** 2).sum(1, keepdims=True)\nt = (Xn ** 2).sum(1)\nD = s + t - 2 * Xn @ Xn.T\nD.mean()",
    "a column written out": "a = np.array([[1], [2], [3]])\nb = np.array([1, 2, 3])\nc = a * b",
    "equal ranks": "a = torch.randn(5, 1); b = torch.randn(1, 5)\n(a - b).mean()\n(a * a.T).sum()",
    "sizes that differ": "(np.ones((3, 1)) + np.ones(4)).mean()",
    "keepdims": "m = Xn.mean(1, keepdims=True)\nz = Xn - m\nn = X / X.norm(dim=1, keepdim=True)",
    "a bias": "h = X + torch.zeros(3)\nX * torch.ones(8, 1)\nX + 1",
    "right losses": "F.mse_loss(pred, y[:, None]); F.mse_loss(pred.squeeze(-1), y); nn.MSELoss()(pred, y.view(-1, 1))",
    "cross entropy": "F.cross_entropy(torch.randn(8, 3), torch.randint(0, 3, (8,)))",
    "a branch not taken": "l = ((pred - y) ** 2).mean() if y.ndim > 1 else 0\nb = y.ndim > 1 and (pred - y).any()",
    "an attention mask": "s = torch.randn(2, 4, 5, 5).masked_fill(torch.tril(torch.ones(5, 5)) == 0, -1e9)",
    "a dot product": "x @ x\nx.T @ x\nX @ torch.ones(3).T\nx @ Xn[:7]",
    "squeezed on purpose": "torch.randn(1, 28, 28).squeeze()\nmodel(X[:1]).squeeze()",
    "squeezed many": "for n in (8, 4):\n    model(X[:n]).squeeze()",
    "squeezed along an axis": "for n in (8, 1):\n    p = model(X[:n]).squeeze(-1)",
    "embeddings": "z = torch.randn(8, 5, requires_grad=True)\n((z[:, None] - z) ** 2).sum(-1).mean()",
    "an error": "try:\n    ((pred - y) ** 2).mean() + torch.ones(3) @ torch.ones(4)\nexcept RuntimeError:\n    pass",
}


@pytest.mark.parametrize("name", SICK)
def test_an_accident_is_found(name: str, look: Look) -> None:
    text, code, reduced = SICK[name]
    found = look(text)
    assert [(one["text"], one["reduced"]) for one in found] == [(code or found[0]["text"], reduced)]
    assert found[0]["count"] >= 1
    assert found[0]["line"] > 0


@pytest.mark.parametrize("name", MEANT)
def test_what_is_meant_stays_silent(name: str, look: Look) -> None:
    assert [one["text"] for one in look(MEANT[name])] == []


def test_once_a_line_with_the_count(look: Look) -> None:
    (found,) = look("for _ in range(5):\n    p = model(X)\n    loss = F.mse_loss(p, y)")
    assert found["count"] == 5


@pytest.mark.parametrize(
    ("text", "says", "repair"),
    [
        ("x @ x.T", "`x @ x.T` turns a vector", "x[:, None] * x[None, :]"),
        ("np.dot(x, x.T)", "`np.dot(x, x.T)` turns a vector", "x[:, None] * x[None, :]"),
        ("x - x.T", "`x - x.T` turns a vector", "x[:, None] - x[None, :]"),
        ("x @ np.transpose(x)", "`x @ np.transpose(x)` turns", "x[:, None] * x[None, :]"),
        ("y @ y.t()", "`y @ y.t()` turns", "y[:, None] * y[None, :]"),
    ],
)
def test_the_transpose_of_a_vector(text: str, says: str, repair: str, look: Look) -> None:
    (found,) = look(text)
    (suspicion,) = found["suspicions"]
    assert suspicion["says"].startswith(says)
    assert suspicion["repair"] == repair
    assert eval(repair, {"x": np.ones(7), "y": torch.ones(8)}).ndim == 2  # noqa: S307 - a text of this test


def test_a_batch_of_one_that_is_squeezed_away(look: Look) -> None:
    (found,) = look("def f(a):\n    return model(a).squeeze()\nfor n in (8, 8, 1):\n    f(X[:n])")
    assert found["suspicions"][0]["repair"] == "model(a).squeeze(1)"
    assert found["suspicions"][0]["proof"] == "this line ran on (8, 1) and on (1, 1)"
    assert found["operands"][0]["shape"] == [1, 1]


def test_the_block_tells_and_the_report_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    pred, y = np.ones((6, 1)), np.ones(6)
    with tearless.shapes(silent=True) as block:
        loss = ((pred - y) ** 2).mean()
    assert loss == 0
    assert [one.name for one in block.report().findings] == ["accidental-broadcast"]
    assert "(6, 6)" in capsys.readouterr().err
    assert sys.gettrace() is None


def test_nested_blocks_and_decorators_tell_once(capsys: pytest.CaptureFixture[str]) -> None:
    pred, y = np.ones((6, 1)), np.ones(6)

    @tearless.shapes(silent=True)
    def loss() -> Any:
        return ((pred - y) ** 2).mean()

    with tearless.shapes(silent=True) as outer:
        for _ in range(3):
            loss()
    assert capsys.readouterr().err.count("error  linear-algebra/accidental-broadcast") == 1
    assert [one["count"] for one in outer.seen] == [3]


def test_what_was_traced_before_is_traced_again() -> None:
    def mine(frame: Any, event: str, arg: Any) -> Any:
        return None

    before = sys.gettrace(), threading.gettrace()
    sys.settrace(mine)
    threading.settrace(mine)
    try:
        frame = sys._getframe()
        frame.f_trace = mine
        with tearless.shapes(silent=True):
            assert sys.gettrace() is not mine
        after = sys.gettrace(), threading.gettrace(), frame.f_trace
    finally:
        sys.settrace(before[0])
        threading.settrace(before[1])
    assert after == (mine, mine, mine)


def test_a_fault_of_ours_ends_the_looking_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch, look: Look, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("our own")

    monkeypatch.setattr("tearless.integrations.shapes.silent.tracer.judged", broken)
    tracer = Tracer()
    seen: list[int] = []
    file = tmp_path / "script.py"
    file.write_text("a = 1 + 1\nb = a * 2\nseen.append(b)\n")
    code = compile(file.read_text(), str(file), "exec")
    tracer.start(None)
    try:
        exec(code, {"seen": seen})  # noqa: S102 - a text of this test
    finally:
        tracer.stop()
    assert seen == [4]
    assert "our own" in tracer.fault


def test_nothing_of_the_program_is_run_by_looking(look: Look) -> None:
    """Properties, ``__getattr__``, ``__getitem__`` and ``__eq__`` of its own are not asked."""
    text = """
    asked = []
    class Odd:
        def __init__(self):
            self.value = np.ones(3)
        @property
        def shape(self):
            asked.append("shape")
        def __getattr__(self, name):
            asked.append(name)
            raise AttributeError(name)
        def __getitem__(self, key):
            asked.append(key)
            return np.ones(3)
        def __sub__(self, other):
            return 1
        def __eq__(self, other):
            asked.append("eq")
            return True
        __hash__ = None
        def __bool__(self):
            asked.append("bool")
            return True
    odd = Odd()
    for _ in range(3):
        z = odd - odd
        z = odd - x
        v = odd.value - 1
    del asked[:]
    z = odd - odd
    v = odd.value * np.ones(3)
    assert asked == [], asked
    """
    look(text)


def test_a_run_gives_the_same_numbers_and_the_deepest_call_is_as_deep(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import torch, sys\ntorch.manual_seed(0)\nm = torch.nn.Linear(3, 1)\n"
        "o = torch.optim.Adam(m.parameters())\nX, y = torch.randn(9, 3), torch.randn(9)\n"
        "for _ in range(20):\n    o.zero_grad()\n    l = ((m(X) - y) ** 2).mean()\n    l.backward()\n    o.step()\n"
        "print(l.item().hex(), [p.sum().item().hex() for p in m.parameters()])\n"
        "def f(n):\n    return n and f(n - 1)\nprint(f(900))\n"
        "def g(n):\n    return g(n + 1)\n"
        "try:\n    g(0)\nexcept RecursionError:\n    print('deep')\n"
    )
    bare = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    command = [sys.executable, "-m", "tearless", "run", "--silent-too", str(script)]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stdout == bare.stdout
    assert "accidental-broadcast" in seen.stderr


def test_text_that_is_not_to_be_had_is_passed_over() -> None:
    out = io.StringIO()
    tracer = Tracer()
    tracer.start(None)
    try:
        with contextlib.redirect_stdout(out):
            exec("import numpy as np\nprint(((np.ones((3, 1)) - np.ones(3)) ** 2).mean())")  # noqa: S102
    finally:
        tracer.stop()
    assert (out.getvalue(), tracer.fault, tracer.entries()) == ("0.0\n", "", [])
