"""Every public name of the pillars and the algorithms is documented, with an example that is run as a test.

Read from the source, nothing is imported. What is held:

- a function: an example (run by ``--doctest-modules``); the shape of the arrays it takes; each error that it raises;
- a class with methods: an example, and a docstring for every method, its own or that of a class it is made of;
- a class without methods is a record: an example, or the function it comes from and a word on each field. An exception
  or a warning that adds nothing to its base needs no more than its docstring.

A shape that holds for all functions of a file may stand once in the file's own docstring, as may an error. The checks
are held to laws of their own (``test_laws.py``): they are looked up by name and never called by a reader. So are
the rules and the language of shapes, which are found by tables, compared with NumPy and PyTorch, and held to say their
shapes in a formula (``test_rules_documented.py``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import tearless

HOUSE = Path(tearless.__file__).parent
FOLDERS = ("linear_algebra", "calculus", "probability", "statistics", "algorithms")
FILES = tuple(
    path
    for folder in FOLDERS
    for path in sorted((HOUSE / folder).rglob("*.py"))
    if not {"checks", "lessons"} & set(path.parts)
    and not path.stem.startswith("_")
    and path.relative_to(HOUSE).parts[1:3] not in (("shapes", "rules"), ("shapes", "language"))
)

ARRAYS = {"Array", "ArrayLike", "NDArray", "Floats", "Codes", "Ints", "Rows", "Vector", "Variable"}
"""Annotations of one array. ``Any`` is one where the function hands the argument to a border, below."""
BORDERS = {"array", "arrays", "asarray", "plain", "on_the_host", "labels", "usable"}
_AXIS = r"(?:…|\.\.\.|\d+|\w{1,5}(?: ?[−+] ?\d)?|min\([\w, ]+\))"
SHAPE = re.compile(  # (n,), (n, k), (p + 1, p + 1), (..., C), (...), (); or words
    rf"\((?:{_AXIS}(?:, ?{_AXIS})*,|{_AXIS}(?:, ?{_AXIS})+|\.\.\.|)\)"
    r"|\bShapes?\b|\b(?:[Aa]ny|[Ss]ame|[Oo]ne|its|'s) shape\b|\b[Oo]f the shapes?\b"
)
ERRORS_AS = re.compile(r"\b(?:errors?|refusals|raises|arguments)\b[^.]*\b(?:as|like) ``\w+``", re.IGNORECASE)

Defined = ast.FunctionDef | ast.ClassDef


def public(body: list[ast.stmt]) -> Iterator[Defined]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def words_of(node: ast.FunctionDef | ast.ClassDef | ast.Module) -> str:
    return ast.get_docstring(node) or ""


def prose_of(node: ast.FunctionDef | ast.ClassDef | ast.Module) -> str:
    return words_of(node).split(">>>")[0]


def methods_of(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Public methods; a property is a field that is computed."""
    for method in public(node.body):
        if isinstance(method, ast.FunctionDef) and not any("property" in ast.unparse(d) for d in method.decorator_list):
            yield method


def names_in(node: ast.expr | None) -> set[str]:
    return set(re.findall(r"\w+", ast.unparse(node))) if node else set()


@dataclass
class Known:
    """The classes of the house by name, and what gives which: names of functions, methods and classes with fields."""

    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    gives: dict[str, set[str]] = field(default_factory=dict)

    def add(self, tree: ast.Module) -> Known:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self._given(node.name, node.returns)
            elif isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, node)
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        for name in (f"{node.name}.{inner.name}", inner.name, node.name):
                            self._given(name, inner.returns)
                    elif isinstance(inner, ast.AnnAssign):
                        self._given(node.name, inner.annotation)
        return self

    def _given(self, name: str, annotation: ast.expr | None) -> None:
        self.gives.setdefault(name, set()).update(names_in(annotation))

    def documented(self, node: ast.ClassDef, method: str) -> bool:
        """Whether the class, or one it is made of, says what the method does."""
        own = (m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == method)
        bases = (self.classes[b] for base in node.bases for b in names_in(base) if b in self.classes)
        return any(words_of(m) for m in own) or any(self.documented(base, method) for base in bases if base is not node)


def takes_arrays(node: ast.FunctionDef) -> bool:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a]
    handed = {
        given.id
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in BORDERS
        for given in (*call.args, *(k.value for k in call.keywords))
        if isinstance(given, ast.Name)
    }
    for argument in every:
        kinds = names_in(argument.annotation)
        if (kinds & ARRAYS and "Callable" not in kinds) or (kinds == {"Any"} and argument.arg in handed):
            return True
    return False


def raised(node: ast.FunctionDef) -> set[str]:
    """The exceptions that a function raises by itself."""
    calls = (r.exc for r in ast.walk(node) if isinstance(r, ast.Raise) and isinstance(r.exc, ast.Call))
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def faults_of_function(node: ast.FunctionDef, house_rules: str) -> Iterator[str]:
    said = prose_of(node)
    if not said:
        yield "has no docstring"
        return
    if ">>>" not in words_of(node):
        yield "has no example"
    if takes_arrays(node) and not SHAPE.search(said) and not SHAPE.search(house_rules):
        yield "takes arrays of a shape that it does not say"
    for error in sorted(raised(node)):
        if error not in said and error not in house_rules and not ERRORS_AS.search(said):
            yield f"raises {error} and does not say when"


