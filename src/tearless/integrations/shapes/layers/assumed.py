"""Where the numbers of a layer that refused its input come from, told from the frames of the error that was raised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import FrameType
from typing import Any

from tearless.core import visible
from tearless.linear_algebra.shapes.failed_layer import origins_of_layer, origins_of_reshape

from .laid_apart import laid_apart, short_parameter, way_round

MOST_FRAMES = 400
_RESHAPE = re.compile(r"shape '\[(-?\d{1,18}), (\d{1,18})\]' is invalid for input of size (\d{1,18})")


def origins_of_error(error: BaseException) -> tuple[str, ...]:
    """Sentences on the two numbers that clashed in a layer; none for other errors. Nothing is run, and nothing raised.

    The layer is the innermost ``nn.Linear`` or recurrent layer in the error's traceback, the model the outermost
    module there; a reshape to two sizes, one of them -1, is told too. The shapes
    are those of the tensors that the frames still hold.
    """
    try:
        frames = [frame for frame, _ in zip(_frames(error), range(MOST_FRAMES), strict=False)]
        told = _told(frames, _RESHAPE.search(str(error))) or laid_apart(frames) or _round(frames, str(error))
        return tuple(map(visible, told))
    except Exception:  # noqa: BLE001 - the reader's error is what counts: where we fail, nothing is said
        return ()


def _round(frames: list[FrameType], message: str) -> tuple[str, ...]:
    """What the innermost module at work says of a sum that does not fit."""
    modules = [_me(one) for one in reversed(frames)]
    ways = (told for one in modules for told in (way_round(one, message), short_parameter(one, message)))
    return next((told for told in ways if told), ())


def _frames(error: BaseException) -> Iterator[FrameType]:
    link = error.__traceback__
    while link is not None:
        yield link.tb_frame
        link = link.tb_next


def _told(frames: list[FrameType], reshape: re.Match[str] | None) -> tuple[str, ...]:
    modules = [frame for frame in frames if hasattr(_me(frame), "_modules")]
    if not modules:
        return ()
    layer, root = _me(modules[-1]), _me(modules[0])
    if reshape is not None:
        first, second, total = map(int, reshape.groups())
        return origins_of_reshape(root, (first, second), total, _given(modules, root))
    shape = _shape(modules[-1].f_locals.get("input"))
    if shape is None:
        return ()
    return origins_of_layer(root, layer, shape, _given(modules, root))


def _me(frame: FrameType) -> Any:
    """What a method is called on: its first argument."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def _given(modules: list[FrameType], root: Any) -> tuple[int, ...] | None:
    """The shape of the model's own input: the first argument of the outermost call, where it is still held."""
    for frame in modules:
        if _me(frame) is not root:
            break
        args = frame.f_locals.get("args")
        value = args[0] if isinstance(args, tuple) and args else None
        shape = _shape(value)
        if shape is not None:
            return shape
    return None


def _shape(value: Any) -> tuple[int, ...] | None:
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(size, int) for size in shape):
        return None
    return tuple(int(size) for size in shape)
