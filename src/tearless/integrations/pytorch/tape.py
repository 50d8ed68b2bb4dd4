"""The calls of PyTorch functions between a model's parameters and its loss, in order, able to be run again.

A function mode sees each call that a tracked tensor takes part in. Tracked is what requires a gradient, what a model
was given, and what a tracked call returned. The calls themselves go through untouched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from . import values
from .functions import ENDS, MOST_OPS, RANDOM, SAMPLED, SILENT
from .lines import line_of_script


@dataclass(frozen=True, slots=True)
class Ref:
    """The output of an op: its number, and which of its outputs."""

    op: int
    out: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """A tensor that no op made, by its place in ``Tape.leaves``."""

    at: int


@dataclass(slots=True)
class Call:
    """One call: the function with its arguments, tensors replaced by where they come from."""

    function: Callable[..., Any]
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    line: str
    module: str
    kind: str
    given: list[list[int]]
    inputs: list[Ref | Leaf]
    shape: list[int] = field(default_factory=list)
    dtype: str = ""
    learns: bool = False
    in_place: bool = False
    random: torch.Tensor | None = None
    quiet: bool = False
    autocast: tuple[str, torch.dtype] | None = None
    writes: tuple[int, ...] = ()
    """Leaves that the call changed: running means, weights shortened on the way, what ``out`` names."""


def autocast_now() -> tuple[str, torch.dtype] | None:
    """The device and the type of the autocast that is at work."""
    for device in ("cuda", "cpu"):
        if torch.is_autocast_enabled(device):
            return device, torch.get_autocast_dtype(device)
    return None


def transforming() -> bool:
    """Whether a function transform (``vmap``, ``grad``) is at work: its tensors have no numbers of their own."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def plain_name(function: Callable[..., Any]) -> str:
    """The name that a reader knows a function by: ``linear``, ``add``, ``getitem``, ``data``.

    >>> plain_name(torch.Tensor.__pow__), plain_name(torch.nn.functional.linear)
    ('pow', 'linear')
    """
    name = getattr(function, "__name__", "")
    if name == "__get__":
        owner = resolve_name(function) or ""
        return owner.removesuffix(".__get__").rpartition(".")[2]
    if name.startswith("__") and name.endswith("__"):
        bare = name.strip("_")
        return {"rsub": "sub", "radd": "add", "rmul": "mul", "rtruediv": "div", "truediv": "div"}.get(bare, bare)
    return name


STATE = ("calls", "leaves", "labels", "outputs", "gradients", "_out", "_made", "_leaf", "random")


