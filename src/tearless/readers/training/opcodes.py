"""A pickle read as data: its opcodes build numbers, texts, lists, dicts and descriptions of tensors, and call nothing.

Python's own unpickler imports what a file names and calls it; a file can so run any program. Here a name is looked up
in the table of its reader and nowhere else: one that is not in it ends the reading with ``Refused``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

MOST_OBJECTS = 20_000_000
_LONGEST = 40


class Refused(Exception):
    """The file names something that it would call, and that is not known to be harmless."""


class Broken(ValueError):
    """The bytes are no pickle."""


class Odd:
    """Something that is neither a tensor nor plain: kept for its place, never looked into."""

    def __init__(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.arguments = arguments
        self.state: Any = None


Builder = Callable[..., Any]
_MARK = object()


class Reading:
    """One pickle, read once.

    ``names`` gives for each ``module name`` what builds its description of plain arguments; ``persistent`` describes
    what the file keeps outside the pickle (the storages of tensors).

    >>> Reading(b"\\x80\\x02]q\\x00(K\\x01K\\x02e.", {}).value()
    [1, 2]
    >>> Reading(b"cos\\nsystem\\n(X\\x02\\x00\\x00\\x00lstR.", {}).value()
    Traceback (most recent call last):
    ...
    tearless.readers.training.opcodes.Refused: os.system
    """

    def __init__(
        self, data: bytes, names: Mapping[str, Builder], persistent: Callable[[Any], Any] | None = None
    ) -> None:
        self._data = data
        self._at = 0
        self._names = names
        self._known = {id(builder) for builder in names.values()}
        self._persistent = persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def value(self) -> Any:
        """What the pickle describes. Raises ``Refused`` and ``Broken``."""
        try:
            for _ in range(MOST_OBJECTS):
                code = self._take(1)
                if code == b".":
                    return self._pop()
                self._do(code)
        except Refused:
            raise
        except Broken:
            raise
        except (IndexError, KeyError, TypeError, ValueError, struct.error, AttributeError, OverflowError):
            raise Broken("the parts of its pickle do not fit together") from None
        raise Broken("it does not end")

    def _do(self, code: bytes) -> None:
        if code in _CONSTANTS:
            self._push(_CONSTANTS[code])
            return
        if code in _EMPTY or code in _SIMPLE:
            self._push(_EMPTY[code]() if code in _EMPTY else _SIMPLE[code](self))
            return
        action = _ACTIONS.get(code)
        if action is None:
            raise Broken(f"an unknown opcode, {code[0]:#04x}")
        action(self)

    def _take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._data):
            raise Broken("it is cut short")
        self._at += count
        return self._data[self._at - count : self._at]

    def _line(self) -> str:
        end = self._data.index(b"\n", self._at)
        text = self._data[self._at : end].decode("utf-8")
        self._at = end + 1
        return text

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if self._stack[-1] is _MARK:
            raise Broken("a value is missing")
        return self._stack.pop()

    def _marked(self) -> list[Any]:
        """The values above the last mark, which goes with them."""
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise Broken("a mark is missing")
        found = self._stack[at + 1 :]
        del self._stack[at:]
        return found

    def _remember(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def _named(self, module: str, name: str) -> None:
        found = self._names.get(f"{module} {name}")
        if found is None:
            raise Refused(f"{module}.{name}")
        self._push(found)

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise Broken("a name that is no text")
        self._named(module, name)

    def _call(self) -> None:
        """What ``REDUCE`` and ``NEWOBJ`` ask for: a builder of the table, and no other callable, gets the arguments."""
        arguments, builder = self._pop(), self._pop()
        if not isinstance(arguments, tuple) or id(builder) not in self._known:
            raise Refused(f"a call of {type(builder).__name__}")
        self._push(builder(*arguments))

    def _build(self) -> None:
        """State that an object is given: of ordered dicts and parameters it tells nothing about the numbers."""
        state = self._pop()
        if not self._stack:
            raise Broken("a state without its object")
        if isinstance(self._stack[-1], Odd):
            self._stack[-1].state = state

    def _made(self, builder: Any, arguments: list[Any]) -> None:
        """What ``OBJ`` and ``INST`` ask for: the same as a call."""
        self._push(builder)
        self._push(tuple(arguments))
        self._call()

    def _instance(self) -> None:
        self._named(self._line(), self._line())
        self._made(self._pop(), self._marked())

    def _object(self) -> None:
        builder, *arguments = self._marked()
        self._made(builder, arguments)

    def _append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Odd):
            raise Broken("values for something that is no list")

    def _set(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, Odd):
            return
        if not isinstance(target, dict) or len(values) % 2:
            raise Broken("items for something that is no dict")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[key if isinstance(key, (str, int, float, bytes, type(None))) else Odd("key")] = value

    def _dict(self) -> dict[Any, Any]:
        values = self._marked()
        self._push({})
        self._set(values)
        made: dict[Any, Any] = self._pop()
        return made

    def _persist(self) -> None:
        if self._persistent is None:
            raise Broken("it keeps values elsewhere")
        self._push(self._persistent(self._pop()))


def _text(length: str) -> Callable[[Reading], str]:
    return lambda r: r._take(r._number(length)).decode("utf-8", "surrogatepass")


def _bytes(length: str) -> Callable[[Reading], bytes]:
    return lambda r: r._take(r._number(length))


def _whole(length: str) -> Callable[[Reading], int]:
    return lambda r: int.from_bytes(r._take(r._number(length)), "little", signed=True)


def _tuple_of(count: int) -> Callable[[Reading], tuple[Any, ...]]:
    return lambda r: tuple([r._pop() for _ in range(count)][::-1])


_CONSTANTS: Mapping[bytes, Any] = {b"N": None, b"\x88": True, b"\x89": False, b")": (), b"(": _MARK}
_EMPTY: Mapping[bytes, Callable[[], Any]] = {b"]": list, b"}": dict, b"\x8f": lambda: Odd("set")}
_SIMPLE: Mapping[bytes, Callable[[Reading], Any]] = {
    b"I": lambda r: int(r._line()[:_LONGEST]),
    b"L": lambda r: int(r._line()[:_LONGEST].rstrip("L")),
    b"F": lambda r: float(r._line()),
    b"S": lambda r: r._line(),
    b"V": lambda r: r._line(),
    b"K": lambda r: r._number("<B"),
    b"M": lambda r: r._number("<H"),
    b"J": lambda r: r._number("<i"),
    b"G": lambda r: r._number(">d"),
    b"\x8a": _whole("<B"),
    b"\x8b": _whole("<I"),
    b"X": _text("<I"),
    b"\x8c": _text("<B"),
    b"\x8d": _text("<Q"),
    b"U": _text("<B"),
    b"T": _text("<I"),
    b"C": _bytes("<B"),
    b"B": _bytes("<I"),
    b"\x8e": _bytes("<Q"),
    b"\x96": _bytes("<Q"),
    b"l": lambda r: r._marked(),
    b"t": lambda r: tuple(r._marked()),
    b"d": lambda r: r._dict(),
    b"g": lambda r: r._memo[int(r._line()[:_LONGEST])],
    b"\x91": lambda r: (r._marked(), Odd("frozenset"))[1],
    b"\x85": _tuple_of(1),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"h": lambda r: r._memo[r._number("<B")],
    b"j": lambda r: r._memo[r._number("<I")],
}
_ACTIONS: Mapping[bytes, Callable[[Reading], Any]] = {
    b"\x80": lambda r: r._take(1),
    b"\x95": lambda r: r._take(8),
    b"q": lambda r: r._remember(r._number("<B")),
    b"r": lambda r: r._remember(r._number("<I")),
    b"p": lambda r: r._remember(int(r._line()[:_LONGEST])),
    b"\x94": lambda r: r._remember(len(r._memo)),
    b"c": lambda r: r._named(r._line(), r._line()),
    b"\x93": lambda r: r._stack_global(),
    b"i": lambda r: r._instance(),
    b"o": lambda r: r._object(),
    b"R": lambda r: r._call(),
    b"\x81": lambda r: r._call(),
    b"b": lambda r: r._build(),
    b"a": lambda r: r._append([r._pop()]),
    b"e": lambda r: r._append(r._marked()),
    b"\x90": lambda r: (r._marked(), None)[1],
    b"s": lambda r: r._set([r._pop(), r._pop()][::-1]),
    b"u": lambda r: r._set(r._marked()),
    b"Q": lambda r: r._persist(),
    b"0": lambda r: r._pop(),
}
