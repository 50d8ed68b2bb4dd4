"""Which pillars an algorithm stands on, read from its imports: the source is parsed, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tearless.core import InputError
from tearless.core.text import quoted

PILLARS = ("linear_algebra", "calculus", "probability", "statistics")
PLAIN = frozenset({"__init__", "estimator", "input", "output", "pillars", "steps"})
"""The files of this folder without mathematics."""
BASE = PLAIN | {"naive_bayes"}
"""The files of this folder that are no algorithm."""
BORDER = "linear_algebra.arrays"
"""Where arrays come in: no mathematics, so it makes no pillar."""

_HERE = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Every algorithm, by its file's name with dashes, sorted.

    >>> "random-forest" in names(), "estimator" in names()
    (True, False)
    """
    return tuple(sorted(p.stem.replace("_", "-") for p in _HERE.glob("*.py") if p.stem not in BASE))


def source_of(name: str) -> str:
    """The source text of an algorithm named as ``names`` does, or by its file. Raises ``InputError`` for another name.

    >>> source_of("nearest-neighbours").startswith('\"""')
    True
    """
    stem = name.replace("-", "_")
    if stem.replace("_", "-") not in names():
        raise InputError(f"name: expected an algorithm, got {quoted(name)}; choose one of {', '.join(names())}")
    return (_HERE / f"{stem}.py").read_text(encoding="utf-8")


def pillars_of(name: str) -> Mapping[str, tuple[str, ...]]:
    """The pillars an algorithm stands on, in the order of the house, each with the functions it takes from there.

    Functions of algorithms that it is made of count as its own. Raises ``InputError`` for a name that is none.

    >>> tuple(pillars_of("lasso"))
    ('linear_algebra', 'calculus')
    """
    source_of(name)
    taken = set(_functions(name, set()))
    return {
        pillar: here
        for pillar in PILLARS
        if (here := tuple(sorted(f.partition(".")[2] for f in taken if f.startswith(f"{pillar}."))))
    }


def _functions(name: str, seen: set[str]) -> Iterator[str]:
    """What an algorithm and the algorithms it is made of take from the pillars: ``calculus.losses.CrossEntropy``."""
    seen.add(name.replace("-", "_"))
    tree = ast.parse((_HERE / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8"))
    for module, what, alias in imports(tree):
        folder, _, rest = module.partition(".")
        if folder in PILLARS and module != BORDER:
            yield from _used(tree, module, what, alias)
        elif folder == "algorithms":
            other = (rest or what).partition(".")[0]
            if other not in PLAIN | seen:
                yield from _functions(other, seen)


def imports(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """``(module, what, alias)`` of every import from the house, the module without ``tearless.`` before it.

    >>> list(imports(ast.parse("import ast\\nfrom tearless.calculus.newton import newton as least")))
    [('calculus.newton', 'newton', 'least')]
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tearless."):
            for name in node.names:
                yield str(node.module).removeprefix("tearless."), name.name, name.asname or name.name


def _used(tree: ast.AST, module: str, what: str, alias: str) -> Iterator[str]:
    """A function imported by name; or, where a whole topic was imported, what is taken from it with a dot."""
    if "." in module:
        yield f"{module}.{what}"
        return
    if f"{module}.{what}" == BORDER:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == alias:
            yield f"{module}.{what}.{node.attr}"
