"""Where a layer stands in the outermost model that was at work, and where that model itself was made."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

from tearless.integrations.shapes.source.bodies import Body, body_of_frame, body_of_module

from .library_frames import is_module, modules_at_work
from .words import Words

MOST_MODULES = 20_000
_WRAPPERS = ("DataParallel", "DistributedDataParallel", "OptimizedModule")


@dataclass(frozen=True, slots=True)
class Placed:
    """A layer in its model: the modules on the way, each with the name of the next, and its path as text.

    ``root`` is the function in which the outermost module has the name ``name``.
    """

    chain: tuple[tuple[Any, str], ...]
    path: str
    root: Body | None = None
    name: str = ""
    inline: ast.expr | None = None
    """The expression of the failing line that makes the outermost module, where it is made and called at once."""


def place_of(layer: Any, above: Sequence[FrameType], below: Sequence[FrameType], words: Words) -> Placed:
    """Where a layer stands: ``above`` are the frames down to the reader's, ``below`` those of libraries."""
    at_work = [one for one in modules_at_work([*above, *below]) if one is not layer]
    outermost, root, name = _outermost(layer, above, at_work)
    chain = _chain([outermost, *at_work], layer) if outermost is not None else ()
    keys = [key for parent, key in chain if type(parent).__name__ not in _WRAPPERS]
    called = words.call.func if isinstance(words.call, ast.Call) else None
    inline = called if isinstance(called, ast.Call) and not name else None
    if not chain:
        name = name or _called(layer, words)
        return Placed((), name, root or body_of_frame(words.frame), name, inline)
    own = type(outermost).__module__.startswith("torch.") and type(outermost).__name__ not in _WRAPPERS
    path = ".".join([name, *keys] if own and name else keys)
    return Placed(chain, path, root or body_of_frame(words.frame), name, inline)


def _called(layer: Any, words: Words) -> str:
    """What the reader's line calls a layer that lies in no model: ``criterion``."""
    call = words.call
    called = any(one.value is layer for one in words.spoken) or not words.spoken
    if called and isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
        return words.text(call.func)
    return type(layer).__name__


def _outermost(layer: Any, above: Sequence[FrameType], at_work: Sequence[Any]) -> tuple[Any, Body | None, str]:
    """The outermost module that holds the layer, with the function and the name under which it lies there.

    Of those in one function the one with the longest way to the layer counts.
    """
    for names, body in _rooms(above):
        held = []
        for name, value in list(names.items()):
            way = way_to(value, layer) if is_module(value) else None
            if way is not None:
                held.append((len(way), name != "self", name, value))
        if held:
            _, _, name, value = max(held, key=lambda one: one[:2])
            here = body()
            if name == "self" and not (here is not None and isinstance(here.function, ast.Module)):
                return value, *_named_outside(value, above)
            return value, here, name
    root = at_work[0] if at_work else None
    if root is None or way_to(root, layer) is None:
        return None, None, ""
    return root, *_held_by_self(root, above)


def _rooms(above: Sequence[FrameType]) -> Iterator[tuple[Mapping[str, Any], Callable[[], Body | None]]]:
    """The names of every function at work, the outermost first; then those of the module of the innermost."""
    for frame in above:
        yield frame.f_locals, partial(body_of_frame, frame)
    if above:
        yield above[-1].f_globals, partial(body_of_module, above[-1])


def _named_outside(module: Any, above: Sequence[FrameType]) -> tuple[Body | None, str]:
    for names, body in _rooms(above):
        for name, value in list(names.items()):
            if value is module and name != "self":
                return body(), name
    return None, ""


def _held_by_self(module: Any, above: Sequence[FrameType]) -> tuple[Body | None, str]:
    """The attribute of an object at work that is no module itself, a trainer's say, under which a module lies."""
    for frame in reversed(above):
        me = frame.f_locals.get("self")
        if me is None or is_module(me) or not hasattr(me, "__dict__"):
            continue
        for name, value in list(vars(me).items()):
            if value is module:
                return body_of_frame(frame), f"self.{name}"
    return None, ""


def _chain(at_work: Sequence[Any], layer: Any) -> tuple[tuple[Any, str], ...]:
    """The way from the first module to the layer by way of those that were at work in between."""
    chain: list[tuple[Any, str]] = []
    here = at_work[0]
    for there in [*at_work[1:], layer]:
        if there is here:
            continue
        way = way_to(here, there)
        if way is not None:
            chain += way
            here = there
    return tuple(chain)


def way_to(module: Any, layer: Any) -> list[tuple[Any, str]] | None:
    """The shortest way from a module to one inside it; ``None`` where there is none.

    Modules are told by identity; nothing of theirs is run.
    """
    if module is layer:
        return []
    came: dict[int, tuple[Any, str, Any]] = {id(module): (None, "", module)}
    row = [module]
    while row and len(came) < MOST_MODULES:
        after = []
        for one in row:
            for name, child in children(one).items():
                if child is None or id(child) in came:
                    continue
                came[id(child)] = (one, name, child)
                if child is layer:
                    return _back(came, child)
                after.append(child)
        row = after
    return None


def _back(came: Mapping[int, tuple[Any, str, Any]], layer: Any) -> list[tuple[Any, str]]:
    way = []
    parent, name, _ = came[id(layer)]
    while parent is not None:
        way.append((parent, name))
        parent, name, _ = came[id(parent)]
    return way[::-1]


def children(module: Any) -> Mapping[str, Any]:
    """The modules that a module holds, by name."""
    found = vars(module).get("_modules", {}) if hasattr(module, "__dict__") else {}
    return found if isinstance(found, dict) else {}
