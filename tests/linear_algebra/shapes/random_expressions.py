"""Random expressions by a seeded grammar, each worked out by the library itself as it is made.

An expression is its text, which the language of shapes reads, and what the library gives of it: small arrays of zeros,
or the error that it raises. PyTorch's device ``meta`` lets some calls through that its CPU refuses, so it is not used.
"""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

SIZES = (1, 2, 3, 4, 6)
LETTERS = "ijklm"


@dataclass
class Made:
    """A text, its value (an array, or several), or the error of the library."""

    text: str
    value: Any
    error: Exception | None = None
    lone: bool = True
    """Whether operators may stand beside it as it is."""

    @property
    def code(self) -> str:
        return self.text if self.lone else f"({self.text})"

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape) if self.error is None and hasattr(self.value, "shape") else (2, 3)


class Grammar:
    """Expressions of one library. ``given`` are the arrays of the expression at hand, by name."""

    def __init__(self, library: str, seed: int) -> None:
        self.library = library
        self.random = random.Random(seed)
        self.given: dict[str, Any] = {}
        self.names = {"np": np, "torch": torch, "F": torch.nn.functional, "nn": torch.nn}
        self.known: set[str] = set()

    def expression(self, depth: int) -> Made:
        """A new expression on arrays of its own."""
        self.given = {}
        return self.made(depth)

    def made(self, depth: int) -> Made:
        if depth <= 0 or self.random.random() < 0.12:
            return self.leaf(self.shape())
        verbs = self.numpy_verbs if self.library == "numpy" else self.torch_verbs
        return self.random.choice(verbs() if self.random.random() < 0.5 else self.both())(depth - 1)

    def shape(self, rank: int | None = None) -> tuple[int, ...]:
        rank = self.random.choice((0, 1, 1, 2, 2, 2, 3, 3, 4)) if rank is None else rank
        empty = self.random.random() < 0.03
        return tuple(0 if empty and self.random.random() < 0.4 else self.random.choice(SIZES) for _ in range(rank))

    def leaf(self, shape: tuple[int, ...], kind: str = "") -> Made:
        name = f"{kind or 'x'}{len(self.given)}"
        value = self.array(shape, kind)
        self.given[name] = value
        inside = ", ".join(map(str, shape)) + (", dtype=bool" if kind == "mask" else "")
        return Made(f"{name}({inside.removeprefix(', ')})", value)

    def array(self, shape: tuple[int, ...], kind: str) -> Any:
        if self.library == "numpy":
            return np.broadcast_to(np.zeros((), {"idx": np.int64, "mask": bool}.get(kind, float)), shape)
        dtype = {"idx": torch.int64, "mask": torch.bool}.get(kind, torch.float32)
        return torch.zeros((), dtype=dtype).expand(shape).contiguous()

    def of(self, text: str, lone: bool = True, **parts: Made) -> Made:
        """An operation on parts: ``{a}`` stands for the code of part ``a``."""
        code = text.format(**{name: part.code for name, part in parts.items()})
        used = {name: part for name, part in parts.items() if f"{{{name}}}" in text}
        failed = next((part.error for part in used.values() if part.error is not None), None)
        if failed is not None:
            return Made(code, None, failed, lone)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code_of_parts = text.format(**{name: name for name in parts})
                values = {name: part.value for name, part in parts.items()}
                value = eval(code_of_parts, self.names, values)  # noqa: S307
        except Exception as error:  # noqa: BLE001 (whatever a library raises, it refuses)
            return Made(code, None, error, lone)
        return Made(code, value, None, lone)

    def near(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that goes with this one entry by entry, more often than not."""
        kept = shape[self.random.randrange(len(shape) + 1) :] if self.random.random() < 0.5 else shape
        out = [1 if self.random.random() < 0.2 else size for size in kept]
        if out and self.random.random() < 0.2:
            out[self.random.randrange(len(out))] = self.random.choice(SIZES)
        return tuple(out)

    def axis(self, rank: int) -> int:
        if self.random.random() < 0.1 or rank == 0:
            return self.random.randint(-4, 4)
        return self.random.randrange(-rank, rank)

    def word(self) -> str:
        return "axis" if self.library == "numpy" else "dim"

    def keep(self) -> str:
        word = "keepdims" if self.library == "numpy" else "keepdim"
        return self.random.choice(("", f", {word}=True", f", {word}=False"))

    def both(self) -> list[Any]:
        return [self.sum_of_two, self.sum_of_two, self.product, self.product, self.reduced, self.reduced, self.reshaped,
                self.reshaped, self.turned, self.swapped, self.joined, self.stacked, self.indexed, self.indexed,
                self.einsum, self.squeezed, self.chosen, self.compared, self.entries, self.stretched, self.rolled,
                self.diagonals]  # fmt: skip

    def sum_of_two(self, depth: int) -> Made:
        a = self.made(depth)
        b = self.leaf(self.near(a.shape)) if self.random.random() < 0.8 else self.made(depth)
        a, b = (b, a) if self.random.random() < 0.3 else (a, b)
        sign = self.random.choice(("+", "-", "*", "/", "**"))
        return self.of(f"{{a}} {sign} {{b}}", False, a=a, b=b)

    def compared(self, depth: int) -> Made:
        a = self.made(depth)
        sign = self.random.choice(("<", ">=", "=="))
        return self.of(f"({{a}} {sign} {{b}}) * 1.0", False, a=a, b=self.leaf(self.near(a.shape)))

    def entries(self, depth: int) -> Made:
        module = "np" if self.library == "numpy" else "torch"
        verb = self.random.choice(("exp", "abs", "tanh", "sqrt"))
        return self.of(self.random.choice((f"{module}.{verb}({{a}})", "-{a}")), False, a=self.made(depth))

    def product(self, depth: int) -> Made:
        a = self.made(depth)
        shape = a.shape
        rank = self.random.choice((1, 2, 2, 2, 3))
        other = list(self.shape(rank))
        if shape and self.random.random() < 0.8:
            other[max(0, rank - 2)] = shape[-1]
            if rank == 3 and len(shape) == 3 and self.random.random() < 0.8:
                other[0] = self.random.choice((shape[0], 1))
        b = self.leaf(tuple(other))
        verbs = ["{a} @ {b}", "{a} @ {b}"]
        if self.library == "numpy":
            verbs += ["np.dot({a}, {b})", "np.matmul({a}, {b})", "np.inner({a}, {b})", "np.outer({a}, {b})",
                      f"np.tensordot({{a}}, {{b}}, axes={self.random.randint(0, 2)})", "np.kron({a}, {b})"]  # fmt: skip
        else:
            verbs += ["torch.mm({a}, {b})", "torch.bmm({a}, {b})", "torch.mv({a}, {b})", "torch.matmul({a}, {b})",
                      "torch.outer({a}, {b})", "torch.inner({a}, {b})", "torch.dot({a}, {b})"]  # fmt: skip
        verb = self.random.choice(verbs)
        return self.of(verb, "@" not in verb, a=a, b=b)

    def reduced(self, depth: int) -> Made:
        """Of PyTorch as floats again: what takes which type is the affair of other tests."""
        made = self.lost(depth)
        return self.of("{a} * 1.0", False, a=made) if "arg" in made.text or "any" in made.text else made

    def lost(self, depth: int) -> Made:
        a = self.made(depth)
        verbs = ["sum", "mean", "max", "argmax", "prod", "std", "any"]
        verb = self.random.choice(
            verbs if self.library == "numpy" else ["sum", "mean", "amax", "argmax", "prod", "std"]
        )
        way = self.random.random()
        if way < 0.15:
            return self.of(f"{{a}}.{verb}()", a=a)
        if way < 0.3 and verb in ("sum", "mean", "amax", "std"):
            axes = tuple(self.axis(len(a.shape)) for _ in range(2))
            return self.of(f"{{a}}.{verb}({self.word()}={axes}{self.keep()})", a=a)
        module = "np" if self.library == "numpy" else "torch"
        axis = self.axis(len(a.shape))
        if way < 0.6:
            return self.of(f"{module}.{verb}({{a}}, {self.word()}={axis}{self.keep()})", a=a)
        return self.of(f"{{a}}.{verb}({axis})", a=a)

    def reshaped(self, depth: int) -> Made:
        a = self.made(depth)
        total = int(np.prod(a.shape, dtype=int))
        sizes: list[int] = []
        rest = total
        for _ in range(self.random.randint(0, 3)):
            fitting = [n for n in (1, 2, 3, 4, 6) if rest and rest % n == 0] or [1]
            sizes.append(self.random.choice(fitting) if self.random.random() < 0.93 else self.random.choice((0, 5, 7)))
            rest = rest // max(1, sizes[-1])
        sizes.append(self.random.choice((rest, -1, -1)))
        self.random.shuffle(sizes)
        if self.random.random() < 0.05:
            sizes.append(-1)
        listed = ", ".join(map(str, sizes))
        module = "np" if self.library == "numpy" else "torch"
        if self.library == "torch" and self.random.random() < 0.2:
            return self.of(f"{{a}}.view({listed})", a=self.turned(0))
        return self.of(self.random.choice((f"{{a}}.reshape({listed})", f"{module}.reshape({{a}}, ({listed},))")), a=a)

    def turned(self, depth: int) -> Made:
        a = self.made(depth)
        rank = len(a.shape)
        axes = list(range(rank)) if self.random.random() < 0.9 else list(range(self.random.randint(1, 4)))
        self.random.shuffle(axes)
        axes = [axis - rank if self.random.random() < 0.2 else axis for axis in axes]
        way = self.random.random()
        if way < 0.2 and (self.library == "numpy" or rank == 2):
            return self.of("{a}.T", a=a)
        if way < 0.3:
            return self.of("{a}.mT", a=a)
        if self.library == "numpy":
            listed = ", ".join(map(str, axes))
            return self.of(f"{{a}}.transpose({listed})" if way < 0.7 else f"np.transpose({{a}}, ({listed},))" if axes
                           else "{a}.transpose()", a=a)  # fmt: skip
        return self.of(
            f"{{a}}.permute({tuple(axes)})" if way < 0.7 or not axes else f"torch.permute({{a}}, {axes})", a=a
        )

    def swapped(self, depth: int) -> Made:
        a = self.made(depth)
        one, two = self.axis(len(a.shape)), self.axis(len(a.shape))
        if self.library == "torch" and self.random.random() < 0.6:
            return self.of(f"{{a}}.transpose({one}, {two})", a=a)
        if self.random.random() < 0.3:
            verb = "np.moveaxis" if self.library == "numpy" else "torch.movedim"
            return self.of(f"{verb}({{a}}, {one}, {two})", a=a)
        return self.of(f"{{a}}.swapaxes({one}, {two})", a=a)

    def joined(self, depth: int) -> Made:
        a = self.made(depth)
        axis = self.axis(len(a.shape))
        other = list(a.shape)
        if other and self.random.random() < 0.9:
            other[axis % len(other)] = self.random.choice(SIZES)
        if self.random.random() < 0.1:
            other = list(self.shape())
        verb = "np.concatenate" if self.library == "numpy" else "torch.cat"
        if self.random.random() < 0.3:
            verb = self.random.choice(("vstack", "hstack", "dstack", "column_stack"))
            return self.of(
                f"{'np' if self.library == 'numpy' else 'torch'}.{verb}(({{a}}, {{b}}))", a=a, b=self.leaf(tuple(other))
            )
        return self.of(f"{verb}([{{a}}, {{b}}], {self.word()}={axis})", a=a, b=self.leaf(tuple(other)))

    def stacked(self, depth: int) -> Made:
        a = self.made(depth)
        other = a.shape if self.random.random() < 0.8 else self.shape()
        verb = "np.stack" if self.library == "numpy" else "torch.stack"
        axis = self.axis(len(a.shape) + 1)
        return self.of(f"{verb}(({{a}}, {{b}}), {self.word()}={axis})", a=a, b=self.leaf(other))

    def indexed(self, depth: int) -> Made:
        a = self.made(depth)
        parts: dict[str, Made] = {"a": a}
        key = []
        dots = False
        for _ in range(self.random.randint(1, 3)):
            way = self.random.random()
            if way < 0.3:
                key.append(str(self.random.randint(-3, 2)))
            elif way < 0.6:
                ends = [self.random.choice(("", str(self.random.randint(-4, 4)))) for _ in range(2)]
                step = self.random.choice(("", "", ":2", ":1"))
                key.append(f"{ends[0]}:{ends[1]}{step}")
            elif way < 0.72:
                key.append("None")
            elif way < 0.82 and not dots:
                key.append("...")
                dots = True
            elif 0 in a.shape:  # whether an index is there, its values say
                continue
            elif way < 0.92:
                name = f"i{len(parts)}"
                parts[name] = self.leaf(self.random.choice(((2,), (3,), (2, 1), (2, 3))), "idx")
                key.append(f"{{{name}}}")
            else:
                key.append("[0, 0]")
        return self.of(f"{{a}}[{', '.join(key) or '...'}]", **parts)

    def einsum(self, depth: int) -> Made:
        a = self.made(depth)
        if len(a.shape) > 4:
            return a
        letters = self.random.sample(LETTERS, len(a.shape))
        sizes = dict(zip(letters, a.shape, strict=True))
        others = [letter for letter in LETTERS if self.random.random() < 0.4][:3]
        shape = tuple(sizes.get(x, self.random.choice(SIZES)) if self.random.random() < 0.93 else 5 for x in others)
        every = [x for x in LETTERS if x in letters or x in others]
        out = [x for x in every if self.random.random() < 0.6]
        equation = f"{''.join(letters)},{''.join(others)}"
        equation += f"->{''.join(out)}" if self.random.random() < 0.8 else ""
        module = "np" if self.library == "numpy" else "torch"
        return self.of(f'{module}.einsum("{equation}", {{a}}, {{b}})', a=a, b=self.leaf(shape))

    def squeezed(self, depth: int) -> Made:
        a = self.made(depth)
        axis = self.axis(len(a.shape) + 1)
        new = f"np.expand_dims({{a}}, {axis})" if self.library == "numpy" else f"{{a}}.unsqueeze({axis})"
        return self.of(self.random.choice((new, new, f"{{a}}.squeeze({axis})", "{a}.squeeze()")), a=a)

    def chosen(self, depth: int) -> Made:
        a = self.made(depth)
        module = "np" if self.library == "numpy" else "torch"
        b, c = self.leaf(self.near(a.shape)), self.leaf(self.near(a.shape), "mask")
        verb = self.random.choice(("where({c}, {a}, {b})", "where({a} > 0, {a}, {b})", "maximum({a}, {b})"))
        return self.of(f"{module}.{verb}", a=a, b=b, c=c)

    def stretched(self, depth: int) -> Made:
        a = self.made(depth)
        shape = [self.random.choice(SIZES) if size == 1 or self.random.random() < 0.05 else size for size in a.shape]
        shape = [self.random.choice(SIZES)] * (self.random.random() < 0.5) + shape
        if self.library == "numpy":
            return self.of(f"np.broadcast_to({{a}}, {tuple(shape)})", a=a)
        shape = [-1 if self.random.random() < 0.2 else size for size in shape]
        return self.of(f"{{a}}.expand({', '.join(map(str, shape)) or '()'})", a=a)

    def rolled(self, depth: int) -> Made:
        a = self.made(depth)
        axis = self.axis(len(a.shape))
        if self.library == "numpy":
            verbs = [f"np.roll({{a}}, 2, axis={axis})", f"np.flip({{a}}, axis={axis})",
                     f"np.cumsum({{a}}, axis={axis})",
                     f"np.sort({{a}}, axis={axis})", f"np.repeat({{a}}, 2, axis={axis})", "np.tile({a}, (2, 1))",
                     "np.cumsum({a})", "np.pad({a}, 1)", "np.tile({a}, 3)", f"np.diff({{a}}, axis={axis})"]  # fmt: skip
        else:
            verbs = [f"torch.roll({{a}}, 2, dims={axis})", f"torch.flip({{a}}, ({axis},))", f"{{a}}.cumsum({axis})",
                     f"torch.softmax({{a}}, dim={axis})", f"F.log_softmax({{a}}, dim={axis})", "{a}.repeat(2, 1)",
                     "{a}.repeat(2, 1, 3)", f"{{a}}.repeat_interleave(2, dim={axis})", "F.pad({a}, (1, 2))",
                     "torch.tile({a}, (2, 1))", f"{{a}}.sort(dim={axis})[0]"]  # fmt: skip
        return self.of(self.random.choice(verbs), a=a)

    def diagonals(self, depth: int) -> Made:
        a = self.made(depth)
        module = "np" if self.library == "numpy" else "torch"
        verbs = [f"{module}.diagonal({{a}})", f"{module}.trace({{a}})", f"{module}.diag({{a}})",
                 f"{module}.triu({{a}})",
                 f"{module}.diagonal({{a}}, {self.random.randint(-2, 2)})"]  # fmt: skip
        return self.of(self.random.choice(verbs), a=a)

    def numpy_verbs(self) -> list[Any]:
        return [self.pieces, self.taken, self.plain]

    def torch_verbs(self) -> list[Any]:
        return [self.pieces, self.flattened, self.layer, self.layer, self.gathered, self.pooled, self.normed]

    def pieces(self, depth: int) -> Made:
        a = self.made(depth)
        axis, n = self.axis(len(a.shape)), self.random.choice((1, 2, 3))
        if self.library == "numpy":
            verbs = [f"np.split({{a}}, {n}, axis={axis})", f"np.array_split({{a}}, {n}, axis={axis})",
                     f"np.split({{a}}, [1, 2], axis={axis})"]  # fmt: skip
        else:
            verbs = [f"{{a}}.chunk({n}, dim={axis})", f"{{a}}.split({n}, dim={axis})", f"{{a}}.unbind({axis})",
                     f"torch.split({{a}}, [1, {n}], dim={axis})", f"{{a}}.max(dim={axis})",
                     f"torch.topk({{a}}, {n}, dim={axis})"]  # fmt: skip
        verb = self.random.choice(verbs)
        which = 0 if "max" in verb or "topk" in verb else self.random.choice((0, 0, -1))
        return self.of(f"{verb}[{which}]", a=a)

    def taken(self, depth: int) -> Made:
        a = self.made(depth)
        if 0 in a.shape:
            return a
        axis = self.axis(len(a.shape))
        i = self.leaf(self.random.choice(((2,), (3, 2), ())), "idx")
        return self.of(f"np.take({{a}}, {{i}}, axis={axis})", a=a, i=i)

    def plain(self, depth: int) -> Made:
        verbs = ["{a}.ravel()", "{a}.flatten()", "np.atleast_2d({a})", "np.median({a}, axis=-1)", "np.ptp({a}, axis=0)",
                 "np.clip({a}, 0, 1)", "np.squeeze({a})", "np.linalg.norm({a}, axis=-1)"]  # fmt: skip
        return self.of(self.random.choice(verbs), a=self.made(depth))

    def flattened(self, depth: int) -> Made:
        a = self.made(depth)
        start, end = self.axis(len(a.shape)), self.axis(len(a.shape))
        verbs = ["{a}.flatten()", f"{{a}}.flatten({start})", f"torch.flatten({{a}}, {start}, {end})",
                 "nn.Flatten()({a})",
                 f"{{a}}.unflatten({start}, (2, -1))", "{a}.t()"]  # fmt: skip
        return self.of(self.random.choice(verbs), a=a)

    def layer(self, depth: int) -> Made:
        a = self.made(depth)
        if 0 in a.shape:  # without channels a convolution gives what no rule of windows does
            return a
        wide = a.shape[-1] if a.shape and self.random.random() < 0.8 else 3
        if self.random.random() < 0.4:
            channels = a.shape[-3] if len(a.shape) > 2 and self.random.random() < 0.8 else 2
            kernel, pad, stride = (self.random.choice(options) for options in ((1, 2, 3), (0, 1), (1, 2)))
            settings = f"stride={stride}, padding={pad}"
            w = self.leaf((4, channels, kernel, kernel))
            return self.of(f"F.conv2d({{a}}, {{w}}, {settings})", a=a, w=w)
        w, b = self.leaf((5, wide)), self.leaf((5,))
        return self.of(self.random.choice(("F.linear({a}, {w})", "F.linear({a}, {w}, {b})")), a=a, w=w, b=b)

    def pooled(self, depth: int) -> Made:
        a = self.made(depth)
        verbs = ["F.max_pool2d({a}, 2)", "F.avg_pool2d({a}, 2, stride=1)", "F.adaptive_avg_pool2d({a}, (2, 1))",
                 "F.avg_pool1d({a}, 2)", "F.max_pool2d({a}, 3, padding=1)", "F.interpolate({a}, scale_factor=2)",
                 "F.glu({a}, dim=-1)"]  # fmt: skip
        return self.of(self.random.choice(verbs), a=a)

    def normed(self, depth: int) -> Made:
        a = self.made(depth)
        last = a.shape[-1] if a.shape and self.random.random() < 0.8 else 3
        b = self.leaf(self.near(a.shape))
        verbs = [f"F.layer_norm({{a}}, ({last},))", "F.group_norm({a}, 2)", "F.cosine_similarity({a}, {b}, dim=-1)",
                 "torch.cdist({a}, {b})", "torch.lerp({a}, {b}, 0.5)"]  # fmt: skip
        return self.of(self.random.choice(verbs), a=a, b=b)

    def gathered(self, depth: int) -> Made:
        a = self.made(depth)
        if 0 in a.shape:  # whether an index of 0 is there, its values say
            return a
        axis = self.axis(len(a.shape))
        i = self.leaf(self.near(a.shape) if self.random.random() < 0.5 else (2,), "idx")
        verbs = [f"torch.gather({{a}}, {axis}, {{i}})", f"torch.index_select({{a}}, {axis}, {{i}})",
                 "F.embedding({i}, {w})"]  # fmt: skip
        return self.of(self.random.choice(verbs), a=a, i=i, w=self.leaf((4, 3)))
