"""Failing code as people write it, with the truth: which operands clash on which axes.

``ours`` was written beside the code that explains it; ``others`` by someone who had not read that code, and it was
mended on them since. In each the snippets stand in ``numpy.txt``, ``torch.txt`` and ``jax.txt``: each begins with
``### name`` and says what clashes (``shape``, ``dtype``, ``device``), the operands that have to be named, and the axes,
counted from 0; then source text that raises at one place (``# meant:`` says what its writer had in mind). Where the
other side is a layer's own weight or setting only the input has to be named, or the layer that asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HEADS = {
    "numpy": "import numpy as np\nrng = np.random.default_rng(0)\n",
    "torch": "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\ntorch.manual_seed(0)\n",
    "jax": "import jax\nimport jax.numpy as jnp\n",
}


@dataclass(frozen=True)
class Snippet:
    """Source that fails, and why."""

    name: str
    library: str
    source: str
    kind: str
    named: tuple[str, ...]
    axes: tuple[tuple[str, int], ...]


def snippets(folder: str, library: str) -> list[Snippet]:
    """Those of one library."""
    text = (Path(__file__).parent / folder / f"{library}.txt").read_text(encoding="utf-8")
    return [_snippet(library, part) for part in text.split("### ")[1:]]


def _snippet(library: str, text: str) -> Snippet:
    name, kind, operands, axes, source = text.split("\n", 4)
    source = "\n".join(line for line in source.split("\n") if not line.startswith("# meant:"))
    pairs = [one.rsplit(" ", 1) for one in _listed(axes)]
    return Snippet(
        name,
        library,
        HEADS[library] + source.strip() + "\n",
        kind.removeprefix("# kind: "),
        tuple(_listed(operands)),
        tuple((operand, int(axis)) for operand, axis in pairs),
    )


def _listed(line: str) -> list[str]:
    return [one.strip() for one in line.split(":", 1)[1].split(";") if one.strip()]


SETS = {folder: tuple(one for library in HEADS for one in snippets(folder, library)) for folder in ("ours", "others")}