class Tape(TorchFunctionMode):
    """The calls since ``clear``. ``on`` says whether they are kept; ``inside`` names the module at work.

    Tensors are kept until ``clear``; ``cost`` counts the seconds that looking took, ``depth``
    the calls that are under way.
    """

    def __init__(self, inside: Callable[[], tuple[str, str]]) -> None:
        super().__init__()
        self.inside = inside
        self.on = self.measuring = self.paused = False
        self.cost = 0.0
        self.depth = 0
        self._pushed = False
        self.fault: Callable[[], None] = lambda: None
        self._hooks: list[Any] = []
        self.clear()

    def listen(self) -> bool:
        """Begin to hear of calls; ``False`` where another function mode is at work, which might unseat us."""
        if not self._pushed and not self.depth and not torch._C._len_torch_function_stack():
            self.__enter__()  # type: ignore[no-untyped-call]
            self._pushed = True
        return self._pushed

    def listens(self) -> bool:
        """Whether calls are heard of now."""
        return self.on and self._pushed

    def leave(self) -> bool:
        """Leave the stack where we lie on top of it; else stay, switched off, until we do. Whether we left."""
        self.on = False
        if not self._pushed or self.depth or torch.overrides._get_current_function_mode() is not self:  # type: ignore[no-untyped-call]
            return False
        self.__exit__(None, None, None)
        self._pushed = False
        return True

    def clear(self) -> None:
        """Forget every call and every tensor."""
        for handle in self._hooks:
            handle.remove()
        self._hooks = []
        self.calls: list[Call] = []
        self.leaves: list[torch.Tensor] = []
        self.labels: list[str] = []
        self.outputs: list[torch.Tensor | None] = []
        self.gradients: dict[int, torch.Tensor] = {}
        self._out: dict[Ref, torch.Tensor] = {}
        self._made: dict[int, Ref] = {}
        self._leaf: dict[int, int] = {}
        self.random: torch.Tensor | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if not self.on or self.paused or transforming():
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name in SILENT or (name == "__get__" and plain_name(func) not in ("data", "T", "mT")):
            return func(*args, **kwargs)
        began = time.thread_time()
        tracked = len(self.calls) < MOST_OPS and any(self._is_tracked(x) for x in tensors_in((args, kwargs)))
        if tracked and self.random is None and not self.calls:
            self.random = torch.get_rng_state()
        before = _versions((args, kwargs)) if tracked else []
        random = torch.get_rng_state() if tracked and name in RANDOM else None
        self.cost += time.thread_time() - began
        self.depth += 1
        try:
            result = func(*args, **kwargs)
        finally:
            self.depth -= 1
        if tracked and self.on:
            began = time.thread_time()
            try:
                self._keep(func, args, kwargs, result, before, random)
            except Exception:  # noqa: BLE001 - a fault here is told, and never the run's
                self.fault()
            self.cost += time.thread_time() - began
        return result

    def give(self, x: torch.Tensor, label: str = "input") -> None:
        """Track a tensor that a model was given."""
        if id(x) not in self._made and id(x) not in self._leaf:
            self._new_leaf(x, label)

    def snapshot(self) -> dict[str, Any]:
        """Everything since ``clear``, to be put back by ``restore``."""
        return {name: getattr(self, name) for name in STATE}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        for name, value in state.items():
            setattr(self, name, value)

    def known_leaves(self) -> set[int]:
        """The identities of the tensors that no op made."""
        return set(self._leaf)

    def ref(self, x: torch.Tensor) -> Ref | None:
        """Which op made a tensor; ``None`` for a leaf."""
        return self._made.get(id(x))

    def tensor(self, where: Ref | Leaf) -> torch.Tensor:
        """The tensor that stands there."""
        if isinstance(where, Leaf):
            return self.leaves[where.at]
        return self._out[where] if where in self._out else self._out[Ref(where.op, -1)]

    def _is_tracked(self, x: torch.Tensor) -> bool:
        return x.requires_grad or id(x) in self._made or self._label(x) == "input"

    def _label(self, x: torch.Tensor) -> str | None:
        at = self._leaf.get(id(x))
        return None if at is None else self.labels[at]

    def _new_leaf(self, x: torch.Tensor, label: str) -> Leaf:
        self._leaf[id(x)] = len(self.leaves)
        self.leaves.append(x)
        self.labels.append(label)
        return Leaf(len(self.leaves) - 1)

    def _where(self, x: torch.Tensor) -> Ref | Leaf:
        made = self._made.get(id(x))
        if made is not None:
            return made
        at = self._leaf.get(id(x))
        if at is not None:
            return Leaf(at)
        label = "parameter" if x.requires_grad and x.is_leaf else "elsewhere" if x.requires_grad else "data"
        return self._new_leaf(x, label)

    def _keep(
        self,
        func: Any,
        args: Any,
        kwargs: Any,
        result: Any,
        before: list[tuple[torch.Tensor, int]],
        random: torch.Tensor | None,
    ) -> None:
        name = plain_name(func)
        inputs = list(tensors_in((args, kwargs)))
        module, kind = self.inside()
        with torch._C.DisableTorchFunction():
            outputs = list(tensors_in(result))
            written = {id(x) for x, version in before if x._version != version}
            changed = [x for x, _ in before[:1] if id(x) in written]
            if any(id(x) not in self._made for x in changed):
                return  # what no op made was changed in place (a fresh weight filled): what follows starts from it
            if not outputs and not changed and name not in ENDS:
                return
            if name in SAMPLED and not any(x.requires_grad for x in outputs):
                return  # what was drawn stays as it was drawn: a choice, an action, a noisy label
            where = [self._where(x) for x in inputs]
            call = Call(
                func, name, self._template(args), self._template(kwargs), line_of_script(), module, kind,
                [list(x.shape) for x in inputs], where,
            )  # fmt: skip
            number = len(self.calls)
            call.in_place, call.autocast, call.random = bool(changed), autocast_now(), random
            call.quiet = not torch.is_grad_enabled()
            leaves = [(x, ref.at) for x, ref in zip(inputs, where, strict=True) if isinstance(ref, Leaf)]
            call.writes = tuple(at for x, at in leaves if id(x) in written)
            first = outputs[0] if outputs else changed[0] if changed else None
            if first is not None:
                call.shape, call.dtype = list(first.shape), str(first.dtype).removeprefix("torch.")
                call.learns = any(x.requires_grad for x in outputs or changed)
            self.calls.append(call)
            self.outputs.append(values.of_output(name, first) if self.measuring and first is not None else None)
            known = {id(x) for x in outputs}
            made = [*enumerate(outputs), *((-1, x) for x in changed if id(x) not in known)]
            for i, x in made:
                self._made[id(x)] = ref = Ref(number, i)
                self._out[ref] = x
            if self.measuring and first is not None and first.grad_fn is not None and first.is_floating_point():
                self._follow(first, number)

    def _follow(self, x: torch.Tensor, number: int) -> None:
        """Measure the gradient of the loss by this output when it comes by."""
        gradients = self.gradients

        def hook(grad: torch.Tensor) -> None:
            try:
                found = values.of_gradient(grad)
            except Exception:  # noqa: BLE001 - a fault here is told, and never the run's
                self.fault()
                return
            if found is not None:
                gradients[number] = found

        self._hooks.append(x.register_hook(hook))  # type: ignore[no-untyped-call]

    def _template(self, value: Any) -> Any:
        """Arguments with each tensor replaced by where it comes from."""
        return mapped(value, self._where)


def mapped(value: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """Nested arguments with each tensor changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(mapped(one, change) for one in value)
    if type(value) is dict:
        return {key: mapped(one, change) for key, one in value.items()}
    return value


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """The tensors of nested arguments, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from tensors_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from tensors_in(one)


def _versions(arguments: Any) -> list[tuple[torch.Tensor, int]]:
    """Each tensor's version, to see which of them the call changes in place; none where the first has none."""
    found = list(tensors_in(arguments))
    return [] if not found or found[0].is_inference() else [(x, x._version) for x in found if not x.is_inference()]


def ancestors(calls: list[Call], of: int) -> set[int]:
    """The ops that an op's value depends on, itself included."""
    found, todo = set(), [of]
    while todo:
        at = todo.pop()
        if at in found:
            continue
        found.add(at)
        todo += [ref.op for ref in calls[at].inputs if isinstance(ref, Ref)]
    return found
