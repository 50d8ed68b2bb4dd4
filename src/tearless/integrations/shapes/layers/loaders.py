"""The call that makes a ``DataLoader``, and the edit that gives it another setting."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FrameType

from tearless.integrations.shapes.source.bodies import Body, body_of_frame, callee
from tearless.linear_algebra.shapes import Edit, Repair, Where

from .words import Words


@dataclass(frozen=True, slots=True)
class Loader:
    """The loader that the failing line, or the function round it, works with."""

    frame: FrameType
    words: Words

    def __call__(self, repair: Repair) -> Edit | None:
        body = body_of_frame(self.frame)
        call = self._call(body) if body is not None else None
        said = {one.arg for one in call.keywords} if call is not None else set()
        if body is None or call is None or len(repair.layer) != 1 or said & (set(repair.layer) | {None}):
            return None
        ((name, value),) = repair.layer.items()
        if "torch." in value and "torch" not in body.names:
            return None
        given = [*call.args, *(one.value for one in call.keywords)]
        if not given:
            return None
        whole = body.source.where(call)
        last = max(given, key=lambda one: (one.end_lineno or 0, one.end_col_offset or 0))
        end = body.source.where(last)
        if whole.line == whole.end_line:
            at = end.end_column - whole.column
            return Edit(whole, f"{whole.code[:at]}, {name}={value}{whole.code[at:]}")
        place = Where(end.file, end.end_line, end.end_column, end.end_line, end.end_column, "", "")
        return Edit(place, f", {name}={value}")

    def _call(self, body: Body) -> ast.Call | None:
        """The call that makes the loader: the one under a name that the line says, or the only one of the file."""
        nodes = ast.walk(body.source.tree)
        calls = [one for one in nodes if isinstance(one, ast.Call) and callee(one.func) == "DataLoader"]
        line = ast.walk(self.words.call) if self.words.call is not None else ()
        names = {ast.unparse(one) for one in line if isinstance(one, ast.Name | ast.Attribute)}
        named = [one for one in calls if _kept_as(body, one) & names]
        fitting = named or calls
        return fitting[-1] if named or len(fitting) == 1 else None


def _kept_as(body: Body, call: ast.Call) -> set[str]:
    """The names that a call's value is given."""
    assigned = (one for one in ast.walk(body.source.tree) if isinstance(one, ast.Assign) and one.value is call)
    return {ast.unparse(target) for node in assigned for target in node.targets}
