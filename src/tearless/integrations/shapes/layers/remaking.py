"""The edits of a layer's repairs: where it is made, or a layer put before it where layers stand in a row."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tearless.linear_algebra.shapes import Clash, Edit, Operation, Repair, product

from .made import Made, keywords_of

_OUTPUTS = {"out_features", "out_channels"}
_PAIRS = (("in_features", "out_features"), ("in_channels", "out_channels"))
_ARGUMENTS = {
    "axis": ("dim",),
    "start": ("start_dim",),
    "end": ("end_dim",),
    "kernel": ("kernel_size",),
    "output": ("output_size",),
    "factor": ("upscale_factor", "downscale_factor"),
    "sizes": ("unflattened_size",),
    "groups": ("groups", "num_groups"),
    "ceil": ("ceil_mode",),
    "layers": ("num_layers",),
    "embed": ("embed_dim",),
    "heads": ("num_heads",),
}
"""What the settings of a rule are called where a layer is made."""


@dataclass(frozen=True, slots=True)
class Remade:
    """The edit of a repair where the layer is made. ``direct``: the failing line calls this very layer."""

    made: Made | None
    operation: Operation
    nodes: tuple[ast.expr | None, ...]
    direct: bool = True
    before: Made | None = None
    """Where the layer is made that gave the input, if it is to be changed too."""

    def __call__(self, repair: Repair) -> Edit | None:
        if self.before is not None and _OUTPUTS & set(repair.layer):
            return self.before.edit(repair.layer)
        if self.made is None:
            return None
        if repair.layer and not repair.operands:
            return self.made.edit(repair.layer, self._sizes())
        if repair.settings and not repair.operands:
            changes = self._arguments(repair)
            return self.made.edit(changes) if changes else None
        if list(repair.operands) == [0] and self.nodes[:1] == (None,):
            layers = as_layers(repair.operands[0], self.operation)
            return self.made.before(layers, repair.layer) if layers else None
        return None

    def _sizes(self) -> dict[str, str]:
        """The settings as they are, of a layer of weights that leads from some sizes to others."""
        weight = next((one.shape for one in self.operation.operands if one.name.endswith(".weight")), ())
        if len(weight) < 2 or self.operation.rule not in ("linear", "conv", "conv_transpose"):
            return {}
        groups = self.operation.settings.get("groups", 1)
        if self.operation.rule == "linear":
            return {"out_features": str(weight[0]), "in_features": str(weight[1])}
        outs, ins = weight[:2] if self.operation.rule == "conv" else weight[1::-1]
        more = {"out_channels": outs, "in_channels": ins * groups}
        if self.operation.rule == "conv_transpose":
            more = {"out_channels": outs * groups, "in_channels": ins}
        return {name: str(size) for name, size in more.items()}

    def _swapped_names(self, repair: Repair) -> bool:
        """Whether a repair puts two sizes in each other's place whose names say so: ``Conv2d(cout, cin)``."""
        pair = next((one for one in _PAIRS if set(repair.layer) == set(one)), None)
        if pair is None or self.made is None:
            return False
        ins, outs = (self.made.argument_of(name) for name in pair)
        told = [re.findall("[a-z]+", ast.unparse(one).lower()) if one is not None else [] for one in (ins, outs)]
        return _says(told[0], "out") and not _says(told[0], "in") and not _says(told[1], "out")

    def _arguments(self, repair: Repair) -> dict[str, str]:
        known = keywords_of(self.made.kind) if self.made is not None else ()
        found = {}
        for name, value in repair.settings.items():
            own = next((one for one in (name, *_ARGUMENTS.get(name, ())) if one in known), None)
            if own is None:
                return {}
            found[own] = value
        return found

    def has_place(self, repair: Repair) -> bool:
        """Whether there is a place in the source where a repair can be made."""
        if repair.text:
            return self.direct and any(self.nodes)
        if repair.layer or repair.settings:
            return self(repair) is not None or (bool(repair.settings) and self.made is None)
        return all(self.nodes[i : i + 1] != (None,) for i in repair.operands) or self(repair) is not None

    def placed(self, clash: Clash) -> Clash:
        """The same clash, repairs with a place first; those of a whole call that is another layer's are left out."""

        def repairs() -> list[Repair]:
            fitting = [*self._laid_flat(), *(one for one in clash.repairs if self.direct or not one.text)]
            known = [one for one in fitting if self.made is None or not one.layer or self.has_place(one)]
            return sorted(known, key=lambda one: (not self.has_place(one), not self._swapped_names(one)))

        return Clash(clash.says, clash.law, clash.marks, repairs, clash.kind, self.operation)

    def _laid_flat(self) -> list[Repair]:
        """Images that come into a linear layer of a row, no axis of which fits: flattened, and the layer made anew."""
        if self.operation.rule != "linear" or self.nodes[:1] != (None,) or self.made is None:
            return []
        image, weight = self.operation.shapes[:2]
        size = product(image[1:])
        if len(image) != 4 or len(weight) != 2 or weight[1] in (*image, size) or not isinstance(size, int):
            return []
        because = f"each image is one row of {size} numbers"
        gives = (image[0], weight[0])
        return [Repair(because, gives, operands={0: "{}.flatten(1)"}, layer={"in_features": str(size)})]


def _says(words: Sequence[str], what: str) -> bool:
    """Whether a name speaks of an input or an output: ``cout``, ``out_ch``, ``n_in``."""
    return any(word.startswith(what) or word.endswith(what) for word in words)


def as_layers(template: str, operation: Operation) -> list[str]:
    """Code hung onto the input as layers that do the same in a row of layers; none where there are no such layers."""
    shape = operation.operands[0].shape
    found = re.fullmatch(r"\{\}\.(\w+)\(([^()]*|dim=\([\d, ]+\))\)", template)
    if found is None:
        return []
    name, inside = found.groups()
    if name == "flatten" and not inside.startswith("0"):
        return ["Flatten()" if inside == "1" else f"Flatten({inside})"]
    if name == "mean" and inside == "dim=(2, 3)" and len(shape) == 4:
        return ["AdaptiveAvgPool2d(1)", "Flatten()"]
    if name in ("unsqueeze", "squeeze") and re.fullmatch(r"-?\d+", inside):
        return _one_axis(name, int(inside), len(shape), [str(size) for size in shape])
    return []


def _one_axis(name: str, axis: int, rank: int, sizes: list[str]) -> list[str]:
    at = axis % (rank + (name == "unsqueeze")) if rank else 0
    if name == "squeeze":
        return [f"Flatten({at - 1}, {at})"] if at > 1 else []
    if at == 0 or rank < 2:
        return []
    if at < rank:
        return [f"Unflatten({at}, (1, {sizes[at]}))"]
    return [f"Unflatten({rank - 1}, ({sizes[-1]}, 1))"]