def faults_of_class(node: ast.ClassDef, known: Known) -> Iterator[str]:
    said = prose_of(node)
    methods = list(methods_of(node))
    if not said:
        yield "has no docstring"
        return
    for method in methods:
        if not known.documented(node, method.name):
            yield f"has a method {method.name} without a docstring"
    if ">>>" in words_of(node):
        return
    if methods:
        yield "has methods and no example"
    elif len(node.body) > 1 or not node.bases:
        yield from _faults_of_record(node, said, known)


def _faults_of_record(node: ast.ClassDef, said: str, known: Known) -> Iterator[str]:
    makers = re.findall(r"``([\w.]+)``", said)
    if not any(node.name in known.gives.get(maker, ()) for maker in makers):
        yield "has no example and names nothing that gives one"
    for place, inner in enumerate(node.body):
        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name) and inner.target.id[0] != "_":
            below = node.body[place + 1 : place + 2]
            explained = any(isinstance(b, ast.Expr) and isinstance(b.value, ast.Constant) for b in below)
            if not explained and not _names(said, inner.target.id):
                yield f"has a field {inner.target.id} and no word on it"


def _names(said: str, name: str) -> bool:
    """Whether the words name a field: ``design_effect`` by "design effect" as well, ``impurity`` by "impurities"."""
    stem = name.removesuffix("y") if len(name) > 3 else name
    return bool(re.search(rf"\b{stem.replace('_', '[_ -]')}(?:e?s|y|ies)?\b", said, re.IGNORECASE))


def faults(text: str, known: Known | None = None) -> list[str]:
    """What is missing in a source text, each line with the name it is missing of."""
    tree = ast.parse(text)
    known = known or Known().add(tree)
    out = [] if words_of(tree) else ["the file: has no docstring"]
    for node in public(tree.body):
        if isinstance(node, ast.FunctionDef):
            out += [f"{node.name}: {fault}" for fault in faults_of_function(node, prose_of(tree))]
        else:
            out += [f"{node.name}: {fault}" for fault in faults_of_class(node, known)]
    return out


@pytest.fixture(scope="module")
def sources() -> Mapping[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in FILES}


@pytest.fixture(scope="module")
def known(sources: Mapping[Path, str]) -> Known:
    found = Known()
    for text in sources.values():
        found.add(ast.parse(text))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_every_public_name_is_documented(path: Path, sources: Mapping[Path, str], known: Known) -> None:
    found = faults(sources[path], known)
    if found:
        pytest.fail(f"{path.relative_to(HOUSE)}\n" + "\n".join(found), pytrace=False)


SOUND = '''"""A file."""
def double(x: ArrayLike) -> Floats:
    """Twice x. Shape ``(n,)``. Raises ``InputError`` for nan.

    >>> double([1.0]).tolist()
    [2.0]
    """
    raise InputError("x")
class Pair:
    """Two numbers. Made by ``pair``; ``first`` is the smaller, ``second`` the larger."""
    first: float
    second: float
def pair() -> Pair:
    """A pair.

    >>> pair().first
    1.0
    """
class Bag:
    """Things put together.

    >>> Bag().add(1)
    """
    def add(self, x):
        """Put one in."""
class Sack(Bag):
    """A bag.

    >>> Sack().add(1)
    """
    def add(self, x): ...
class Torn(Exception):
    """It tore."""
'''


def test_a_sound_file_has_no_fault() -> None:
    assert faults(SOUND) == []


@pytest.mark.parametrize(
    ("sound", "planted", "told"),
    [
        ('    """Twice x. Shape ``(n,)``. Raises ``InputError`` for nan.', '    """', "double: has no docstring"),
        (">>> double([1.0]).tolist()\n    [2.0]\n", "", "double: has no example"),
        ("Shape ``(n,)``.", "Raises for other shapes.", "double: takes arrays of a shape that it does not say"),
        ("x: ArrayLike) -> Floats:\n    ", "x: Any) -> Floats:\n    ", ""),
        ("Raises ``InputError`` for nan.", "", "double: raises InputError and does not say when"),
        ("Made by ``pair``;", "Made by ``double``;", "Pair: has no example and names nothing that gives one"),
        ("``second`` the larger", "the larger", "Pair: has a field second and no word on it"),
        (">>> Bag().add(1)", "", "Bag: has methods and no example"),
        ('"""Put one in."""', "...", "Sack: has a method add without a docstring"),
        ('"""It tore."""', "pass", "Torn: has no docstring"),
        ('"""A file."""\n', "", "the file: has no docstring"),
    ],
)
def test_the_guard_can_fail(sound: str, planted: str, told: str) -> None:
    assert SOUND.count(sound) == 1
    found = faults(SOUND.replace(sound, planted))
    assert told in found if told else found == []


def test_any_is_an_array_where_it_is_handed_to_a_border() -> None:
    text = SOUND.replace("x: ArrayLike", "x: Any").replace("Shape ``(n,)``. ", "")
    assert faults(text) == []
    handed = text.replace('raise InputError("x")', "return np.asarray(x)")
    assert faults(handed) == ["double: takes arrays of a shape that it does not say"]


def test_nothing_is_left_out() -> None:
    assert len(FILES) > 150
    assert {path.relative_to(HOUSE).parts[0] for path in FILES} == set(FOLDERS)
