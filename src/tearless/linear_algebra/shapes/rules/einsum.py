"""``einsum``: a letter for each axis; what is not named in the result is summed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations

from tearless.linear_algebra.shapes.moves import FEW_AXES, Move, cut, squeezed, transposed, widened
from tearless.linear_algebra.shapes.operation import Clash, Operation, Repair
from tearless.linear_algebra.shapes.repairs import MOST_OPERANDS, Change, Code, every_move, on_settings, ranked
from tearless.linear_algebra.shapes.size import Shape, Size

from .broadcasting import broadcast_of, meets
from .letters import DOTS, Letters, Unreadable, count, laid_out, read
from .registry import rule

LAW = "a letter stands for one size wherever it stands, and an operand has one letter for each of its axes"


@rule
def einsum(operation: Operation) -> tuple[Shape, ...]:
    """``np.einsum(equation, a, b ...)``; setting ``equation``: ``ij,jk->ik`` of (n, k) and (k, m) gives (n, m)."""
    letters = _read(operation)
    sizes: dict[str, list[tuple[int, int, Size]]] = {}
    dotted: list[Shape] = []
    for i, (text, one) in enumerate(zip(letters.operands, operation.operands, strict=True)):
        _letters_fit(operation, i, text)
        axes = laid_out(text, len(one.shape))
        dotted.append(tuple(size for letter, size in zip(axes, one.shape, strict=True) if not letter))
        for axis, letter in enumerate(axes):
            if letter:
                sizes.setdefault(letter, []).append((i, axis, one.shape[axis]))
    known = {letter: _one_size(operation, letter, there) for letter, there in sizes.items()}
    about = "the axes under '...'"
    stack = broadcast_of(operation.operands, dotted, about, lambda: einsum_repairs(operation))
    if DOTS in letters.result:
        before, after = letters.result.split(DOTS)
        return ((*(known[letter] for letter in before), *stack, *(known[letter] for letter in after)),)
    if stack and operation.library == "numpy":
        raise _clash(operation, "the result has no '...', the operands have axes under it")
    return (tuple(known[letter] for letter in letters.result),)


def _read(operation: Operation) -> Letters:
    equation = str(operation.settings["equation"])
    try:
        letters = read(equation)
    except Unreadable as why:
        raise _clash(operation, f"'{equation}': {why}") from None
    if len(letters.operands) != len(operation.operands):
        has = len(operation.operands)
        raise _clash(operation, f"'{equation}' speaks of {len(letters.operands)} operands; given: {has}")
    return letters


def _clash(operation: Operation, says: str, *marks: tuple[int, int]) -> Clash:
    return Clash(says, LAW, marks, lambda: einsum_repairs(operation))


def _letters_fit(operation: Operation, i: int, text: str) -> None:
    rank = len(operation.operands[i].shape)
    if rank == count(text) or (rank > count(text) and DOTS in text):
        return
    marks = [(i, axis) for axis in range(rank)]
    has = f"{operation.operands[i]} has {rank} {'axis' if rank == 1 else 'axes'}"
    raise _clash(operation, f"{has}, '{text}' names {count(text)}", *marks)


def _one_size(operation: Operation, letter: str, there: list[tuple[int, int, Size]]) -> Size:
    size = meets([size for _, _, size in there])
    by_operand: dict[int, set[Size]] = {}
    for i, _, own in there:
        by_operand.setdefault(i, set()).add(own)
    if size is not None and all(len(own) == 1 for own in by_operand.values()):
        return size
    kept = [one for one in there if size is None and one[2] != 1] or there
    has = " and ".join(f"{size} on axis {axis} of {operation.operands[i]}" for i, axis, size in kept)
    raise _clash(operation, f"'{letter}' is {has}", *((i, axis) for i, axis, _ in kept))


def einsum_repairs(operation: Operation) -> list[Repair]:
    """The letters of an operand in another order, one more or one less; or the operand turned."""

    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        yield from (replace(move, price=move.price + 0.5) for move in transposed(one))
        yield from squeezed(one)
        yield from (replace(move, price=move.price + 0.5) for move in widened(one, len(one.shape) + 1))
        for other in operation.operands[:MOST_OPERANDS]:
            for size in other.shape:
                for axis in range(len(one.shape)):
                    if isinstance(size, int):
                        yield from cut(one, axis, size)

    def changes() -> Iterator[Change]:
        for price, because, equation in _equations(operation):
            code = Code(f'"{equation}"', equation)
            yield on_settings(operation, because, price, equation=code)
        yield from every_move(operation, moves)

    return ranked(operation, changes())


def _equations(operation: Operation) -> Iterator[tuple[float, str, str]]:
    """Equations near the one that is there, with a price and a reason each."""
    equation = "".join(str(operation.settings["equation"]).split())
    left, arrow, right = equation.partition("->")
    texts = left.split(",")
    if len(texts) != len(operation.operands) or len(texts) > FEW_AXES:
        return
    for number, (one, text) in enumerate(zip(operation.operands, texts, strict=True)):
        late = 0.1 * (len(texts) - 1 - number)
        for price, because, new in _texts(text, len(one.shape), "".join(texts)):
            changed = ",".join([*texts[:number], new, *texts[number + 1 :]])
            yield price + late, because.format(name=one.name), f"{changed}{arrow}{right}"
    yield from ((1.1, because, f"{new}{arrow}{right}") for because, new in _swapped(operation, texts))
    if arrow:
        yield from ((price, because, f"{left}->{new}") for price, because, new in _results(left, right))
    if DOTS not in left:
        dotted = ",".join(DOTS + text for text in texts)
        yield 1.6, "all axes before the last are meant one by one", f"{dotted}{arrow}{DOTS if arrow else ''}{right}"


def _swapped(operation: Operation, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Two letters changed over in every operand at once: all of them are laid out in the other order."""
    if len(texts) < 2 or any(DOTS in text or len(text) > FEW_AXES for text in texts):
        return
    if len({len(text) for text in texts}) > 1 or any(
        len(t) != len(s) for t, s in zip(texts, operation.shapes, strict=True)
    ):
        return
    for one, other in combinations(range(len(texts[0])), 2):
        new = []
        for text in texts:
            letters = list(text)
            letters[one], letters[other] = letters[other], letters[one]
            new.append("".join(letters))
        yield f"axes {one} and {other} of every operand stand in this order", ",".join(new)


