"""The catalogue is the folder listing: a file in a ``checks`` folder is a check, and nothing else makes one."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from .check import Check, load
from .errors import InputError
from .lesson import Lesson, load_lesson
from .page import Page, page_of, title_of
from .text import quoted, visible

OWN = "tearless."
PILLARS = ("linear_algebra", "calculus", "probability", "statistics")
ENTRY_POINTS = "tearless.checks"
"""Entry-point group through which another package adds a folder of checks: ``pillar = "its.checks.package"``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One check in the catalogue, found but not yet imported."""

    name: str
    pillar: str
    module: str

    @property
    def path(self) -> str:
        return f"{self.pillar}/{self.name}"

    def page(self) -> Page:
        return page_of(self.module)

    def title(self) -> str:
        return title_of(self.module)

    def load(self) -> Check:
        """The check itself. Raises ``InputError`` where another package's cannot be loaded."""
        try:
            module = importlib.import_module(self.module)
            return _loaded(module, getattr(module, "measure", None), self.pillar)
        except Exception as fault:
            if self.module.startswith(OWN):
                raise
            raise _broken(self.module, fault) from fault


@functools.lru_cache(maxsize=1024)
def _loaded(module: ModuleType, _measure: object, pillar: str) -> Check:
    """The check of a module, put together once; again where it was reloaded, as its function is another then."""
    return load(module, pillar)


@dataclass(frozen=True, slots=True)
class LessonEntry:
    """One lesson in the catalogue, found but not yet imported. ``catches`` names the checks that it is about."""

    name: str
    pillar: str
    module: str
    catches: tuple[str, ...]

    def title(self) -> str:
        return title_of(self.module)

    def page(self) -> Page:
        return page_of(self.module)

    def load(self) -> Lesson:
        return load_lesson(importlib.import_module(self.module), self.pillar)


@functools.cache
def lessons() -> tuple[LessonEntry, ...]:
    """Every lesson, pillar by pillar, those of the algorithms last."""
    return tuple(
        LessonEntry(file.stem.replace("_", "-"), pillar.replace("_", "-"), f"{package}.{file.stem}", _catches(file))
        for pillar in (*PILLARS, "algorithms")
        for package in [f"{OWN}{pillar}.lessons"]
        for folder in _folders(package)
        for file in sorted(Path(folder).glob("*.py"))
        if not file.stem.startswith("_")
    )


def lesson_on(check: str, pillar: str = "") -> LessonEntry | None:
    """The lesson about what a check finds: of those that name it, the one that names it earliest.

    Where two checks have the name, of a table and of a run, the lesson of the same ``pillar`` comes first.
    """
    about = [lesson for lesson in lessons() if check in lesson.catches]
    two = sum(entry.name == check for entry in catalogue()) > 1
    return min(about, key=lambda one: (two and one.pillar != pillar, one.catches.index(check)), default=None)


def find_lesson(name: str, argument: str = "lesson") -> LessonEntry:
    """The lesson of this name. Raises ``InputError`` with the nearest names; ``argument`` is what the user calls it."""
    if found := next((lesson for lesson in lessons() if lesson.name == name), None):
        return found
    raise InputError(f"{argument}: expected the name of a lesson, got {quoted(name)}; {_near(name, lessons())}")


def _near(name: str, entries: Iterable[Entry | LessonEntry]) -> str:
    import difflib

    names = [entry.name for entry in entries]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {', '.join(near)}?"
    return f"there are {', '.join(names)}" if len(names) < 50 else "`tearless catalogue` lists them all"


def _catches(file: Path) -> tuple[str, ...]:
    """The checks that a lesson's file names in ``CATCHES``, read without running it."""
    found = re.search(r"^CATCHES = (\(.*?\))$", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return tuple(ast.literal_eval(found[1])) if found else ()


@functools.cache
def catalogue() -> tuple[Entry, ...]:
    """Every check, pillar by pillar, then by name; those of other packages after our own."""
    own = [(pillar, f"{OWN}{pillar}.checks") for pillar in PILLARS]
    others = [(e.name, e.value) for e in sorted(entry_points(group=ENTRY_POINTS), key=lambda e: (e.name, e.value))]
    return tuple(entry for pillar, package in own + others for entry in listed_in(pillar, package))


def listed_in(pillar: str, package: str) -> Iterator[Entry]:
    """The checks in one package's folder, by name. Raises ``InputError`` where another package cannot be imported."""
    for folder in _folders(package):
        for file in sorted(Path(folder).glob("*.py")):
            if not file.stem.startswith("_"):
                name = file.stem.replace("_", "-")
                yield Entry(name, pillar.replace("_", "-"), f"{package}.{file.stem}")


def _folders(package: str) -> list[str]:
    """Where a package's files are, importing its parent alone; nowhere, for a pillar that has no checks yet."""
    try:
        spec = importlib.util.find_spec(package)
    except Exception as fault:  # it imports the parent, where another package may raise anything
        if package.startswith(OWN) and isinstance(fault, ModuleNotFoundError):
            return []
        raise _broken(package, fault) from fault
    return list(spec.submodule_search_locations or ()) if spec else []


def _broken(package: str, fault: Exception) -> InputError:
    reason = visible(f"{type(fault).__name__}: {fault}", 200)
    return InputError(
        f"{ENTRY_POINTS}: expected checks of another package that can be loaded, got {quoted(package)} ({reason}); "
        "mend or uninstall that package"
    )


def find(name: str, argument: str = "check") -> tuple[Entry, ...]:
    """The checks of this name, or the one at ``pillar/name``. One fault may be seen in a table and in a training run,
    so that a name alone may stand for two checks.

    Raises ``InputError`` with the nearest names; ``argument`` is what the user calls it.
    """
    if found := tuple(entry for entry in catalogue() if name in (entry.name, entry.path)):
        return found
    raise InputError(f"{argument}: expected the name of a check, got {quoted(name)}; {_near(name, catalogue())}")
