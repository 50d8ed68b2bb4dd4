"""What a failed call came to inside a library: the operation in the reader's words, the clash, the layer."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from tearless.linear_algebra.shapes import Clash, Edit, Operation, Repair, Where


@dataclass(frozen=True, slots=True)
class LayerCall:
    """What a call in the reader's line came to, inside a library's own Python code.

    ``operation`` has its operands named in the reader's words. ``nodes`` holds, for each operand, the expression in the
    reader's line that it is, so that an edit can be made there; ``None`` where the line does not hold it (the input of
    ``net.3`` inside ``self.net(x)``, a weight). ``clash`` is the rule's, or one that no rule of shapes can know (an
    index outside a table, samples of a batch that differ, a parameter of another size); ``None`` where neither is.
    ``path`` and ``type`` name the layer (``features.3``, ``Linear``), empty for a function. ``made`` is the expression
    that makes the layer. ``remade`` gives the edit there for a repair: another size (``Repair.layer``), or a layer put
    before it in its ``Sequential``, where the line does not hold the operand; ``None`` where there is no such place.
    """

    operation: Operation
    nodes: tuple[ast.expr | None, ...] = ()
    clash: Clash | None = None
    path: str = ""
    type: str = ""
    made: Where | None = None
    remade: Callable[[Repair], Edit | None] = lambda _: None
