"""The functions and methods that expressions may call: their parameters, and the rule that each obeys.

A signature gives parameters in the order of the library; arrays in capitals, ``*`` for any number. A function that goes
by its rule alone needs no more than that; the others are made in ``special``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import indexed, making, matrices, pieces, special
from .binding import Bound

Make = Callable[[Bound], Any]


@dataclass(frozen=True, slots=True)
class Known:
    """A function: its parameters, and its rule with fixed settings, or what makes its value."""

    takes: str
    rule: str = ""
    make: Make | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    dtype: str | None = None


def _all(names: str, known: Known) -> dict[str, Known]:
    return dict.fromkeys(names.split(), known)


ONE = Known("A", "broadcast")
TWO = Known("A B", "broadcast")
COMPARED = Known("A B", "broadcast", dtype="bool")
REDUCED = Known("A axis=None keepdims=False", make=special.reduced)
NEEDS = Known("A axis=None keepdims=False", make=special.reduced, fixed={"needs_entries": True})
ALONG = Known("A axis=-1", "along")

BOTH: dict[str, Known] = {
    **_all(
        "relu relu6 sigmoid tanh exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square abs absolute fabs neg negative "
        "positive reciprocal sin cos tan asin acos atan arcsin arccos arctan sinh cosh asinh acosh atanh arcsinh "
        "arccosh arctanh floor ceil round trunc rint sign sgn erf erfc erfinv lgamma digamma gelu silu swish mish elu "
        "selu celu softplus softsign leaky_relu hardtanh hardswish hardsigmoid logsigmoid tanhshrink hardshrink "
        "softshrink threshold dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout rrelu cbrt "
        "nan_to_num clone copy contiguous detach cpu cuda double half bfloat16 numpy array asarray tensor as_tensor "
        "zeros_like ones_like empty_like rand_like randn_like full_like requires_grad_ ascontiguousarray astype to "
        "type float requires_grad frac deg2rad rad2deg real imag conj angle relu_ bernoulli stop_gradient "
        "normalize_ exp_ sigmoid_ sinc i0 logit abs_ neg_ sqrt_ zero_ fill_ mul_ item_ erf_ from_numpy glorot",
        Known("A *rest", "broadcast"),
    ),
    **_all("isnan isinf isfinite isposinf isneginf signbit isreal", Known("A", "broadcast", dtype="bool")),
    **_all("logical_not bool", Known("A", "broadcast", dtype="bool")),
    **_all("long int", Known("A", "broadcast", dtype="int64")),
    "bitwise_not": ONE,
    **_all(
        "add subtract sub multiply mul divide div true_divide floor_divide power pow float_power maximum minimum fmax "
        "fmin atan2 arctan2 hypot remainder fmod mod logaddexp logaddexp2 copysign heaviside xlogy bitwise_and "
        "bitwise_or bitwise_xor ldexp nextafter gcd lcm left_shift right_shift",
        TWO,
    ),
    **_all(
        "equal not_equal greater greater_equal less less_equal eq ne gt ge lt le logical_and logical_or logical_xor "
        "isclose",
        COMPARED,
    ),
    "prelu": Known("A W", make=special.prelu),
    "where": Known("C A=None B=None", make=special.where),
    **_all("clip clamp clamp_", Known("A B=None D=None", "broadcast")),
    "lerp": Known("A B W", "broadcast"),
    **_all("addcmul addcdiv", Known("A B D", "broadcast")),
    **_all("sum nansum", REDUCED),
    **_all("mean nanmean std nanstd var nanvar count_nonzero logsumexp median nanmedian", REDUCED),
    "average": Known("A axis=None W=None keepdims=False", make=matrices.average),
    **_all("any all", Known("A axis=None keepdims=False", make=special.reduced, dtype="bool")),
    **_all("amax amin nanmax nanmin ptp aminmax", NEEDS),
    **_all("max min", Known("A axis=None keepdims=False", make=special.largest, fixed=NEEDS.fixed)),
    "prod": Known("A axis=None keepdims=False", make=special.reduced, fixed={"one_axis": True}),
    **_all(
        "argmax argmin nanargmax nanargmin",
        Known(
            "A axis=None keepdims=False",
            make=special.reduced,
            fixed={"needs_entries": True, "one_axis": True},
            dtype="int64",
        ),
    ),
    **_all("softmax log_softmax softmin gumbel_softmax sparsemax", ALONG),
    **_all("matmul", Known("A B", "matmul")),
    "dot": Known("A B", "dot"),
    "vdot": Known("A B", "vdot"),
    "outer": Known("A B", "outer"),
    "ger": Known("A B", "outer"),
    "inner": Known("A B", "inner"),
    "kron": Known("A B", "kron"),
    "tensordot": Known("A B axes=2", make=special.tensordot),
    "einsum": Known("equation *As", make=special.einsum),
    "multi_dot": Known("As", make=special.of_list, fixed={"rule": "multi_dot"}),
    "chain_matmul": Known("*As", make=special.of_list, fixed={"rule": "multi_dot"}),
    "cross": Known("A B axis=-1", "cross"),
    "reshape": Known("A *shape", make=special.reshaped),
    "ravel": Known("A", "reshape", fixed={"shape": (-1,)}),
    "squeeze": Known("A axis=None", make=special.squeezed),
    "swapaxes": Known("A axis0 axis1", "swapaxes"),
    "moveaxis": Known("A source destination", "moveaxis"),
    "movedim": Known("A source destination", "moveaxis"),
    "flip": Known("A axis=None", make=special.kept),
    **_all("fliplr flipud", Known("A", make=special.kept)),
    "roll": Known("A shift axis=None", "roll"),
    "rot90": Known("A k=1 axes=(0,1)", make=special.rotated),
    **_all("concatenate concat cat", Known("As axis=0", make=special.of_list, fixed={"rule": "cat"})),
    "stack": Known("As axis=0", make=special.of_list, fixed={"rule": "stack"}),
    **_all("vstack row_stack", Known("As", make=special.of_list, fixed={"rule": "vstack"})),
    "hstack": Known("As", make=special.of_list, fixed={"rule": "hstack"}),
    "dstack": Known("As", make=special.of_list, fixed={"rule": "dstack"}),
    "column_stack": Known("As", make=special.of_list, fixed={"rule": "column_stack"}),
    "broadcast_to": Known("A *shape", make=special.stretched, fixed={"rule": "broadcast_to"}),
    "tile": Known("A *reps", make=pieces.tiled),
    "diagonal": Known("A offset=0 axis0=0 axis1=1", "diagonal"),
    "trace": Known("A offset=0 axis0=0 axis1=1", "trace"),
    **_all("tril triu", Known("A k=0", make=pieces.triangle)),
    "diag": Known("A offset=0", "diag"),
    "cumsum": Known("A axis=None", make=special.cumulative),
    "cumprod": Known("A axis=None", make=special.cumulative),
    "argsort": Known("A axis=-1", "along", dtype="int64"),
    **_all("inv cholesky matrix_exp inverse", Known("A", make=special.matrix, fixed={"rule": "square"})),
    "pinv": Known("A", make=special.matrix, fixed={"rule": "pinv"}),
    "matrix_power": Known("A n", make=special.matrix, fixed={"rule": "square"}),
    "det": Known("A", make=special.matrix, fixed={"rule": "det"}),
    "slogdet": Known("A", make=special.twice, fixed={"rule": "det"}),
    "lstsq": Known("A B", make=matrices.lstsq),
    "cholesky_solve": Known("A B", "cholesky_solve"),
    "solve": Known("A B", "solve"),
    "norm": Known("A order=None axis=None keepdims=False", make=special.norm),
    **_all("eigvalsh eigvals", Known("A", make=special.first, fixed={"rule": "eig"})),
    **_all("eigh eig", Known("A", make=special.matrix, fixed={"rule": "eig"})),
    "svd": Known("A full=True uv=True some=None", make=matrices.svd),
    "svdvals": Known("A", make=matrices.svdvals),
    "qr": Known("A", make=special.matrix, fixed={"rule": "qr"}),
    "meshgrid": Known("*As indexing=None", make=pieces.meshgrid),
    **_all("zeros ones empty", Known("*shape", make=making.of_one_shape)),
    **_all("rand randn", Known("*shape", make=making.made)),
    **_all("normal uniform", Known("loc=None scale=None shape=None", make=making.drawn)),
    "full": Known("shape value dtype=None", make=making.full),
    "eye": Known("rows columns=None k=0", make=making.eye),
    "arange": Known("*ends", make=making.arange),
    "linspace": Known("start stop num=50", make=making.linspace),
    "randint": Known("*ends shape=None", make=making.randint),
    **_all("tolist item", Known("A", make=making.item)),
    "take": Known("A I axis=None", make=indexed.take),
    "take_along_axis": Known("A I axis", "take_along_axis"),
    "len": Known("A", make=making.length),
    "numel": Known("A", make=making.entries),
    **_all("unbind unstack", Known("A axis=0", make=pieces.unbound)),
    "one_hot": Known("A classes=-1", make=making.one_hot),
}
"""What NumPy and PyTorch have, or write the same way."""

NUMPY: dict[str, Known] = {
    "transpose": Known("A *axes", make=special.transposed),
    "permute_dims": Known("A *axes", make=special.transposed),
    "matrix_transpose": Known("A", "swapaxes", fixed={"axis0": -2, "axis1": -1}),
    "expand_dims": Known("A axis", "unsqueeze"),
    "atleast_1d": Known("A", make=making.at_least, fixed={"rank": 1}),
    "atleast_2d": Known("A", make=making.at_least, fixed={"rank": 2}),
    "flatten": Known("A", "reshape", fixed={"shape": (-1,)}),
    "sort": Known("A axis=-1", "along"),
    "split": Known("A sizes axis=0", make=pieces.split),
    "array_split": Known("A sizes axis=0", make=pieces.split, fixed={"uneven": True}),
    "hsplit": Known("A sizes", make=pieces.split, fixed={"axis": 1}),
    "vsplit": Known("A sizes", make=pieces.split, fixed={"axis": 0}),
    "repeat": Known("A repeats axis=None", make=pieces.repeated),
    "pad": Known("A widths mode=None value=None", make=pieces.padded),
    "quantile": Known("A q axis=None keepdims=False", make=special.quantile),
    "percentile": Known("A q axis=None keepdims=False", make=special.quantile),
    "append": Known("A B axis=None", make=special.appended),
    "cov": Known("A", make=making.covariance),
    "corrcoef": Known("A", make=making.covariance),
    "diff": Known("A n=1 axis=-1", make=pieces.differences),
    "size": Known("A axis=None", make=making.entries),
    "shape": Known("A", make=making.shape),
    "ndim": Known("A", make=making.rank),
    "identity": Known("rows", make=making.eye),
}
"""What NumPy (and JAX) alone has, or has otherwise."""

TORCH: dict[str, Known] = {
    "transpose": Known("A axis0 axis1", "swapaxes"),
    "swapdims": Known("A axis0 axis1", "swapaxes"),
    "permute": Known("A *axes", make=special.permuted),
    "t": Known("A", make=special.small_t),
    "adjoint": Known("A", "swapaxes", fixed={"axis0": -2, "axis1": -1}),
    "unsqueeze": Known("A axis", "unsqueeze"),
    "view": Known("A *shape", make=special.reshaped),
    "view_as": Known("A B", make=special.like),
    "reshape_as": Known("A B", make=special.like),
    "expand": Known("A *shape", make=special.stretched, fixed={"rule": "expand"}),
    "expand_as": Known("A B", make=special.like, fixed={"rule": "expand"}),
    "flatten": Known("A start=0 end=-1", "flatten"),
    "unflatten": Known("A axis *sizes", make=special.unflattened),
    "mm": Known("A B", "mm"),
    "mv": Known("A B", "mv"),
    "bmm": Known("A B", "bmm"),
    "addmm": Known("A B D", "addmm"),
    "addmv": Known("A B D", "addmv"),
    "baddbmm": Known("A B D", "baddbmm"),
    "sort": Known("A axis=-1", make=special.paired, fixed={"rule": "along"}),
    "topk": Known("A k axis=-1", make=pieces.topk),
    "kthvalue": Known("A k axis=-1 keepdims=False", make=special.largest),
    "mode": Known("A axis=-1 keepdims=False", make=special.largest),
    "median": Known("A axis=None keepdims=False", make=special.largest),
    "cummax": Known("A axis", make=special.paired, fixed={"rule": "along"}),
    "logcumsumexp": Known("A axis", "along"),
    **_all("masked_fill masked_fill_", Known("A M value", "broadcast")),
    "masked_select": Known("A M", make=indexed.masked_select),
    "gather": Known("A axis I", make=indexed.gather),
    **_all("scatter scatter_ scatter_add scatter_add_", Known("A axis I B", make=indexed.scatter)),
    "index_select": Known("A axis I", make=indexed.index_select),
    **_all("index_add index_add_ index_copy", Known("A axis I B", make=indexed.kept)),
    "split": Known("A sizes axis=0", make=pieces.split),
    "chunk": Known("A sizes axis=0", make=pieces.split, fixed={"chunks": True}),
    "tensor_split": Known("A sizes axis=0", make=pieces.split, fixed={"uneven": True}),
    "narrow": Known("A axis start length", make=indexed.narrow),
    "select": Known("A axis I", make=indexed.select),
    "repeat": Known("A *reps", make=pieces.tiled, fixed={"method": True}),
    "repeat_interleave": Known("A repeats axis=None", make=pieces.repeated),
    "cdist": Known("A B", "cdist"),
    "cosine_similarity": Known("A B axis=1", "cosine_similarity"),
    "pairwise_distance": Known("A B", "pairwise_distance"),
    "normalize": Known("A p=2 axis=1", "along"),
    "size": Known("A axis=None", make=making.shape),
    "dim": Known("A", make=making.rank),
    "ndimension": Known("A", make=making.rank),
    "quantile": Known("A q axis=None keepdims=False", make=special.quantile),
    "type_as": Known("A B", make=making.cast),
    "new_zeros": Known("A *shape", make=making.made_like),
    "new_ones": Known("A *shape", make=making.made_like),
    "diff": Known("A n=1 axis=-1", make=pieces.differences),
    "diag_embed": Known("A", make=pieces.diag_embed),
    **_all("add_ sub_ mul_ div_ copy_ pow_", Known("A B", "assign", fixed={"symbol": "+="})),
    "unfold": Known("A axis size step", make=pieces.windows),
}
"""What PyTorch alone has, or has otherwise."""
