"""Functions and methods of NumPy, PyTorch and JAX: the rule that each obeys, and where its operands and settings are.

A line of a table: ``names: rule(parameters in the order of the call) constants``. A parameter is ``!x`` an operand,
``!x?`` one that may be left out, ``!*xs`` operands from here on, ``!xs[]`` a list of operands, ``axis=dim`` the setting
``axis`` that the library calls ``dim``, ``*shape=size`` a setting given as one tuple or as several numbers, ``_x``
something that no rule asks for. ``axis=dim:0`` says what holds where it is left out.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

Role = Literal["operand", "optional", "rest", "list", "setting", "sizes", "ignored"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function: ``name`` is the library's, ``setting`` the rule's."""

    name: str
    role: Role
    setting: str = ""
    default: Any = None


@dataclass(frozen=True, slots=True)
class Signature:
    """The rule of a function, its parameters in the order of the call, and settings that it always has."""

    rule: str
    parameters: tuple[Parameter, ...]
    constants: dict[str, Any] = field(default_factory=dict)


BOTH = """
matmul: matmul(!input, !other)
tensordot: tensordot(!a, !b, axes=dims:2)
einsum: einsum(equation=equation, !*operands)
where: broadcast(!condition, !input, !other) symbol="where"
kron: kron(!input, !other)
clip clamp: broadcast(!input, !min?, !max?) symbol="clip"
cat concatenate concat: cat(!tensors[], axis=dim:0)
stack: stack(!tensors[], axis=dim:0)
vstack row_stack: vstack(!tensors[])
hstack: hstack(!tensors[])
dstack: dstack(!tensors[])
column_stack: column_stack(!tensors[])
transpose swapaxes swapdims: swapaxes(!input, axis0=dim0, axis1=dim1)
moveaxis movedim: moveaxis(!input, source=source, destination=destination)
squeeze: squeeze(!input, axis=dim:None)
broadcast_to: broadcast_to(!input, *shape=size)
sum mean prod std var nansum nanmean median all any logsumexp count_nonzero: \
 reduce(!input, axis=dim:None, keepdims=keepdim:False)
amax amin max min argmax argmin: reduce(!input, axis=dim:None, keepdims=keepdim:False) needs_entries=True
cumsum cumprod cummax cummin flip fliplr flipud: along(!input, axis=dim:None)
sort argsort: along(!input, axis=dim:-1)
roll: roll(!input, shift=shifts, axis=dims:None)
reshape: reshape(!input, *shape=shape)
ravel: flatten(!input)
outer: outer(!input, !vec2)
inner: inner(!input, !other)
diagonal: diagonal(!input, offset=offset:0, axis0=dim1:0, axis1=dim2:1)
diag: diag(!input, offset=diagonal:0)
trace: trace(!input)
take_along_axis: take_along_axis(!arr, !indices, axis=dim)
cross linalg.cross: cross(!input, !other, axis=dim:-1)
tile: tile(!input, *reps=dims)
linalg.solve: solve(!A, !B)
linalg.inv inverse: inv(!input)
linalg.det det: det(!input)
linalg.eig linalg.eigh: eig(!input)
linalg.svd: svd(!input, full_matrices=full_matrices:True)
linalg.qr: qr(!input, mode=mode:reduced)
linalg.pinv: pinv(!input)
linalg.lstsq: lstsq(!a, !b)
linalg.eigvals linalg.eigvalsh linalg.slogdet linalg.cholesky linalg.matrix_power matrix_power: square(!input)
linalg.multi_dot: multi_dot(!tensors[])
"""
ENTRIES = """add + subtract - sub - multiply * mul * divide / div / true_divide / power ** pow ** remainder % fmod %
floor_divide // maximum maximum minimum minimum fmax fmax fmin fmin logaddexp logaddexp arctan2 arctan2 atan2 atan2
hypot hypot equal == eq == not_equal != ne != greater > gt > greater_equal >= ge >= less < lt < less_equal <= le <=
logical_and and logical_or or logical_xor xor bitwise_and & bitwise_or | bitwise_xor ^ copysign copysign
isclose isclose heaviside heaviside"""
"""Functions of two arrays that work entry by entry, each with the sign that stands for it."""
ONE_BY_ONE = """relu relu6 gelu silu elu selu leaky_relu softplus sigmoid logsigmoid tanh exp exp2 expm1 log log2
log10 log1p sqrt rsqrt square abs absolute neg negative positive sign sin cos tan asin acos atan arcsin arccos arctan
sinh cosh floor ceil round trunc reciprocal erf erfc clone contiguous detach copy requires_grad_ dropout
nan_to_num isnan isinf isfinite logical_not bitwise_not swish hardtanh mish nan_to_num conj real imag zeros_like
ones_like empty_like full_like rand_like randn_like float double half bfloat16 long int bool
short to type astype cpu cuda numpy from_numpy stop_gradient block_until_ready softsign tanhshrink
alpha_dropout pin_memory"""
"""Functions of one array that keep its shape."""
TORCH = """
matmul __matmul__: matmul(!input, !other)
mm: mm(!input, !mat2)
mv: mv(!input, !vec)
dot vdot: dot(!input, !tensor)
bmm: bmm(!input, !mat2)
addmm: addmm(!input, !mat1, !mat2)
addmv: addmv(!input, !mat, !vec)
baddbmm: baddbmm(!input, !batch1, !batch2)
chain_matmul: multi_dot(!*matrices)
view: view(!input, *shape=size)
reshape: reshape(!input, *shape=shape)
unflatten: unflatten(!input, axis=dim, sizes=sizes)
flatten: flatten(!input, start=start_dim:0, end=end_dim:-1)
expand: expand(!input, *shape=size)
expand_as: expand_as(!input, !other)
view_as reshape_as: reshape_as(!input, !other)
permute: permute(!input, *axes=dims)
t: transpose(!input) axes=None
unsqueeze: unsqueeze(!input, axis=dim)
split split_with_sizes: split(!input, sizes=split_size_or_sections, axis=dim:0)
chunk: split(!input, chunks=chunks, axis=dim:0)
gather: gather(!input, axis=dim, !index)
take_along_dim: take_along_axis(!input, !indices, axis=dim)
scatter scatter_add scatter_reduce: scatter(!input, axis=dim, !index, !src?)
index_select: index_select(!input, axis=dim, !index)
masked_fill: broadcast(!input, !mask, _value) symbol="masked_fill"
masked_select: masked_select(!input, !mask)
lerp: broadcast(!input, !end, !weight) symbol="lerp"
addcmul addcdiv: broadcast(!input, !tensor1, !tensor2) symbol="addcmul"
copy_: assign(!input, !src)
repeat: tile(!input, *reps=repeats) whole=True
repeat_interleave: repeat(!input, repeats=repeats, axis=dim:None)
cdist: cdist(!x1, !x2)
cholesky_solve: cholesky_solve(!B, !L)
topk: along(!input, _k, axis=dim:-1)
linalg.norm norm linalg.vector_norm: reduce(!input, _ord, axis=dim:None, keepdims=keepdim:False)
nn.functional.linear: linear(!input, !weight, !bias?)
nn.functional.bilinear: bilinear(!input1, !input2, !weight, !bias?)
nn.functional.conv1d: conv(!input, !weight, !bias?, stride=stride:1, padding=padding:0, \
 dilation=dilation:1, groups=groups:1) n=1
nn.functional.conv2d: conv(!input, !weight, !bias?, stride=stride:1, padding=padding:0, \
 dilation=dilation:1, groups=groups:1) n=2
nn.functional.conv3d: conv(!input, !weight, !bias?, stride=stride:1, padding=padding:0, \
 dilation=dilation:1, groups=groups:1) n=3
nn.functional.conv_transpose1d: conv_transpose(!input, !weight, !bias?, stride=stride:1, padding=padding:0, \
 output_padding=output_padding:0, groups=groups:1, dilation=dilation:1) n=1
nn.functional.conv_transpose2d: conv_transpose(!input, !weight, !bias?, stride=stride:1, padding=padding:0, \
 output_padding=output_padding:0, groups=groups:1, dilation=dilation:1) n=2
nn.functional.conv_transpose3d: conv_transpose(!input, !weight, !bias?, stride=stride:1, padding=padding:0, \
 output_padding=output_padding:0, groups=groups:1, dilation=dilation:1) n=3
nn.functional.max_pool1d nn.functional.avg_pool1d: pool(!input, kernel=kernel_size, stride=stride:None, \
 padding=padding:0) n=1 dilation=1 ceil=False
nn.functional.max_pool2d nn.functional.avg_pool2d: pool(!input, kernel=kernel_size, stride=stride:None, \
 padding=padding:0) n=2 dilation=1 ceil=False
nn.functional.max_pool3d nn.functional.avg_pool3d: pool(!input, kernel=kernel_size, stride=stride:None, \
 padding=padding:0) n=3 dilation=1 ceil=False
nn.functional.adaptive_avg_pool1d nn.functional.adaptive_max_pool1d: adaptive_pool(!input, output=output_size) n=1
nn.functional.adaptive_avg_pool2d nn.functional.adaptive_max_pool2d: adaptive_pool(!input, output=output_size) n=2
nn.functional.adaptive_avg_pool3d nn.functional.adaptive_max_pool3d: adaptive_pool(!input, output=output_size) n=3
nn.functional.layer_norm: layer_norm(!input, normalized_shape=normalized_shape, !weight?, !bias?)
nn.functional.rms_norm: rms_norm(!input, normalized_shape=normalized_shape, !weight?)
nn.functional.group_norm: group_norm(!input, groups=num_groups, !weight?, !bias?)
nn.functional.batch_norm: batch_norm(!input, !running_mean?, !running_var?, !weight?, !bias?)
nn.functional.instance_norm: instance_norm(!input, !running_mean?, !running_var?, !weight?, !bias?)
nn.functional.embedding: embedding(!input, !weight)
nn.functional.scaled_dot_product_attention: sdpa(!query, !key, !value, !attn_mask?)
nn.functional.one_hot: one_hot(!tensor, classes=num_classes:-1)
nn.functional.glu: glu(!input, axis=dim:-1)
nn.functional.prelu prelu: prelu(!input, !weight)
nn.functional.cosine_similarity cosine_similarity: cosine_similarity(!x1, !x2, axis=dim:1)
nn.functional.pairwise_distance: pairwise_distance(!x1, !x2)
nn.functional.pixel_shuffle: pixel_shuffle(!input, factor=upscale_factor)
nn.functional.pad: pad(!input, widths=pad) from_last=True
nn.functional.interpolate: interpolate(!input, size=size:None, scale_factor=scale_factor:None, mode=mode:nearest)
nn.functional.softmax nn.functional.log_softmax nn.functional.softmin softmax log_softmax: along(!input, axis=dim:None)
nn.functional.normalize: along(!input, _p, axis=dim:1)
"""
LOSSES = """cross_entropy nll_loss mse_loss l1_loss huber_loss smooth_l1_loss binary_cross_entropy kl_div
binary_cross_entropy_with_logits hinge_embedding_loss soft_margin_loss multi_margin_loss multilabel_margin_loss
multilabel_soft_margin_loss poisson_nll_loss"""
NUMPY = """
dot vdot: dot(!a, !b)
transpose permute_dims: transpose(!a, *axes=axes:None)
expand_dims: unsqueeze(!a, axis=axis)
append: cat(!arr, !values, axis=axis:None)
split: split(!ary, sections=indices_or_sections, axis=axis:0)
array_split: split(!ary, sections=indices_or_sections, axis=axis:0) uneven=True
take: take(!a, !indices, axis=axis:None)
repeat: repeat(!a, repeats=repeats, axis=axis:None)
pad: pad(!array, widths=pad_width)
flatten: flatten(!a)
average: average(!a, axis=axis:None, !weights?, _returned, keepdims=keepdims:False)
linalg.norm: reduce(!x, _ord, axis=axis:None, keepdims=keepdims:False)
nn.softmax nn.log_softmax nn.standardize: along(!x, axis=axis:-1)
nn.logsumexp: reduce(!x, axis=axis:None, _b, keepdims=keepdims:False)
lax.dot: matmul(!lhs, !rhs)
lax.batch_matmul: matmul(!lhs, !rhs)
lax.conv: conv(!lhs, !rhs, stride=window_strides:1, padding=padding)
lax.add lax.sub lax.mul lax.div lax.pow lax.max lax.min: broadcast(!x, !y) symbol="lax"
lax.concatenate: cat(!operands[], axis=dimension)
lax.reshape: reshape(!operand, *shape=new_sizes)
lax.transpose: transpose(!operand, *axes=permutation)
copyto: assign(!dst, !src)
"""
ALSO = {
    "dim": ("axis", "dims", "axes"),
    "dims": ("axis", "axes"),
    "keepdim": ("keepdims",),
    "input": ("a", "x", "self", "x1", "array", "arr", "condition"),
    "other": ("b", "x2", "y", "mat2"),
    "min": ("a_min",),
    "max": ("a_max",),
    "size": ("shape",),
    "shape": ("newshape",),
}
"""Other names of a parameter."""


