"""Where a layer is made: the call in the source of the reader that makes it, found by the way to it in the model."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

from tearless.integrations.shapes.source.bodies import (
    Body,
    argument,
    assignments,
    body_of,
    callee,
    is_installed,
    own_nodes,
)
from tearless.integrations.shapes.source.elements import element_of

from .made import Made, keywords_of
from .places import Placed

DEEPEST = 24


def made_at(place: Placed, layer: Any) -> Made | None:
    """Where the layer of a place in a model is made; ``None`` where no source of the reader's makes it."""
    return made_of(place.chain, layer, place.root, place.name, place.inline)


def made_of(
    chain: Sequence[tuple[Any, str]],
    layer: Any,
    root: Body | None = None,
    name: str = "",
    inline: ast.expr | None = None,
) -> Made | None:
    """Where a layer is made.

    ``chain`` leads to it: (module, the name of the next one in it). ``root`` is the function that made the outermost
    module, in which it is called ``name``; it is asked where no class of the reader's stands on the way.
    """
    members = [*(parent for parent, _ in chain), layer]
    for i in range(len(chain) - 1, -1, -1):
        parent, attribute = chain[i]
        keys = [key for _, key in chain[i + 1 :]]
        for plain in _makers(type(parent)):
            body = replace(plain, caller=_caller(chain[:i], parent, root, name, inline))
            found = _in_maker(body, parent, attribute, keys, members[i + 1 :])
            if found is not None:
                return _counted(found, members[0])
    if root is None or is_installed(root.source.file):
        return None
    keys = [key for _, key in chain]
    put = _put(Body(root.source, root.source.tree, root.names), r"[A-Za-z_]\w*", keys, layer) if keys else None
    ways = [(inline, root)] if inline is not None else _kept(root, name)
    return put or next((found for way, body in ways if (found := _resolve(way, keys, members, body)) is not None), None)


def _in_maker(body: Body, parent: Any, attribute: str, keys: Sequence[str], members: Sequence[Any]) -> Made | None:
    """The call in a method of a class: put into its place from outside, made there, or grown into a row."""
    me = (body.parameters() or ["self"])[0]
    if keys:
        put = _put(body, re.escape(me), [attribute, *keys], members[-1])
        if put is not None:
            return put
    expression = _attribute(body, attribute, parent)
    if expression is None:
        return None
    found = _resolve(expression, keys, members, body)
    return _grown(body, attribute, keys, members) if found is None and keys else found


def _put(body: Body, owner: str, keys: Sequence[str], layer: Any) -> Made | None:
    """A layer that a later line put in the place of another: ``model.fc = ...``, ``net.classifier[1] = ...``."""
    path = "".join(
        rf"\[{key}\]" if key.isdigit() else rf"(?:\.{key}|\[['\"]{key}['\"]\])" for key in map(re.escape, keys)
    )
    nodes = ast.walk(body.function) if isinstance(body.function, ast.Module) else own_nodes(body.function)
    for node in reversed([one for one in nodes if isinstance(one, ast.Assign)]):
        if any(re.fullmatch(owner + path, ast.unparse(target)) for target in node.targets):
            found = _resolve(node.value, [], [layer], body)
            if found is not None:
                return found
    return None


def _step(key: str) -> str:
    """The pattern of one step down, as Python writes it."""
    return rf"\[{key}\]" if key.isdigit() else rf"(?:\.{key}|\[['\"]{key}['\"]\])"


def _kept(root: Body, name: str) -> Iterator[tuple[ast.expr, Body]]:
    """What a name stands for where the outermost module lies: ``model``, ``self.model``."""
    if name.isidentifier():
        yield ast.Name(name, ast.Load()), root
    me, _, attribute = name.partition(".")
    if me == "self" and attribute.isidentifier() and root.me is not None:
        for body in _makers(root.me):
            value = _attribute(body, attribute, None)
            if value is not None:
                yield value, body


def _grown(body: Body, attribute: str, keys: Sequence[str], members: Sequence[Any]) -> Made | None:
    """A layer that ``self.rows.append(...)`` put into its row."""
    me = (body.parameters() or ["self"])[0]
    row = ast.Attribute(ast.Name(me, ast.Load()), attribute, ast.Load())
    count = len(getattr(members[0], "_modules", ()))
    element = element_of(body, row, keys[0], count, type(members[1]).__name__)
    return None if element is None else _resolve(element[0], keys[1:], members[1:], replace(body, turn=element[1]))


def _caller(
    chain: Sequence[tuple[Any, str]], parent: Any, root: Body | None, name: str, inline: ast.expr | None
) -> tuple[ast.Call, Body] | None:
    made = made_of(chain, parent, root, name, inline)
    return (made.call, made.body) if made is not None else None


def _counted(made: Made, outermost: Any) -> Made:
    """How many layers the call makes: those of the objects of its class, within the outermost module."""
    if made.body.me is None:
        return made
    same = sum(type(one) is made.body.me for one in _inside(outermost))
    return Made(made.call, made.body, made.kind, max(1, same))


def _inside(module: Any, most: int = 2000) -> Iterator[Any]:
    stack, seen = [module], 0
    while stack and seen < most:
        one = stack.pop()
        seen += 1
        yield one
        stack.extend(child for child in getattr(one, "_modules", {}).values() if child is not None)