def _texts(text: str, rank: int, every: str) -> Iterator[tuple[float, str, str]]:
    """Other letters for one operand."""
    if DOTS in text or len(text) > FEW_AXES:
        return
    if len(text) == rank:
        for order in sorted(set(permutations(text))):
            moved = sum(a != b for a, b in zip(text, order, strict=True))
            if moved:
                yield 0.8 + 0.1 * moved, "the axes of {name} stand in this order", "".join(order)
    if len(text) == rank + 1:
        for at, letter in enumerate(text):
            because = f"{{name}} has no axis '{letter}': it is the same for all"
            yield 1.0 + 0.05 * at, because, text[:at] + text[at + 1 :]
    if len(text) == rank - 1:
        yield 1.2, "{name} has more axes before these", DOTS + text
        for letter in sorted(set(every.replace(".", "")) - set(text)):
            for at in range(len(text) + 1):
                yield 1.1 + 0.05 * at, f"{{name}} has the axis '{letter}' too", text[:at] + letter + text[at:]


def _results(left: str, right: str) -> Iterator[tuple[float, str, str]]:
    """Other letters for the result: without one that no operand has, without one named twice, with the dots."""
    there = left.replace(".", "").replace(",", "")
    known = "".join(letter for at, letter in enumerate(right) if letter == "." or letter in there)
    free = [letter for letter in dict.fromkeys(there) if letter not in right and there.count(letter) == 1]
    for letter in dict.fromkeys(right):
        if letter not in there and letter.isalpha():
            for new in free:
                yield 0.9, f"'{new}' is meant, not '{letter}'", right.replace(letter, new)
    if known != right:
        yield 1.2, "no operand has the other letters", known
    once = "".join(letter for at, letter in enumerate(right) if letter == "." or letter not in right[:at])
    if once != right:
        yield 1.0, "each letter is named once", once
    if DOTS in left and DOTS not in right:
        yield 0.9, "the axes under '...' stay", DOTS + right