def signature(library: str, name: str) -> Signature | None:
    """What is known of a function of a library, by its name after the library's (``nn.functional.linear``, ``dot``)."""
    return _tables()["torch" if library == "torch" else "numpy"].get(name)


@cache
def _tables() -> dict[str, dict[str, Signature]]:
    both = {**_read(BOTH), **_entries(), **_one_by_one()}
    losses = "\n".join(f'nn.functional.{name}: loss(!input, !target) name="{name}"' for name in LOSSES.split())
    return {"torch": {**both, **_read(TORCH), **_read(losses)}, "numpy": {**both, **_read(NUMPY)}}


def _entries() -> dict[str, Signature]:
    words = ENTRIES.split()
    pair = (Parameter("input", "operand"), Parameter("other", "operand"))
    return {
        name: Signature("broadcast", pair, {"symbol": sign}) for name, sign in zip(words[::2], words[1::2], strict=True)
    }


def _one_by_one() -> dict[str, Signature]:
    one = (Parameter("input", "operand"),)
    plain = {name: Signature("same", one) for name in ONE_BY_ONE.split()}
    return (
        plain
        | {f"nn.functional.{name}": each for name, each in plain.items()}
        | {f"nn.{name}": each for name, each in plain.items()}
    )


def _read(table: str) -> dict[str, Signature]:
    found = {}
    for line in filter(None, map(str.strip, table.replace("\\\n", " ").splitlines())):
        names, _, rest = line.partition(":")
        if "(" not in rest:
            continue
        rule, _, rest = rest.strip().partition("(")
        inside, _, constants = rest.rpartition(")")
        parameters = tuple(_parameter(one.strip()) for one in inside.split(","))
        pairs = (one.split("=", 1) for one in constants.split())
        one = Signature(rule, parameters, {name: ast.literal_eval(value) for name, value in pairs})
        found.update(dict.fromkeys(names.split(), one))
    return found


