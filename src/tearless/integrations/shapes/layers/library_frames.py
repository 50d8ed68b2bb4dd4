"""Frames of library code below a failing line: the layer at work in them, or the function, and what each was given."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import FrameType
from typing import Any

from tearless.integrations.shapes.operations.modules import Asked

from .functionals import asked_by

_MACHINERY = frozenset({"_wrapped_call_impl", "_call_impl", "__call__", "inner"})
MOST_PARTS = 64
_HOLDERS = ("Sequential", "ModuleList", "ModuleDict", "DataParallel", "DistributedDataParallel", "OptimizedModule")


@dataclass(frozen=True, slots=True)
class LayerAtWork:
    """A layer whose own ``forward`` was at work; its arguments by name, as they came and as hooks left them."""

    layer: Any
    given: Mapping[str, Any]
    inside: Mapping[str, Any]


def is_module(value: object) -> bool:
    """Whether a value is a module of PyTorch; ``False`` where PyTorch is not loaded."""
    base = getattr(sys.modules.get("torch.nn.modules.module"), "Module", None)
    return isinstance(base, type) and issubclass(type(value), base)


def layer_at_work(frames: Sequence[FrameType]) -> LayerAtWork | None:
    """The innermost layer at work in frames of libraries, the nearest to the reader first; ``None`` where none was."""
    asked = None
    for frame in frames:
        me = frame.f_locals.get("self")
        if is_module(me) and frame.f_code.co_name not in _MACHINERY and not _holds(me):
            asked = me
    return None if asked is None else LayerAtWork(asked, *given_to(asked, frames))


def modules_at_work(frames: Sequence[FrameType]) -> list[Any]:
    """Every module that is ``self`` in some frame, in order, each once in a row."""
    found: list[Any] = []
    for frame in frames:
        me = frame.f_locals.get("self")
        if is_module(me) and not (found and found[-1] is me):
            found.append(me)
    return found


def given_to(layer: Any, frames: Sequence[FrameType]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The arguments of a layer's ``forward`` by name: as they came, and as the code there has them now."""
    code = getattr(getattr(type(layer), "forward", None), "__code__", None)
    given: Mapping[str, Any] = {}
    inside: Mapping[str, Any] = {}
    for frame in frames:
        if frame.f_locals.get("self") is not layer or code is None:
            continue
        names = code.co_varnames[1 : code.co_argcount]
        if frame.f_code.co_name in _MACHINERY and not given:
            args, kwargs = frame.f_locals.get("args", ()), frame.f_locals.get("kwargs", {})
            given = {**dict(zip(names, args, strict=False)), **kwargs}
        if frame.f_code is code:
            inside = {name: frame.f_locals.get(name) for name in names}
    return given or inside, inside


def function_at_work(frames: Sequence[FrameType]) -> tuple[str, Asked] | None:
    """The first function of ``torch.nn.functional`` in these frames that has a rule, and what it asks."""
    for frame in frames:
        if frame.f_globals.get("__name__") not in ("torch.nn.functional", "torch.functional"):
            continue
        name = frame.f_code.co_name.lstrip("_")
        asked = asked_by(name, frame.f_locals)
        if asked is not None:
            return name, asked
    return None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A value as the reader's line writes it; ``node`` where the line holds just that."""

    value: Any
    text: str
    node: ast.expr | None


def spoken(call: ast.expr | None, frames: Sequence[FrameType], text: Any) -> list[Spoken]:
    """What a call in the reader's line passes on, each value beside its expression.

    ``frames`` begin with the first that the call went into.
    """
    if not isinstance(call, ast.Call) or not frames:
        return []
    found: list[Spoken] = []
    for node, value in _passed(call, frames[0]):
        found.extend(_parts(node, text(node), value))
    me = frames[0].f_locals.get("self")
    if frames[0].f_code.co_name in _MACHINERY:
        found.append(Spoken(me, text(call.func), call.func))
    elif isinstance(call.func, ast.Attribute):
        found.append(Spoken(me, text(call.func.value), call.func.value))
    return found


def _passed(call: ast.Call, frame: FrameType) -> Iterator[tuple[ast.expr, Any]]:
    code, inside = frame.f_code, frame.f_locals
    positional = call.args
    starred = next((i for i, node in enumerate(positional) if isinstance(node, ast.Starred)), len(positional))
    names = code.co_varnames[: code.co_argcount]
    values = [inside.get(name) for name in (names[1:] if names[:1] in (("self",), ("cls",)) else names)]
    if code.co_flags & 0x04:
        rest = inside.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], ())
        values = [*values, *(rest if isinstance(rest, tuple) else ())]
    yield from zip(positional[:starred], values, strict=False)
    more = inside.get(code.co_varnames[_at_keywords(code)], {}) if code.co_flags & 0x08 else {}
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.value, inside.get(keyword.arg, more.get(keyword.arg) if isinstance(more, dict) else None)


def _at_keywords(code: Any) -> int:
    return int(code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x04))


def _parts(node: ast.expr | None, text: str, value: Any) -> Iterator[Spoken]:
    """The value, and those in it where it is a row or a dictionary."""
    yield Spoken(value, text, node)
    if isinstance(value, tuple | list):
        inside = node.elts if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == len(value) else None
        fields = getattr(type(value), "_fields", ())
        plain = tuple.__iter__(value) if isinstance(value, tuple) else list.__iter__(value)
        for i, one in enumerate(islice(plain, MOST_PARTS)):
            part = f"{text}.{fields[i]}" if i < len(fields) else f"{text}[{i}]"
            yield from _parts(inside[i] if inside else None, ast.unparse(inside[i]) if inside else part, one)
    elif isinstance(value, dict):
        written = {}
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            written = {key.value: one for key, one in pairs if isinstance(key, ast.Constant)}
        for key, one in islice(dict.items(value), MOST_PARTS):
            here = written.get(key)
            yield from _parts(here, ast.unparse(here) if here else f"{text}[{key!r}]", one)


def _holds(module: Any) -> bool:
    return any(kind.__name__ in _HOLDERS and kind.__module__.startswith("torch.") for kind in type(module).__mro__)
