"""What was seen of shapes: operations at lines, layers of a model. The fact that every check of shapes names.

Entries, a JSON object a line, by ``kind``:

``operation``
    One operation on arrays, gone through or not, as ``explanation.entry_of`` and ``Explanation.entry`` make it: rule,
    text, operands (name, shape, dtype, device, library), settings, gives; file, line, code; layer, layer_type; origins;
    message; ``clash`` (kind, says, law, marks, repairs) or null. ``reduced`` names a reduction that its result goes
    into (``mean``), ``by`` what is done to each entry before it (``linear``, ``square``, ``abs``, ``other``), and
    ``learnt`` whether a derivative is taken of it. ``explicit`` says that the code at the line makes axes on purpose
    (``None``, ``unsqueeze`` ...), or made them before, for this. Of code that ran, one entry tells of a place, and
    ``count`` how often it ran so.
``layer``
    A layer of a traced model: path, type, takes, gives (lists of shapes), settings (of the layer), file, line.

Either may have ``suspicions``, axes that go through and are not what they look like, each with: ``says`` (one clause,
in the reader's names and sizes), ``why`` (what it does to the numbers), ``repair`` (as code, or in words), ``mixed``
(how many samples go into one number of the result where the trace proves that samples are mixed; else 0) and ``proof``
(what was seen, one clause). They are read by the check ``swapped-axes``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from tearless.core import CannotTell, Example
from tearless.core.fact import About

if TYPE_CHECKING:
    from tearless.readers.source import Batch

Entry = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Seen:
    """Operations and layers, in order.

    >>> seen = Seen.from_entries([{"kind": "operation", "rule": "matmul", "clash": None}])
    >>> [one["rule"] for one in seen.operations()], seen.layers()
    (['matmul'], [])
    """

    about: ClassVar[About] = "shapes"
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The entries of a table with one column, ``entry``."""
        return cls(tuple(batch.frame["entry"].drop_nulls().to_list()))

    @classmethod
    def from_entries(cls, entries: Iterable[Entry]) -> Self:
        """Entries as they are."""
        return cls(tuple(map(line_of, entries)))

    def merge(self, later: Self) -> Self:
        """These entries, then the later ones."""
        return type(self)(self.lines + later.lines)

    @cached_property
    def _entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def operations(self) -> list[dict[str, Any]]:
        """The operations. Raises ``CannotTell`` where nothing was seen at all."""
        if not self.lines:
            raise CannotTell("an operation is needed: give an expression, a model, or code that runs")
        return [entry for entry in self._entries if entry["kind"] == "operation"]

    def clashes(self, kind: str) -> list[dict[str, Any]]:
        """The operations that clash, of one kind: ``shape``, ``dtype`` or ``device``."""
        return [one for one in self.operations() if one["clash"] and one["clash"]["kind"] == kind]

    def suspicions(self) -> list[dict[str, Any]]:
        """Every suspicion, with the entry it belongs to as ``at``. Raises ``CannotTell`` where nothing was seen."""
        self.operations()
        return [{**one, "at": entry} for entry in self._entries for one in entry.get("suspicions") or ()]

    def layers(self) -> list[dict[str, Any]]:
        """The layers of the model traced; none where none was."""
        return [entry for entry in self._entries if entry["kind"] == "layer"]


def line_of(entry: Entry) -> str:
    """An entry as a line.

    >>> line_of({"kind": "layer", "path": "fc1"})
    '{"kind": "layer", "path": "fc1"}'
    """
    return json.dumps(entry, ensure_ascii=True, sort_keys=True)


def as_example(entries: Iterable[Entry]) -> Example:
    """Entries as an example that a check of shapes is fed with.

    >>> as_example([{"kind": "layer"}]).columns
    {'entry': ['{"kind": "layer"}']}
    """
    return Example({"entry": [line_of(entry) for entry in entries]})
