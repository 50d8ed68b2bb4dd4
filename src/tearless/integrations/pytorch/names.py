"""What modules and parameters are called, and which parameters a model uses without having them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping

import torch

from .looking import has_storage
from .tape import Tape


class Names:
    """Names of the parameters and modules of every model called so far, by identity."""

    def __init__(self) -> None:
        self.known: dict[int, str] = {}
        self._modules: dict[int, str] = {}
        self._numbers: dict[int, int] = {}
        self._count = 0
        self._roots: dict[int, weakref.ref[torch.nn.Module]] = {}
        self._loose: dict[int, weakref.ref[torch.Tensor]] = {}
        self._held: dict[int, weakref.ref[torch.Tensor]] = {}

    def learn(self, root: torch.nn.Module) -> str:
        """The names of a model's parts, once; returns what the model is called."""
        name = type(root).__name__
        known = self._roots.get(id(root))
        if known is not None and known() is root and all(id(p) in self.known for p in root.parameters()):
            return name
        before = [model for ref in self._roots.values() if (model := ref()) is not None]
        if known is None or known() is not root:
            self._numbers[id(root)] = self._count = self._count + 1
        self._roots[id(root)] = weakref.ref(root)
        larger = any(m is model for model in before for m in root.modules())
        if not larger and all(self._is_known(p) for p in root.parameters()):
            return name  # a part that is called by itself (checkpointing does): it keeps the names that it has
        self._held |= {id(p): weakref.ref(p) for p in root.parameters()}
        taken = set(self.known.values())
        for part, p in root.named_parameters():
            self.known[id(p)] = part if part not in taken else f"{name} {len(self._roots)}: {part}"
        for part, m in root.named_modules():
            self._modules[id(m)] = part or name
        for part, own in hidden_in(root):
            if id(own) not in self.known:
                self.known[id(own)] = part
        return name

    def number(self, root: torch.nn.Module) -> int:
        """Which model this is, in the order of their first calls."""
        return self._numbers.get(id(root), 0)

    def learn_hidden(self, tape: Tape) -> None:
        """Parameters that a tape met and that no model called so far has: tensors of the script's own."""
        for x, label in zip(tape.leaves, tape.labels, strict=True):
            if label == "parameter" and id(x) not in self.known:
                self.known[id(x)] = f"tensor {len(self._loose) + 1}"
                self._loose[id(x)] = weakref.ref(x)

    def _is_known(self, parameter: torch.Tensor) -> bool:
        """Whether it has a name, and its place in memory is not that of one that is gone."""
        held = self._held.get(id(parameter))
        return held is not None and held() is parameter

    def inside(self, stack: list[torch.nn.Module]) -> tuple[str, str]:
        """The path and class of the innermost module at work."""
        if not stack:
            return "", ""
        return self._modules.get(id(stack[-1]), type(stack[-1]).__name__), type(stack[-1]).__name__

    def of(self, parameter: torch.Tensor) -> str:
        return self.known.get(id(parameter), f"tensor of shape {tuple(parameter.shape)}")

    def has(self, parameter: torch.Tensor) -> bool:
        return id(parameter) in self.known

    def models(self) -> Iterator[torch.nn.Module]:
        """The models called so far that still live, parts of other ones left out."""
        roots = [root for ref in self._roots.values() if (root := ref()) is not None]
        parts = {id(m) for root in roots for m in root.modules() if m is not root}
        return (root for root in roots if id(root) not in parts and any(True for _ in root.parameters()))

    def parameters(self) -> list[torch.Tensor]:
        """Every parameter that is known and lives."""
        own = [p for root in self.models() for p in root.parameters()]
        loose = [p for ref in self._loose.values() if (p := ref()) is not None and has_storage(p)]
        return list({id(p): p for p in (*own, *loose)}.values())

    def hidden_of(self, root: torch.nn.Module) -> Mapping[str, torch.Tensor]:
        """What a model uses from plain lists, dicts and attributes, which it does not register."""
        return {n: p for n, p in hidden_in(root) if id(p) in self.known}


def hidden_in(root: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Tensors that require a gradient, in plain lists, tuples, dicts and attributes of a model's modules."""
    registered = {id(p) for p in root.parameters()}
    for path, module in root.named_modules():
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            at = f"{path}.{name}" if path else name
            for part, p in _within(value, at, 0):
                if id(p) not in registered:
                    registered.add(id(p))
                    yield part, p


def _within(value: object, at: str, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.nn.Module):
        yield from ((f"{at}.{name}", p) for name, p in value.named_parameters())
    elif isinstance(value, torch.Tensor):
        if value.requires_grad and value.is_leaf:
            yield at, value
    elif isinstance(value, (list, tuple)) and depth < 3:
        for i, one in enumerate(value[:200]):
            yield from _within(one, f"{at}[{i}]", depth + 1)
    elif isinstance(value, dict) and depth < 3:
        for key, one in list(value.items())[:200]:
            yield from _within(one, f"{at}[{key!r}]", depth + 1)
