"""Lines of the reader's code as they run, looked at for what goes through without an error.

A trace function (``sys.settrace``) hears of each line and of each function that it calls. Nothing is run a second time:
shapes of names are read, those of calls to Python functions are learnt from what they return, all others follow from
the rules. What was traced before (a debugger, a measurement of coverage) rests meanwhile, and is put back.
"""

from __future__ import annotations

import ast
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, ClassVar

from tearless.integrations.shapes.source.frames import readers
from tearless.linear_algebra.shapes import Shape

from .into import has_gradient
from .silent import Seeing, Sighting, judged, learnt
from .units import Plan, Unit, plan_of

Trace = Callable[[FrameType, str, Any], Any]


@dataclass(eq=False, slots=True)
class Running:
    """A frame of the reader's that is at work: the unit that it is in, and what is known of it so far."""

    frame: FrameType
    plan: Plan
    tracer: Tracer
    unit: Unit | None = None
    before: dict[str, Any] = field(default_factory=dict)
    returned: dict[ast.AST, Any] = field(default_factory=dict)
    called: set[ast.AST] = field(default_factory=set)
    graded: set[ast.AST] = field(default_factory=set)

    def trace(self, frame: FrameType, event: str, given: Any) -> Trace | None:
        """The local trace function of the frame."""
        tracer = self.tracer
        if tracer.off:
            return None
        try:
            if event == "line":
                unit = self.plan.units.get(frame.f_lineno)
                if unit is not self.unit:
                    self._end()
                    self._begin(unit)
            elif event == "return":
                self._end()
                tracer.running.pop(frame, None)
            elif event == "exception":
                self.unit = None
        except RecursionError:
            self.unit = None
        except Exception:  # noqa: BLE001 - the program goes on, whatever is wrong here
            tracer.give_up()
            return None
        del given
        return self.trace

    def _begin(self, unit: Unit | None) -> None:
        self.unit = unit
        if unit is None:
            return
        self.returned, self.called, self.graded = {}, set(), set()
        held = self.frame.f_locals
        self.before = {name: learnt(held[name]) for name in unit.changed if name in held}

    def _end(self) -> None:
        unit, self.unit = self.unit, None
        if unit is not None:
            heard = self.before, self.returned, self.called, self.graded
            judged(Seeing(self.frame, self.plan, unit, *heard, self.tracer))


class Tracer:
    """Looks at the lines of this process while it is started. ``entries()`` are those of the fact ``Seen``."""

    _at_work: ClassVar[Tracer | None] = None

    def __init__(self) -> None:
        self.running: dict[FrameType, Running] = {}
        self.found: dict[Any, Sighting] = {}
        self.squeezed: dict[Any, dict[bool, Shape]] = {}
        self.fault = ""
        self.off = False
        self._plans: dict[CodeType, Plan | None] = {}
        self._nodes: dict[tuple[CodeType, int], ast.Call | None] = {}
        self._starts: list[tuple[FrameType | None, Any, Any, Any]] = []
        self._joined: Tracer | None = None
        self._mark = 0

    def start(self, frame: FrameType | None) -> None:
        """Begin; ``frame`` is one that is already at work, and looked at as well. Another tracer at work is joined."""
        other = Tracer._at_work
        if other is not None and other is not self:
            self._joined, self._mark = other, len(other.found)
            other.start(frame)
            return
        Tracer._at_work = self
        before = sys.gettrace(), threading.gettrace()
        self._starts.append((frame, frame.f_trace if frame is not None else None, *before))
        if frame is not None and frame not in self.running:
            local = self.enter(frame)
            if local is not None:
                frame.f_trace = local
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def stop(self) -> bool:
        """End; whether this was the last of what it was started for. What was traced before is traced again."""
        if self._joined is not None:
            joined, self._joined = self._joined, None
            joined.stop()
            self.found = dict(list(joined.found.items())[self._mark :])
            return False
        if not self._starts:
            return False
        frame, local, before, of_threads = self._starts.pop()
        sys.settrace(before)
        threading.settrace(of_threads)
        if self._starts:
            return False
        if frame is not None:
            frame.f_trace = local
            self.running.pop(frame, None)
        Tracer._at_work = None
        return True

    def entries(self) -> list[dict[str, Any]]:
        """What was seen, a place in the code each."""
        found = self.found
        if self._joined is not None:
            found = dict(list(self._joined.found.items())[self._mark :])
        return [one.entry() for one in list(found.values())]

    def at(self, frame: FrameType) -> tuple[Plan, ast.Call] | None:
        """The plan of a frame of the reader's, and the call that it is at."""
        running = self.running.get(frame)
        node = self._node(frame, running.unit) if running is not None and running.unit is not None else None
        return None if running is None or node is None else (running.plan, node)

    def give_up(self) -> None:
        """A fault of our own: keep its words, and look no more."""
        self.fault, self.off = traceback.format_exc(), True

    def enter(self, frame: FrameType) -> Trace | None:
        """What hears of the lines of a frame; ``None`` for frames that are not the reader's."""
        code = frame.f_code
        if code not in self._plans:
            self._plans[code] = plan_of(frame) if readers(frame) else None
        plan = self._plans[code]
        if plan is None:
            return None
        self.running[frame] = running = Running(frame, plan, self)
        return running.trace

    def _trace(self, frame: FrameType, event: str, given: Any) -> Trace | None:
        """The trace function of a thread: a function is called."""
        del event, given
        back = frame.f_back
        caller = self.running.get(back)  # type: ignore[arg-type]
        if self.off or (caller is None and self._plans.get(frame.f_code, self) is None):
            return None
        try:
            node = None
            if caller is not None and caller.unit is not None and back is not None:
                node = self._node(back, caller.unit)
                if node is not None:
                    caller.called.add(node)
            local = self.enter(frame)
            if node is None or caller is None:
                return local
            return self._returning(frame, caller, node, local)
        except RecursionError:
            return None
        except Exception:  # noqa: BLE001 - the program goes on, whatever is wrong here
            self.give_up()
            return None

    def _node(self, frame: FrameType, unit: Unit) -> ast.Call | None:
        """The call in the reader's line that a frame is at."""
        key = frame.f_code, frame.f_lasti
        if key not in self._nodes:
            line, end_line, column, end_column = list(frame.f_code.co_positions())[frame.f_lasti // 2]
            place = line, column, end_line, end_column
            self._nodes[key] = unit.calls.get(place)  # type: ignore[arg-type]
        return self._nodes[key]

    def _returning(self, frame: FrameType, caller: Running, node: ast.Call, local: Trace | None) -> Trace | None:
        """Learn what a call gives; its lines go to ``local``, if it is the reader's."""
        unit = caller.unit
        if local is None:
            frame.f_trace_lines = False

        def hear(frame: FrameType, event: str, given: Any) -> Trace | None:
            if event == "return" and caller.unit is unit and not self.off:
                try:
                    caller.returned.setdefault(node, []).append((frame.f_code, learnt(given)))
                    if has_gradient(given):
                        caller.graded.add(node)
                except Exception:  # noqa: BLE001 - the program goes on, whatever is wrong here
                    self.give_up()
            if local is not None:
                local(frame, event, given)
            return hear

        return hear
