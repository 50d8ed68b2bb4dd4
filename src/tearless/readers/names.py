"""Column names that are present and all different."""

from __future__ import annotations

from collections.abc import Sequence

from tearless.core import encodable, listed


def distinct_names(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names, with empty ones numbered and repeated ones counted, and words about what was changed.

    Half characters, which no table can hold, become escapes.

    >>> distinct_names(["a", "", "a"])[0]
    ['a', 'column 2', 'a (2)']
    """
    given = [encodable(name) for name in given]
    taken = set(given)
    seen: dict[str, int] = {}
    names: list[str] = []
    unnamed, repeated = [], []
    for number, name in enumerate(given, start=1):
        new = name
        if not name.strip():
            new = _free(f"column {number}", taken)
            unnamed.append(new)
        elif name in seen:
            while (new := f"{name} ({seen[name] + 1})") in taken:
                seen[name] += 1
            repeated.append(new)
        seen[name] = seen.get(name, 0) + 1
        taken.add(new)
        names.append(new)
    notes = []
    if unnamed:
        notes.append(f"columns without a name are called {listed(unnamed)}")
    if repeated:
        notes.append(f"column names that came before are called {listed(repeated)}")
    return names, notes


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += " (2)"
    return name