def _parameter(text: str) -> Parameter:
    if text.startswith("!*"):
        return Parameter(text[2:], "rest")
    if text.startswith("!"):
        role: Role = "optional" if text.endswith("?") else "list" if text.endswith("[]") else "operand"
        return Parameter(text.strip("!?[]"), role)
    if text.startswith("_"):
        return Parameter(text[1:], "ignored")
    setting, _, name = text.partition("=")
    name, _, default = name.partition(":")
    role = "sizes" if setting.startswith("*") else "setting"
    return Parameter(name, role, setting.lstrip("*"), _default(default))


def _default(text: str) -> Any:
    if not text:
        return None
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text


HOMES = {
    "torch": ("nn.functional", "linalg", "special", "fft", ""),
    "numpy": ("linalg", ""),
    "jax.numpy": ("linalg", ""),
    "jax": ("nn", "lax"),
}


def called(function: Any) -> tuple[str, str] | None:
    """The library of a function and its name there, whatever the reader calls it; ``None`` for other functions."""
    for library, homes in HOMES.items():
        top = sys.modules.get(library)
        for home in homes:
            module = sys.modules.get(f"{library}.{home}") if home else top
            found = None if module is None else _names(module).get(id(function))
            if found is not None:
                return library.split(".")[0], f"{home}.{found}" if home else found
    return None


@cache
def _names(module: Any) -> dict[int, str]:
    """Names of the functions of a module by identity; they live as long as it does."""
    return {id(held): name for name, held in reversed(list(vars(module).items())) if callable(held) and name[:1] != "_"}
