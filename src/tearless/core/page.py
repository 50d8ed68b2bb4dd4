"""A check's page, read from its source without running it: the same text serves every reader.

Reading the source, not the imported module, keeps ``tearless explain`` free of NumPy and works under ``python -OO``.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECTIONS = (
    "What it measures",
    "Why it matters",
    "The mathematics",
    "When it is wrong",
    "What to do",
    "References",
)


@dataclass(frozen=True, slots=True)
class LimitText:
    """One limit as its source states it; ``at`` is the number or the formula."""

    name: str
    of: str
    at: str
    crossed: str
    unit: str
    kind: str
    severity: str
    because: str
    false_alarms: str


@dataclass(frozen=True, slots=True)
class Page:
    """The title, the sections and the limits of one check."""

    title: str
    sections: Mapping[str, str]
    limits: tuple[LimitText, ...]
    examples: Mapping[str, tuple[str, ...]]
    """The names of the examples by role: healthy, sick, fooled."""


def page_of(module: str) -> Page:
    """The page of the check in ``module``, a dotted name. Does not import the module, only finds it."""
    return parsed(_file(module).read_text(encoding="utf-8"))


def _file(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return Path(spec.origin)


def title_of(module: str) -> str:
    """The title alone: the first line of the file, where the page need not be parsed for it."""
    with _file(module).open(encoding="utf-8") as file:
        first = file.readline().strip()
    plain = first.startswith('"""') and not first.endswith('"""') and len(first) > len('"""') and "\\" not in first
    return first.removeprefix('"""').rstrip(".") if plain else page_of(module).title


def parsed(source: str) -> Page:
    """The page that a check's source text holds."""
    tree = ast.parse(source)
    title, sections = _sections(ast.get_docstring(tree) or "")
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    limits = tuple(
        _limit(name, value, constants)
        for name, value in constants.items()
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Limit"
    )
    return Page(title, sections, limits, _examples(tree))


def _examples(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    roles: dict[str, list[str]] = {"healthy": [], "sick": [], "fooled": []}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                name = mark.func if isinstance(mark, ast.Call) else mark
                if isinstance(name, ast.Name) and name.id in roles:
                    roles[name.id].append(node.name)
    return {role: tuple(names) for role, names in roles.items()}


def _limit(name: str, call: ast.Call, constants: Mapping[str, ast.expr]) -> LimitText:
    given = {keyword.arg: keyword.value for keyword in call.keywords}

    def text(field: str, default: str = "") -> str:
        node = given.get(field)
        node = constants.get(node.id, node) if isinstance(node, ast.Name) else node
        if node is None:
            return default
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.Lambda):
            return ast.unparse(node.body)
        return ast.unparse(node)

    return LimitText(
        name=name.lower().replace("_", "-"),
        of=text("of"),
        at=text("at"),
        crossed=text("crossed", "above"),
        unit=text("unit"),
        kind=text("kind"),
        severity=text("severity", "gate").rpartition(".")[2].replace("None", "gate"),
        because=text("because"),
        false_alarms=text("false_alarms"),
    )


def _sections(docstring: str) -> tuple[str, dict[str, str]]:
    lines = inspect.cleandoc(docstring).splitlines() or [""]
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines[1:]:
        if line.startswith("## "):
            current = sections.setdefault(line[3:].strip(), [])
        else:
            current.append(line)
    return lines[0].rstrip("."), {name: "\n".join(body).strip() for name, body in sections.items()}
