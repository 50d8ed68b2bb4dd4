"""Scripts of a few lines, run as a file of their own and looked at."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tearless.integrations.shapes.silent.tracer import Tracer
from tearless.linear_algebra.shapes.pairs import paired

Look = Callable[[str], list[dict[str, Any]]]
BEFORE = """
import numpy as np, torch, jax.numpy as jnp
from torch import nn
import torch.nn.functional as F
rng = np.random.default_rng(0)
X = torch.randn(8, 3); y = torch.randn(8); model = nn.Linear(3, 1); pred = model(X)
Xn = rng.normal(size=(8, 3)); yn = rng.normal(size=8); w = np.ones(3)
x = rng.normal(size=7); col = yn.reshape(-1, 1)
"""


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Run a text as a file of its own, looked at; what a check may find in it."""

    def look(text: str) -> list[dict[str, Any]]:
        file = tmp_path / "script.py"
        file.write_text(BEFORE + textwrap.dedent(text))
        code = compile(file.read_text(), str(file), "exec")
        tracer = Tracer()
        tracer.start(None)
        try:
            exec(code, {"__name__": "__main__"})  # noqa: S102 - a text of this test
        finally:
            tracer.stop()
        assert tracer.fault == ""
        return [one for one in tracer.entries() if one.get("suspicions") or (_stretched(one) and not one["explicit"])]

    return look


def _stretched(entry: dict[str, Any]) -> bool:
    shapes: list[Any] = [tuple(one["shape"]) for one in entry["operands"]]
    return len(shapes) == 2 and paired(*shapes) > 0
