"""The public functions and classes of a folder of the library, read from the source: nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tearless

HOUSE = Path(tearless.__file__).parent
FOLDERS = ("linear_algebra", "calculus", "probability", "statistics", "algorithms")
LEAVES = {"checks", "lessons"}
"""Folders whose files have pages of their own."""

Defined = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Documented:
    """One public name: ``name`` within its module, its signature, its docstring as Markdown, and its methods."""

    name: str
    signature: str
    words: str
    methods: tuple[Documented, ...] = ()


@dataclass(frozen=True)
class Module:
    """One file: ``name`` as it stands behind the folder's, its docstring as Markdown, and its public names."""

    name: str
    words: str
    defined: tuple[Documented, ...]


def modules(folder: str) -> Iterator[Module]:
    """The files of a folder that define a public name, in the order of their names."""
    for path in sorted((HOUSE / folder).rglob("*.py")):
        parts = path.relative_to(HOUSE / folder).with_suffix("").parts
        if LEAVES & set(parts) or path.stem.startswith("_"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = tuple(_documented(node) for node in _public(tree.body))
        if found:
            yield Module(".".join(parts), _markdown(ast.get_docstring(tree)), found)


def _public(body: list[ast.stmt]) -> Iterator[Defined]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def _documented(node: Defined) -> Documented:
    words = _markdown(ast.get_docstring(node))
    if isinstance(node, ast.FunctionDef):
        return Documented(node.name, _signature(node), words)
    methods = tuple(_documented(one) for one in _public(node.body) if ast.get_docstring(one))
    bases = f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
    fields = [ast.unparse(one) for one in node.body if isinstance(one, ast.AnnAssign) and one.simple]
    public = [field for field in fields if not field.startswith("_")]
    return Documented(node.name, "\n    ".join([f"class {node.name}{bases}", *public]), words, methods)


def _signature(node: ast.FunctionDef) -> str:
    """The first line of a function as it would be written, one argument a line where it is long."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    given = ast.unparse(node.args)
    if any(ast.unparse(mark).endswith("property") for mark in node.decorator_list):
        return f"{node.name}: {returns.removeprefix(' -> ')}"
    line = f"{node.name}({given}){returns}"
    if len(line) <= 88:
        return line
    parts = re.split(r", (?![^\[(]*[\])])", given)
    return f"{node.name}(\n    " + ",\n    ".join(parts) + f",\n){returns}"


def _markdown(docstring: str | None) -> str:
    """A docstring as Markdown: its examples become code, the rest is Markdown already."""
    blocks = re.split(r"\n\s*\n", docstring or "")
    return "\n\n".join(f"```\n{block}\n```" if block.lstrip().startswith(">>>") else block for block in blocks)
