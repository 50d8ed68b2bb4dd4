"""Windows that slide along axes: how many places they have, for convolutions, pools and unfolding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tearless.linear_algebra.shapes.operation import Clash, Operand
from tearless.linear_algebra.shapes.size import Named, Size

from .asked import Repairs, below

LAW = "along each axis a window of kernel numbers, spread by dilation, must fit into the input and its padding"


@dataclass(frozen=True, slots=True)
class Window:
    """A window along one axis. ``before`` and ``after`` are the padding on the two sides."""

    kernel: Size
    stride: int = 1
    before: Size = 0
    after: Size = 0
    dilation: int = 1

    @property
    def reach(self) -> Size:
        """From its first number to its last."""
        return self.dilation * (self.kernel - 1) + 1

    def places(self, size: Size, ceil: bool = False) -> Size:
        """How many places it has along an axis of this size; with ``ceil`` a last one may hang over the end.

        >>> Window(3, 2, 1, 1).places(28), Window(2, 2).places(7), Window(2, 2).places(7, ceil=True)
        (14, 3, 4)
        """
        room = size + self.before + self.after - self.reach
        if not ceil:
            return room // self.stride + 1
        count = (room + self.stride - 1) // self.stride + 1
        if isinstance(count, Named) or isinstance(size, Named) or isinstance(self.before, Named):
            return count
        return count - 1 if (count - 1) * self.stride >= size + self.before else count


def fits(x: Operand, axis: int, window: Window, out: Size, repairs: Repairs) -> None:
    """Raise ``Clash`` where a window has no place along an axis."""
    if below(out, 1):
        padded = window.before + window.after
        pad = f" and {padded} of padding" if padded else ""
        kernel = f" (kernel {window.kernel}, dilation {window.dilation})" if window.dilation != 1 else ""
        says = f"{x} has {x.shape[axis]} on axis {axis}{pad}, the window reaches over {window.reach}{kernel}"
        raise Clash(f"{says}: it does not fit", LAW, ((0, axis),), repairs)


def first_short(sizes: Sequence[Size], windows: Sequence[Window]) -> Size | None:
    """The least padding on each side with which every window fits; ``None`` where a size is not known."""
    needed = [window.reach - size for size, window in zip(sizes, windows, strict=True)]
    if any(isinstance(one, Named) for one in needed):
        return None
    return max((one + 1) // 2 for one in needed if isinstance(one, int))
