"""Expressions over shapes, read into a tree: Python's operators, calls, indexing and assignment, and nothing else.

Nothing is executed. Depth, length and digits are bounded, so that no text takes long or exhausts the stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tearless.core import InputError, quoted

from .tokens import LARGEST, Token, refusal, tokens

DEEPEST = 40
"""Brackets within brackets."""
HIGHEST = 120
"""Operations that take one another's results within one expression."""
LEVELS: tuple[tuple[str, ...], ...] = (
    ("->",),
    ("<", "<=", ">", ">=", "==", "!="),
    ("|",),
    ("^",),
    ("&",),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "//", "%", "@"),
)
UNARY = len(LEVELS)
POWER = UNARY + 1
_CONSTANTS = {"None": None, "True": True, "False": False}
_STATEMENTS = frozenset([
    "lambda", "if", "else", "for", "while", "import", "from", "def", "class", "return", "yield", "await", "async",
    "with", "try", "raise", "del", "global", "exec", "eval",
])  # fmt: skip

NodeKind = Literal[
    "number", "text", "constant", "name", "tuple", "list", "unary", "binary", "call", "attribute", "index", "slice",
    "star", "keyword",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of an expression, its place in the text, and the parts it is made of.

    ``kind`` is one of ``NodeKind``; ``start`` and ``end`` are its place, ``outer`` that with the brackets around it.
    ``value`` is the number, the text, the name or the operator; ``height`` counts the parts within one another.

    >>> parsed("a(2) + 1")[0].value.value
    '+'
    """

    kind: NodeKind
    start: int
    end: int
    value: Any = None
    parts: tuple[Node | None, ...] = ()
    outer: tuple[int, int] = (-1, -1)
    height: int = field(default=0)

    @property
    def inner(self) -> tuple[Node, ...]:
        """The parts that are there: an end of a slice may be missing."""
        return tuple(part for part in self.parts if part is not None)

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands, brackets and all."""
        return self.outer if self.outer != (-1, -1) else (self.start, self.end)


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One expression of ``parsed``: its value, and the target that takes it; ``op`` is ``=``, ``+=`` ... or empty."""

    value: Node
    target: Node | None = None
    op: str = ""


def parsed(text: str) -> list[Statement]:
    """The statements of an expression, parted by ``;`` or line ends. Raises ``InputError`` with a caret at the place.

    >>> [statement.value.kind for statement in parsed("h = x(2,3) @ w(3,4); h.T")]
    ['binary', 'attribute']
    """
    if not isinstance(text, str):
        got = quoted(repr(text)[:60])
        raise InputError(f'expression: expected a text such as "A(2, 3) @ B(3, 4)", got {got}; give one')
    return _Parser(text).statements()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0

    def statements(self) -> list[Statement]:
        found = []
        while True:
            while self._takes("break"):
                pass
            if self.next.kind == "end":
                break
            found.append(self._statement())
            if self.next.kind not in ("break", "end"):
                raise self._refusal(_after(self.next))
        if not found:
            raise self._refusal('expected an expression such as "A(2, 3) @ B(3, 4)"; write one')
        return found

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def _takes(self, what: str) -> bool:
        """Whether the next token is this sign, or of this kind; then it is taken."""
        token = self.tokens[self.at]
        there = token.kind == what or (token.kind == "sign" and token.text == what)
        self.at += there
        return there

    def _refusal(self, says: str, at: int | None = None) -> InputError:
        return refusal(self.text, self.next.start if at is None else at, says)

    def _statement(self) -> Statement:
        first = self._listed()
        if self.next.text in ("+", "-", "*", "/", "@", "//", "**") and self._peek("="):
            op = self.next.text
            self.at += 2
            return Statement(self._listed(), self._target(first), f"{op}=")
        if self._takes("="):
            value = self._listed()
            if self.next.text == "=":
                raise self._refusal("expected one assignment in a statement; part them by `;`")
            return Statement(value, self._target(first), "=")
        return Statement(first)

    def _peek(self, sign: str) -> bool:
        after = self.tokens[self.at + 1]
        return after.text == sign and after.start == self.next.end

    def _target(self, node: Node) -> Node:
        """What may take a value: a name, an item of an array, or several names."""
        if node.kind in ("tuple", "list"):
            for part in node.inner:
                self._target(part)
        elif node.kind not in ("name", "index", "star"):
            raise self._refusal("expected a name before `=`; write `h = ...`", node.start)
        return node

    def _listed(self) -> Node:
        """An expression, or several parted by commas, which are a tuple."""
        first = self._expression()
        if self.next.text != ",":
            return first
        items = [first]
        while self._takes(",") and self.next.kind != "end" and self.next.text not in ("=", ";", "\n", ")", "]"):
            items.append(self._expression())
        return self._node("tuple", first.place[0], self.tokens[self.at - 1].end, None, items)

    def _expression(self, level: int = 0) -> Node:
        self.depth += 1
        if self.depth > DEEPEST * 2:
            raise self._refusal(f"expected brackets at most {DEEPEST} deep; name parts: `h = ...; ...`")
        if self.next.text == "*" and level == 0:
            start = self.next.start
            self.at += 1
            node = self._node("star", start, self.tokens[self.at].end, None, [self._expression(UNARY - 1)])
        else:
            node = self._operators(level)
        self.depth -= 1
        return node

    def _operators(self, level: int) -> Node:
        """Operators of this level and those that bind closer, from left to right."""
        left = self._unary()
        while (found := self._level()) is not None and found >= level:
            if self._peek("=") and found > 1:
                break
            token = self.next
            self.at += 1
            right = self._operators_above(found)
            left = self._node("binary", left.place[0], right.place[1], token.text, [left, right])
            if found == 1 and self._level() == 1:
                raise self._refusal("expected one comparison at a time; put brackets around one")
        return left

    def _operators_above(self, level: int) -> Node:
        self.depth += 1
        node = self._operators(level + 1)
        self.depth -= 1
        return node

    def _level(self) -> int | None:
        if self.next.kind != "sign":
            return None
        return next((i for i, signs in enumerate(LEVELS) if self.next.text in signs), None)

    def _unary(self) -> Node:
        token = self.next
        if token.kind == "sign" and token.text in ("-", "+", "~"):
            self.at += 1
            self.depth += 1
            if self.depth > DEEPEST * 2:
                raise self._refusal(f"expected at most {DEEPEST} signs in a row; remove some")
            value = self._unary()
            self.depth -= 1
            return self._node("unary", token.start, value.place[1], token.text, [value])
        base = self._postfix()
        if self._power():
            self.at += 1
            self.depth += 1
            if self.depth > DEEPEST * 2:
                raise self._refusal(f"expected at most {DEEPEST} powers of powers; remove some")
            exponent = self._unary()
            self.depth -= 1
            return self._node("binary", base.place[0], exponent.place[1], "**", [base, exponent])
        return base

    def _power(self) -> bool:
        return self.next.text == "**" and self.next.kind == "sign" and not self._peek("=")

    def _postfix(self) -> Node:
        node = self._atom()
        while True:
            if self._takes("("):
                arguments = self._arguments()
                node = self._node("call", node.place[0], self.tokens[self.at - 1].end, None, [node, *arguments])
            elif self._takes("["):
                node = self._index(node)
            elif self._takes("."):
                name = self.next
                if not self._takes("name"):
                    raise self._refusal("expected a name after the dot")
                node = self._node("attribute", node.place[0], name.end, name.text, [node])
            else:
                return node

    def _arguments(self) -> list[Node]:
        found: list[Node] = []
        while not self._takes(")"):
            token = self.next
            if token.kind == "name" and self.tokens[self.at + 1].text == "=":
                self.at += 2
                value = self._expression()
                found.append(self._node("keyword", token.start, value.place[1], token.text, [value]))
            else:
                found.append(self._expression())
            if not self._takes(",") and self.next.text != ")":
                raise self._refusal(_unclosed(self.next, ")"))
        return found

    def _index(self, of: Node) -> Node:
        items: list[Node] = []
        lone = True
        while not self._takes("]"):
            items.append(self._slice())
            if self._takes(","):
                lone = False
            elif self.next.text != "]":
                raise self._refusal(_unclosed(self.next, "]"))
        if not items:
            raise self._refusal("expected an index between the brackets", self.tokens[self.at - 1].start)
        end = self.tokens[self.at - 1].end
        return self._node("index", of.place[0], end, lone and len(items) == 1, [of, *items])

    def _slice(self) -> Node:
        start = self.next.start
        first = None if self.next.text == ":" else self._expression()
        if first is not None and self.next.text != ":":
            return first
        ends: list[Node | None] = [first]
        while len(ends) < 3 and self._takes(":"):
            ends.append(None if self.next.text in (":", ",", "]") else self._expression())
        return self._node("slice", start, self.tokens[self.at - 1].end, None, ends)

    def _atom(self) -> Node:
        token = self.next
        self.at += 1
        match token.kind:
            case "number":
                return Node("number", token.start, token.end, self._number(token))
            case "text":
                return Node("text", token.start, token.end, token.text[1:-1])
            case "name":
                return self._name(token)
            case "sign" if token.text == "...":
                return Node("constant", token.start, token.end, ...)
            case "sign" if token.text in ("(", "["):
                return self._bracketed(token)
        self.at -= 1
        raise self._refusal(f"expected an array, a number or a name, got {_told(token)}")

    def _name(self, token: Token) -> Node:
        if token.text in _STATEMENTS:
            raise self._refusal(f"expected an expression, got `{token.text}`; leave it out", token.start)
        if token.text in _CONSTANTS:
            return Node("constant", token.start, token.end, _CONSTANTS[token.text])
        return Node("name", token.start, token.end, token.text)

    def _number(self, token: Token) -> int | float:
        word = token.text.replace("_", "")
        if not word.isdecimal():
            return float(word)
        if int(word) > LARGEST:
            raise self._refusal("expected a number up to 2^63 - 1; no axis is longer", token.start)
        return int(word)

    def _bracketed(self, token: Token) -> Node:
        close = ")" if token.text == "(" else "]"
        items: list[Node] = []
        comma = False
        while not self._takes(close):
            items.append(self._expression())
            comma = self._takes(",")
            if not comma and self.next.text != close:
                raise self._refusal(_unclosed(self.next, close))
        end = self.tokens[self.at - 1].end
        if close == ")" and len(items) == 1 and not comma:
            inner = items[0]
            return Node(inner.kind, inner.start, inner.end, inner.value, inner.parts, (token.start, end), inner.height)
        return self._node("tuple" if close == ")" else "list", token.start, end, None, items)

    def _node(self, kind: NodeKind, start: int, end: int, value: Any, parts: Sequence[Node | None]) -> Node:
        height = 1 + max((part.height for part in parts if part is not None), default=0)
        if height > HIGHEST:
            says = f"expected at most {HIGHEST} operations within one another; name parts: `h = ...; ...`"
            raise self._refusal(says, max(start, end - 1))
        return Node(kind, start, end, value, tuple(parts), height=height)


def _told(token: Token) -> str:
    return "the end" if token.kind == "end" else "the end of the line" if token.text == "\n" else quoted(token.text)


def _unclosed(token: Token, close: str) -> str:
    return f"expected a comma or `{close}`, got {_told(token)}; is a `{close}` missing?"


def _after(token: Token) -> str:
    if token.text in (")", "]"):
        return f"expected no `{token.text}` here; nothing is open"
    return f"expected an operator or the end, got {_told(token)}; is an operator missing?"