def _makers(kind: type) -> Iterator[Body]:
    """The reader's functions that may make the modules of a class: its constructors first, then its other methods."""
    for one in kind.__mro__:
        if one.__module__.startswith("torch."):
            continue
        own = [value for value in vars(one).values() if isinstance(value, FunctionType)]
        for function in sorted(own, key=lambda f: f.__name__ != "__init__"):
            body = body_of(function, kind)
            if body is not None:
                yield body


def _attribute(body: Body, name: str, parent: Any) -> ast.expr | None:
    """What a method puts under a name of its object: by assignment, ``add_module``, ``setattr``, or by ``super()``."""
    me = (body.parameters() or ["self"])[0]
    for target, value in assignments(body.function):
        if isinstance(target, ast.Attribute) and target.attr == name and callee(target.value) == me:
            return value
    for node in own_nodes(body.function):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = callee(node.func)
        if called in ("add_module", "register_module", "setattr") and len(node.args) >= 2:
            key, value = node.args[-2:]
            if isinstance(key, ast.Constant) and key.value == name:
                return value
            if isinstance(key, ast.JoinedStr) and _fits(key, name):
                return value
        if called == "__init__" and name.isdigit() and getattr(body.function, "name", "") == "__init__":
            found = element_of(body, ast.List(node.args, ast.Load()), name, len(getattr(parent, "_modules", ())), "")
            return found and found[0]
    return None


def _fits(key: ast.JoinedStr, name: str) -> bool:
    """Whether an f-string may give this name: its first plain part begins it."""
    first = key.values[0] if key.values else None
    start = first.value if isinstance(first, ast.Constant) else ""
    return isinstance(start, str) and name.startswith(start)


def _resolve(node: ast.expr, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int = 0) -> Made | None:
    """The call that makes ``members[-1]``, which lies under ``keys`` in what the expression makes."""
    if deep > DEEPEST:
        return None
    if isinstance(node, ast.Name):
        return _named(node, keys, members, body, deep)
    if isinstance(node, ast.IfExp):
        ways = (_resolve(one, keys, members, body, deep + 1) for one in (node.body, node.orelse))
        return next((way for way in ways if way is not None), None)
    if not isinstance(node, ast.Call):
        return None
    kind = body.value(node.func)
    if (isinstance(kind, type) and kind is type(members[0])) or callee(node.func) in _names_of(members[0]):
        return _inside_of(node, keys, members, body, deep)
    if isinstance(kind, FunctionType) and not is_installed(kind.__code__.co_filename):
        return _returned(kind, node, keys, members, body, deep)
    inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    ways = (_resolve(one, keys, members, body, deep + 1) for one in (*inner, *node.args))
    return next((way for way in ways if way is not None), None)


def _names_of(layer: Any) -> list[str]:
    """The names of the classes of a layer, Python's own left out."""
    return [kind.__name__ for kind in type(layer).__mro__ if kind.__name__ not in ("Module", "object")]


def _inside_of(node: ast.Call, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int) -> Made | None:
    """What lies under the keys in a call that makes ``members[0]``."""
    if not keys or type(members[0]).__name__ in ("TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer"):
        kinds = [kind for kind in type(members[0]).__mro__ if kind.__name__ == callee(node.func)]
        made = Made(node, body, (kinds or [type(members[0])])[0])
        return made if _agrees(made, members[0]) else None
    rows = [ast.List(node.args, ast.Load()), *node.args]
    name = type(members[0]).__name__
    if name in ("TransformerEncoder", "TransformerDecoder") and keys[0] == "layers" and len(keys) > 1:
        layer = argument(node, f"{name[11:].lower()}_layer", 0)
        return None if layer is None else _resolve(layer, keys[2:], members[2:], body, deep + 1)
    if name != "Sequential":
        rows = rows[1:]
    count = len(getattr(members[0], "_modules", ()))
    for row in rows:
        element = element_of(body, row, keys[0], count, type(members[1]).__name__)
        if element is not None:
            inside = body if element[1] is None else replace(body, turn=element[1])
            return _resolve(element[0], keys[1:], members[1:], inside, deep + 1)
    return None


def _agrees(made: Made, layer: Any) -> bool:
    """Whether the numbers written in a call are those of the layer: else it made another one."""
    for i, name in enumerate(keywords_of(made.kind)):
        node = argument(made.call, name, i)
        here = getattr(layer, name, None)
        written = node.value if isinstance(node, ast.Constant) else None
        if type(written) is int and type(here) is int and written != here:
            return False
    return True


def _named(node: ast.Name, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int) -> Made | None:
    for value in reversed(body.assigned(node.id)):
        found = _resolve(value, keys, members, body, deep + 1)
        if found is not None:
            return found
    if keys:
        count = len(getattr(members[0], "_modules", ()))
        element = element_of(body, node, keys[0], count, type(members[1]).__name__)
        if element is not None:
            return _resolve(element[0], keys[1:], members[1:], replace(body, turn=element[1]), deep + 1)
    if body.caller is not None and node.id in body.parameters():
        call, outer = body.caller
        given = argument(call, node.id, body.position(node.id))
        return None if given is None else _resolve(given, keys, members, outer, deep + 1)
    return None


def _returned(
    function: FunctionType, call: ast.Call, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int
) -> Made | None:
    """What a function of the reader's gives back."""
    inside = body_of(function, body.me if isinstance(call.func, ast.Attribute) else None, (call, body))
    for node in own_nodes(inside.function) if inside else ():
        if isinstance(node, ast.Return) and node.value is not None and inside is not None:
            found = _resolve(node.value, keys, members, inside, deep + 1)
            if found is not None:
                return found
    return None
