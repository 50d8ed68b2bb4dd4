"""Repairs as edits of the reader's file: the exact stretch, and what to write there."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from tearless.integrations.shapes.source.frames import Source, Span, span
from tearless.linear_algebra.shapes import Edit, Repair
from tearless.linear_algebra.shapes.operation import atom, filled

from .found import FEW, Found, text_of

Put = tuple[Span, str]
"""A stretch and the text that takes its place."""


def edit_of(found: Found, repair: Repair, source: Source, path: Sequence[ast.AST], function: str) -> Edit | None:
    """The edit that makes a repair at the failing expression; ``None`` where it has no place there."""
    names = [one.name for one in found.given]
    node = found.node
    if repair.layer:
        return None
    if repair.text:
        new = _fitting(filled(repair.text, names), node, path, _parenthesised(source, span(node)) is not None)
        return None if new is None else Edit(source.where(node, function), new)
    anew = found.rule == "matmul" and found.library == "numpy"
    if isinstance(node, ast.AugAssign) and (anew or 0 in repair.operands):
        return _assigned_anew(found, repair, source, function)
    puts = None if _listed(found, repair) else _puts(found, repair, source)
    if puts is None:
        return None
    edit = Edit(source.where(node, function), _with(source, node, puts))
    return edit if _parses(edit.new, node) else None


def _puts(found: Found, repair: Repair, source: Source) -> list[Put] | None:
    puts: list[Put] = []
    lists: set[int] = set()
    for i, template in repair.operands.items():
        one = found.given[i]
        if one.node is not None:
            puts.append(_put(found, i, template, source))
            continue
        held = next((k for k, (_, first, many) in enumerate(found.lists) if first <= i < first + many), None)
        if held is None:
            return None
        lists.add(held)
    for held in lists:
        node, first, many = found.lists[held]
        if many > FEW:
            return None
        parts = [_anew(found, i, repair.operands.get(i, "{}")) for i in range(first, first + many)]
        joined = ", ".join(parts)
        puts.append((span(node), joined if isinstance(node, ast.Starred) else f"[{joined}]"))
    return puts if _settings(found, repair, source, puts) else None


def _put(found: Found, i: int, template: str, source: Source) -> Put:
    """One operand anew; parentheses round it go where it needs them no more."""
    one = found.given[i]
    node = one.node
    if node is None:
        raise ValueError("an operand without a place")
    if found.library in ("jax", "numpy"):
        template = template.replace("{}.permute(", "{}.transpose(")
    place, new = span(node), _anew(found, i, template)
    undone = undoes(node, template, len(one.spec.shape) if one.spec is not None else 0)
    if undone is not None:
        new = text_of(undone, source)
    around = _parenthesised(source, place) if new == f"({one.name}){template.removeprefix('{}')}" else None
    operator = isinstance(found.node, ast.BinOp | ast.AugAssign | ast.Compare)
    return (around or place, new) if operator else (place, new)


def undoes(node: ast.expr, template: str, rank: int) -> ast.expr | None:
    """What stands there without its last step, where a template does just the opposite of that step.

    ``rank`` counts the axes of what stands there.

    >>> for code, template in [("w.t()", "{}.T"), ("m[:, None]", "{}.squeeze(-1)"), ("m[:, None]", "{}.squeeze(0)")]:
    ...     found = undoes(ast.parse(code, mode="eval").body, template, 2)
    ...     print(ast.unparse(found) if found is not None else None)
    w
    m
    None
    """
    match node:
        case ast.Attribute(value=inner, attr="T" | "mT") if template == "{}.T":
            return inner
        case ast.Call(func=ast.Attribute(value=inner, attr="t"), args=[], keywords=[]) if template == "{}.T":
            return inner
        case ast.Call(func=ast.Attribute(value=inner, attr="unsqueeze"), args=[axis], keywords=[]):
            added = f"{{}}.unsqueeze({ast.unparse(axis)})"
        case ast.Subscript(value=inner):
            added = "{}" + ast.unparse(node)[len(ast.unparse(inner)) :]
        case _:
            return None
    new, gone = _axis(_ADDED, added, rank), _axis(_GONE, template, rank)
    row = rank == 2 and template in ("{}.ravel()", "{}.flatten()")
    return inner if new is not None and (new == gone or row) else None


def _axis(table: dict[str, int], template: str, rank: int) -> int | None:
    return table[template] % rank if template in table and rank else None


_ADDED = {"{}[None]": 0, "{}[None, :]": 0, "{}[:, None]": 1, "{}[:, :, None]": 2, "{}[..., None]": -1}
_ADDED |= {f"{{}}.unsqueeze({axis})": axis for axis in (-1, 0, 1, 2)}
_GONE = {f"{{}}.squeeze({axis})": axis for axis in (-1, 0, 1, 2)}
"""Templates that add an axis of 1, and that take one away."""


def _listed(found: Found, repair: Repair) -> bool:
    """Whether a repair asks of a list what only an array has."""
    plain = [i for i in repair.operands if isinstance(found.given[i].node, ast.List | ast.Tuple)]
    return any(re.fullmatch(r"\{\}\[-?\d*:-?\d*\]", repair.operands[i]) is None for i in plain)


def _anew(found: Found, i: int, template: str) -> str:
    """One operand as a template gives it: ``{}`` is the operand itself, ``{1}`` any other."""
    return filled(template.replace("{}", f"{{{i}}}"), [one.name for one in found.given])


def _parenthesised(source: Source, place: Span) -> Span | None:
    line, column, end_line, end_column = place
    before = source.lines[line - 1].encode()[:column]
    after = source.lines[end_line - 1].encode()[end_column:]
    if before.endswith(b"(") and after.startswith(b")"):
        return line, column - 1, end_line, end_column + 1
    return None


def _settings(found: Found, repair: Repair, source: Source, puts: list[Put]) -> bool:
    """Add the places of settings; false where one has none."""
    for name, code in repair.settings.items():
        if name in found.places:
            spread = name in found.spread and code.startswith("(") and code.endswith(")")
            puts.append((found.places[name], code[1:-1].rstrip(",") if spread else code))
            continue
        node = found.node
        if not isinstance(node, ast.Call) or not source.text(node).endswith(")"):
            return False
        line, column = span(node)[2:]
        inside = source.between(*span(node.func)[2:], line, column).strip("() \n\t")
        comma = "" if not inside else " " if inside.endswith(",") else ", "
        word = found.words.get(name, name)
        if found.library == "numpy" or found.library == "jax":
            word = {"dim": "axis", "keepdim": "keepdims", "dims": "axes"}.get(word, word)
        puts.append(((line, column - 1, line, column - 1), f"{comma}{word}={code}"))
    return True


def _with(source: Source, node: ast.AST, puts: list[Put]) -> str:
    """The text of a node with stretches of it written anew."""
    whole = span(node)
    at, out = whole[:2], ""
    for place, new in sorted(puts):
        out += source.between(*at, *place[:2]) + new
        at = place[2:]
    return out + source.between(*at, *whole[2:])


def _assigned_anew(found: Found, repair: Repair, source: Source, function: str) -> Edit | None:
    """``x += y`` with another ``x``: ``x = x.T + y``."""
    node = found.node
    if not isinstance(node, ast.AugAssign):
        return None
    left = found.given[0]
    sign = source.between(*span(node.target)[2:], *span(node.value)[:2]).replace("=", "", 1).strip(" (")
    new = [_anew(found, i, repair.operands.get(i, "{}")) for i in range(2)]
    return Edit(source.where(node, function), f"{left.name} = {new[0]} {sign} {atom(new[1])}")


def _fitting(new: str, node: ast.AST, path: Sequence[ast.AST], inside: bool) -> str | None:
    """Code in parentheses where what is around it would bind tighter; ``None`` where it is no expression."""
    if isinstance(node, ast.AugAssign):
        return _statement(new, node)
    try:
        tree = ast.parse(f"({new}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    parent = path[-2] if len(path) > 1 and path[-1] is node else None
    tight = isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Compare | ast.BoolOp | ast.Starred) or (
        isinstance(parent, ast.Subscript) and parent.value is node
    )
    loose = isinstance(tree, ast.BinOp | ast.UnaryOp | ast.Compare | ast.Lambda | ast.IfExp | ast.BoolOp)
    return f"({new})" if tight and loose and not inside else new


def _statement(new: str, node: ast.AugAssign) -> str | None:
    target = ast.unparse(node.target)
    text = new if re.search(r"(?<![=!<>])=(?!=)", new) else f"{target} = {new}"
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    return text


def same_code(new: str, old: str) -> bool:
    """Whether two stretches of code are the same but for spaces and parentheses.

    >>> same_code("(a)  @ b", "a @ b"), same_code("a @ b.T", "a @ b")
    (True, False)
    """
    try:
        return ast.dump(ast.parse(new.strip())) == ast.dump(ast.parse(old.strip()))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return new.split() == old.split()


def _parses(new: str, node: ast.AST) -> bool:
    try:
        ast.parse(new.strip() if isinstance(node, ast.stmt) else f"({new}\n)")
    except (SyntaxError, ValueError):
        return False
    return True
