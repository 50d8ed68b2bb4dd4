"""Whether the arrays of files chain: in sentences, and the clashes where they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tearless.core import listed, visible
from tearless.linear_algebra.shapes import Clash, drawn, written
from tearless.linear_algebra.shapes.breaks import Break, breaks_of
from tearless.linear_algebra.shapes.chaining import Link, chain_of, of_one_table, of_tables
from tearless.linear_algebra.shapes.stages import Stage, stages_of
from tearless.readers.stored_shapes import Stored

MOST_CHAINED = 12
MOST_BREAKS = 3
MOST_SAID = 6
"""Files of several arrays whose chains are told."""
WEIGHT = re.compile(r"(w|weights?|kernel)_?\d*", re.IGNORECASE)
SHARD = re.compile(r"-\d+-of-(\d+)(?=\.)")
Files = Mapping[str, Sequence[Stored]]


@dataclass
class Chained:
    """Labelled sentences on chains, the clashes that end them, and those drawn. Made by ``chained``."""

    said: list[tuple[str, str]] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)

    def clashing(self, clash: Clash) -> None:
        """Note a clash; the first is drawn."""
        self.clashes.append(clash)
        if not self.drawings and (drawing := drawn(clash)):
            self.drawings.append(drawing)


def chained(found: Files, named: bool) -> Chained:
    """The chains in files. ``named`` says that the files were named one by one, so that their order means something.

    Files of one array each are one chain, in the order given; parts of one checkpoint are one file; every other file
    is looked at alone.

    >>> chained({"x.npy": [Stored("x", (2, 3), "f4", 24)], "w.npy": [Stored("w", (3, 4), "f4", 48)]}, True).said
    [('chain', '`x @ w` gives (2, 4)')]
    """
    told = Chained()
    if len(found) > 1 and all(len(held) == 1 for held in found.values()) and not _of_layers(found):
        if named:
            _in_order([held[0] for held in found.values()], True, told)
        return told
    files = _joined(found)
    for label, held in list(files.items())[:MOST_SAID]:
        before = len(told.said)
        _of_file(held, told)
        if len(files) > 1:
            told.said[before:] = [(about, f"{visible(label, 60)}: {says}") for about, says in told.said[before:]]
    return told


def _of_layers(found: Files) -> bool:
    return all(re.search(r"\.(weight|kernel)$", held[0].name) for held in found.values())


def _joined(found: Files) -> dict[str, list[Stored]]:
    """The files; parts of one checkpoint (``model-00001-of-00003``) together."""
    files: dict[str, list[Stored]] = {}
    for label, held in found.items():
        files.setdefault(SHARD.sub(r"-of-\1", label), []).extend(held)
    return files


def _of_file(held: Sequence[Stored], told: Chained) -> None:
    """The chain in one file: that of its layers, or of its arrays in their order."""
    arrays = {one.name: one.shape for one in held}
    stages = stages_of(arrays)
    layers = [one for one in stages if one.kind != "norm"]
    if layers and any("." in name or name in ("weight", "kernel") for name in arrays):
        _layers(layers, breaks_of(stages, arrays), told)
    else:
        _in_order(held, any(WEIGHT.fullmatch(one.name) for one in held), told)


def _in_order(held: Sequence[Stored], asked: bool, told: Chained) -> None:
    """Arrays one behind another; a clash is told only where their order was asked for or names say weights."""
    arrays = [(_short(one), one.shape) for one in held]
    shapes = [shape for _, shape in arrays]
    if not 2 <= len(arrays) <= MOST_CHAINED or all(len(shape) < 2 for shape in shapes):
        return
    if of_one_table(shapes) and not WEIGHT.fullmatch(held[0].name):
        names = listed([name for name, _ in arrays], 4)
        told.said.append(("rows", f"{names} have {shapes[0][0]:,} rows each: arrays of one table"))
        return
    links = chain_of(arrays)
    clash = links[-1].clash
    doubtful = not asked or of_tables(shapes[:2]) or any(len(shape) not in (1, 2) for shape in shapes[1:])
    if clash is not None and doubtful:
        return
    if clash is not None:
        told.clashing(clash)
    told.said += _products(links)


def _short(one: Stored) -> str:
    """An array's name as code."""
    name = one.name.rpartition("/")[2]
    return name if name.replace(".", "_").isidentifier() else visible(name, 30).replace("`", "ʼ")


def _products(links: Sequence[Link]) -> Iterator[tuple[str, str]]:
    through = [link for link in links if link.clash is None]
    if through:
        says = next((f": {visible(link.says)}" for link in through if link.says), "")
        yield "chain", f"`{visible(through[-1].code, 160)}` gives {written(through[-1].gives)}{says}"
    stopped = links[-1]
    if stopped.clash is None:
        return
    yield "breaks at", f"`{visible(stopped.code, 160)}`: {visible(stopped.says)}"
    operation = stopped.clash.operation
    for i, repair in enumerate(stopped.clash.repairs[:2]):
        code = operation.mended(repair) if operation is not None else ""
        gives = f" gives {written(repair.gives)}" if repair.gives is not None else ""
        yield "write" if i == 0 else "or", f"`{visible(code, 160)}`{gives}: {visible(repair.because)}"


def _layers(layers: Sequence[Stage], breaks: Sequence[Break], told: Chained) -> None:
    for one in breaks:
        if one.certain and len(told.clashes) < MOST_BREAKS:
            told.clashing(one.clash())
    links = len(layers) - 1
    if links and not breaks:
        first, last = layers[0], layers[-1]
        ends = f"from {first.takes or first.shape[0]:,} to {last.gives:,}"
        says = f"all {len(layers):,} layers follow from one another in the order of the file, {ends}"
        told.said.append(("chain", says))
    elif links:
        broken = len({one.after.name for one in breaks if one.after in layers})
        says = f"{links - broken:,} of {links:,} layers follow from those before them, in the order of the file"
        told.said.append(("chain", says))
    for i, one in enumerate(breaks[:MOST_BREAKS]):
        about = "breaks at" if one.certain else "may break at"
        told.said.append((about if i == 0 or not one.certain else "", visible(str(one), 300)))
    if len(breaks) > MOST_BREAKS:
        told.said.append(("", f"and {len(breaks) - MOST_BREAKS:,} more; layers beside one another are no fault"))
