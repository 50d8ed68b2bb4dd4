"""Functions of PyTorch by what they mean to a tape: silent, drawing, leaving PyTorch, or mere views."""

from __future__ import annotations

MOST_OPS = 4000
SILENT = {
    "dim", "size", "numel", "stride", "is_floating_point", "is_complex", "is_contiguous", "element_size", "type",
    "storage_offset", "data_ptr", "backward", "register_hook", "retain_grad", "requires_grad_", "ndimension",
    "nelement", "get_device", "is_same_size", "__len__", "__repr__", "__format__", "__hash__", "is_nonzero",
    "untyped_storage", "__reduce_ex__", "__deepcopy__", "__bool__", "__int__", "__contains__", "is_sparse",
    "register_post_accumulate_grad_hook", "is_pinned", "is_inference",
}  # fmt: skip
ENDS = {"item", "tolist", "numpy", "__array__", "__float__", "__index__"}
"""Calls that leave PyTorch: what is computed from them carries no gradient."""
RANDOM = {
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "rand_like",
    "randn_like", "randint_like", "normal_", "uniform_", "bernoulli", "bernoulli_", "multinomial", "normal", "poisson",
    "gumbel_softmax", "rrelu", "scaled_dot_product_attention", "multi_head_attention_forward", "lstm", "gru",
    "rnn_tanh", "rnn_relu",
}  # fmt: skip
"""Functions that may draw random numbers: a replay gives each the numbers that it drew."""
SAMPLED = {"multinomial", "bernoulli", "poisson", "rand_like", "randn_like", "randint_like"}
VIEWS = {
    "view", "reshape", "squeeze", "unsqueeze", "flatten", "transpose", "permute", "contiguous", "getitem", "T", "mT",
    "expand", "chunk", "split", "unbind", "to", "float", "double", "type_as", "movedim", "select", "narrow", "view_as",
    "reshape_as", "t", "swapaxes", "clone",
}  # fmt: skip
PLAIN = (bool, int, float, str, type(None))
