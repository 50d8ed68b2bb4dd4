"""Whether a layer of a run acts differently in training and in evaluation."""

from __future__ import annotations

from tearless.readers.training.run import Run


def is_off(run: Run, path: str, kind: str) -> bool:
    """Whether the module at ``path``, of class ``kind``, is a dropout of probability 0, which acts alike in both modes.

    >>> ops = [{"i": 0, "module": "net.drop", "function": "dropout", "options": {"p": 0.0}}]
    >>> is_off(Run.from_entries([{"kind": "graph", "graph": 0, "ops": ops}]), "net.drop", "Dropout")
    True
    """
    if "Dropout" not in kind:
        return False
    ops = [op for graph in run.graphs.values() for op in graph.ops if op.module == path and "p" in op.options]
    return bool(ops) and not any(op.options["p"] for op in ops)
