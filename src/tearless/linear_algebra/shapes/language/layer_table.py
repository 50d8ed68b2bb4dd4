"""The layers that are known, by name."""

from __future__ import annotations

from collections.abc import Iterator

from . import layers
from .layers import Kind

CONV = "in_channels out_channels kernel_size stride=1 padding=0 dilation=1 groups=1 bias=True padding_mode=zeros"
TRANSPOSE = "in_channels out_channels kernel_size stride=1 padding=0 output_padding=0 groups=1 bias=True dilation=1"
MAX_POOL = "kernel_size stride=None padding=0 dilation=1 return_indices=False ceil_mode=False"
AVG_POOL = "kernel_size stride=None padding=0 ceil_mode=False count_include_pad=True divisor_override=None"
RECURRENT = (
    "input_size hidden_size num_layers=1 nonlinearity=tanh bias=True batch_first=False dropout=0 bidirectional=False "
    "proj_size=0"
)
GATED = RECURRENT.replace(" nonlinearity=tanh", "")
ATTENTION = (
    "embed_dim num_heads dropout=0 bias=True add_bias_kv=False add_zero_attn=False kdim=None vdim=None "
    "batch_first=False"
)
TRANSFORMER = "d_model nhead dim_feedforward=2048 dropout=0 activation=relu layer_norm_eps=None batch_first=False"
SAME = (
    "ReLU ReLU6 GELU SiLU Sigmoid Tanh LeakyReLU ELU SELU CELU Mish Hardswish Hardsigmoid Hardtanh Softplus Softsign "
    "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout Identity LogSigmoid Tanhshrink Hardshrink Softshrink Threshold "
    "DropPath RReLU"
)
LOSSES = {
    "CrossEntropyLoss": "cross_entropy", "NLLLoss": "nll_loss", "MSELoss": "mse_loss", "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss", "HuberLoss": "huber_loss", "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits", "KLDivLoss": "kl_div", "PoissonNLLLoss":
    "poisson_nll_loss", "SoftMarginLoss": "soft_margin_loss", "MultiLabelSoftMarginLoss":
    "multilabel_soft_margin_loss", "MultiLabelMarginLoss": "multilabel_margin_loss", "MultiMarginLoss":
    "multi_margin_loss", "HingeEmbeddingLoss": "hinge_embedding_loss", "CosineEmbeddingLoss":
    "cosine_embedding_loss", "TripletMarginLoss": "triplet_margin_loss", "MarginRankingLoss": "margin_ranking_loss",
    "GaussianNLLLoss": "gaussian_nll_loss", "CTCLoss": "ctc_loss",
}  # fmt: skip


def _table() -> Iterator[tuple[str, Kind]]:
    yield "Linear", Kind("in_features out_features bias=True", layers.linear)
    yield "Bilinear", Kind("in1_features in2_features out_features bias=True", layers.bilinear)
    for n in (1, 2, 3):
        yield f"Conv{n}d", Kind(CONV, layers.conv, {"n": n, "rule": "conv"})
        yield f"ConvTranspose{n}d", Kind(TRANSPOSE, layers.conv, {"n": n, "rule": "conv_transpose"})
        yield f"MaxPool{n}d", Kind(MAX_POOL, layers.pool, {"n": n, "kind": "max"})
        yield f"AvgPool{n}d", Kind(AVG_POOL, layers.pool, {"n": n, "kind": "avg"})
        for kind in ("Max", "Avg"):
            fixed = {"n": n, "kind": kind.lower()}
            yield f"Adaptive{kind}Pool{n}d", Kind("output_size return_indices=False", layers.adaptive, fixed)
        batch = Kind("num_features *rest", layers.norm, {"n": n, "rule": "batch_norm"})
        yield f"BatchNorm{n}d", batch
        instance = {"n": n, "rule": "instance_norm"}
        yield f"InstanceNorm{n}d", Kind("num_features eps=None momentum=None affine=False *rest", layers.norm, instance)
    yield "SyncBatchNorm", Kind("num_features *rest", layers.norm, {"n": None, "rule": "batch_norm"})
    yield "LayerNorm", Kind("normalized_shape *rest", layers.norm, {"rule": "layer_norm"})
    yield "RMSNorm", Kind("normalized_shape *rest", layers.norm, {"rule": "rms_norm"})
    yield "GroupNorm", Kind("num_groups num_channels *rest", layers.norm, {"rule": "group_norm"})
    for name in ("Embedding", "EmbeddingBag"):
        yield name, Kind("num_embeddings embedding_dim *rest", layers.embedding)
    yield "RNN", Kind(RECURRENT, layers.recurrent)
    for name in ("LSTM", "GRU"):
        yield name, Kind(GATED, layers.recurrent)
    for name in ("LSTMCell", "GRUCell", "RNNCell"):
        yield name, Kind("input_size hidden_size *rest", layers.cell)
    yield "MultiheadAttention", Kind(ATTENTION, layers.attention)
    for name in ("TransformerEncoderLayer", "TransformerDecoderLayer"):
        yield name, Kind(TRANSFORMER, layers.transformer)
    for name in SAME.split():
        yield name, Kind("*rest", layers.same)
    yield "PReLU", Kind("num_parameters=1 *rest", layers.same)
    for name in ("Softmax", "LogSoftmax", "Softmin"):
        yield name, Kind("axis=None", layers.along)
    yield "Flatten", Kind("start=1 end=-1", layers.by_function, {"rule": "flatten"})
    yield "Unflatten", Kind("axis sizes", layers.by_function, {"rule": "unflatten"})
    yield "GLU", Kind("axis=-1", layers.by_function, {"rule": "glu"})
    yield "PixelShuffle", Kind("factor", layers.by_function, {"rule": "pixel_shuffle"})
    yield "PixelUnshuffle", Kind("factor", layers.by_function, {"rule": "pixel_unshuffle"})
    upsample = "size=None scale_factor=None mode=nearest align_corners=None"
    yield "Upsample", Kind(upsample, layers.by_function, {"rule": "interpolate"})
    window = "kernel dilation=1 padding=0 stride=1"
    yield "Unfold", Kind(window, layers.by_function, {"rule": "unfold"})
    yield "Fold", Kind(f"output {window}", layers.by_function, {"rule": "fold"})
    yield "Sequential", Kind("*layers", layers.sequential)
    for name, function in LOSSES.items():
        yield name, Kind("*rest reduction=mean", layers.loss, {"name": function})


LAYERS: dict[str, Kind] = dict(_table())
