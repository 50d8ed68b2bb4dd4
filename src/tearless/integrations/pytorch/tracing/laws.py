"""What holds at every size: shapes, multiply-adds and bytes of a model as polynomials in the names of its sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tearless.linear_algebra.shapes import Shape, Size
from tearless.linear_algebra.shapes.size import put

from .costs import Costs
from .running import Ran
from .symbols import Fits
from .traced import FunctionCall, Held, LayerCall

Step = LayerCall | FunctionCall


@dataclass
class Laws:
    """The runs at several sizes, seen together. The first run is the one that is shown.

    ``same`` says that every run made the same steps, so that they can be laid beside one another one by one.
    """

    runs: Sequence[Ran]
    fits: Fits
    same: bool = field(init=False)

    def __post_init__(self) -> None:
        self.same = len({tuple(_kind(step) for step in ran.traced.steps) for ran in self.runs}) == 1

    def shape(self, pick: Callable[[Ran], Held | None]) -> Shape | None:
        """The shape of one tensor of the runs, sizes with names; ``None`` where the runs do not agree on one."""
        found = [pick(ran) for ran in self.runs]
        shapes = [one.shape for one in found if one is not None]
        if len(shapes) != len(self.runs) or len({len(shape) for shape in shapes}) != 1:
            return None
        sizes = [self.fits.size(values) for values in zip(*shapes, strict=True)]
        return None if any(size is None for size in sizes) else tuple(size for size in sizes if size is not None)

    def multiply_adds(self, of: Callable[[Ran], int]) -> Size | None:
        """A count of the runs as a polynomial."""
        return self.fits.size([of(ran) for ran in self.runs])

    def all_multiply_adds(self) -> Size | None:
        """All multiply-adds of the forward pass."""
        columns = _beside([[one.factors for one in ran.costs.products] for ran in self.runs])
        return self._sum(columns) if columns is not None else self._whole(_all_products)

    def kept(self) -> Size | None:
        """All bytes that the backward pass needs."""
        columns = _beside([[_bytes(one.sizes, one.each, one.bytes) for one in ran.costs.kept] for ran in self.runs])
        return self._sum(columns) if columns is not None else self._whole(_all_kept)

    def each_product(self, values: Mapping[str, int]) -> list[int] | None:
        """The multiply-adds of each operation of the first run, had the names these values."""
        columns = _beside([[one.factors for one in ran.costs.products] for ran in self.runs])
        return self._each(columns, values)

    def each_kept(self, values: Mapping[str, int]) -> list[int] | None:
        """The bytes of each storage that the first run keeps, had the names these values."""
        columns = _beside([[_bytes(one.sizes, one.each, one.bytes) for one in ran.costs.kept] for ran in self.runs])
        return self._each(columns, values)

    def _each(self, columns: Sequence[Sequence[tuple[int, ...]]] | None, values: Mapping[str, int]) -> list[int] | None:
        found: list[int] = []
        for column in columns or ():
            size = self.fits.product(list(zip(*column, strict=True)))
            value = self.at(size, values) if size is not None else None
            if value is None:
                return None
            found.append(value)
        return found if columns is not None else None

    def peak(self) -> Size | None:
        """The most bytes held at once, where one polynomial tells it for all runs."""
        return self._whole(lambda ran: ran.peak)

    def _whole(self, of: Callable[[Ran], int]) -> Size | None:
        return self.fits.size([of(ran) for ran in self.runs])

    def _sum(self, columns: Sequence[Sequence[tuple[int, ...]]]) -> Size | None:
        """The sum of products of sizes, each given by its factors in every run."""
        total: Size = 0
        for column in columns:
            one = self.fits.product(list(zip(*column, strict=True)))
            if one is None:
                return None
            total = total + one
        return total

    def at(self, size: Size, values: Mapping[str, int]) -> int | None:
        """A polynomial's value; ``None`` where a name has no value."""
        found = put(size, self.fits.values(values))
        return found if isinstance(found, int) else None


def _kind(step: Step) -> tuple[str, ...]:
    return ("layer", step.path) if isinstance(step, LayerCall) else ("function", step.name, step.inside)


def _bytes(sizes: tuple[int, ...], each: int, size: int) -> tuple[int, ...]:
    """The bytes of a storage as factors: by the sizes of the tensor in it, where it is no more than the tensor."""
    whole = each
    for one in sizes:
        whole *= one
    return (*sizes, each) if whole == size else (size,)


def _beside(lists: Sequence[Sequence[tuple[int, ...]]]) -> list[tuple[tuple[int, ...], ...]] | None:
    """The same item of every run beside one another; ``None`` where the runs differ in more than sizes."""
    if len({len(one) for one in lists}) != 1:
        return None
    columns = list(zip(*lists, strict=True))
    return columns if all(len({len(one) for one in column}) == 1 for column in columns) else None


def _all_products(ran: Ran) -> int:
    return total_products(ran.costs)


def _all_kept(ran: Ran) -> int:
    return sum(one.bytes for one in ran.costs.kept)


def total_products(costs: Costs) -> int:
    """All multiply-adds of a run."""
    total = 0
    for one in costs.products:
        amount = 1
        for factor in one.factors:
            amount *= factor
        total += amount
    return total
