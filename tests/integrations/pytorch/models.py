"""Models of the usual kinds, written as people write them, with no more than PyTorch: what tracing is tried on."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class Basic(nn.Module):
    grows = 1

    def __init__(self, given: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.down = _down(given, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x if self.down is None else self.down(x)
        return self.relu(y)


class Bottleneck(nn.Module):
    grows = 4

    def __init__(self, given: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.down = _down(given, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += x if self.down is None else self.down(x)
        return self.relu(y)


def _down(given: int, out: int, stride: int) -> nn.Module | None:
    if stride == 1 and given == out:
        return None
    return nn.Sequential(nn.Conv2d(given, out, 1, stride, bias=False), nn.BatchNorm2d(out))


class ResNet(nn.Module):
    def __init__(self, block: type[Basic] | type[Bottleneck], depths: tuple[int, ...], classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        stages, given = [], 64
        for i, depth in enumerate(depths):
            width, blocks = 64 << i, []
            for j in range(depth):
                blocks.append(block(given, width, 2 if i and not j else 1))
                given = width * block.grows
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(given, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet18() -> ResNet:
    return ResNet(Basic, (2, 2, 2, 2))


def resnet50() -> ResNet:
    return ResNet(Bottleneck, (3, 4, 6, 3))


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, t, c = x.size()
        q, k, v = (one.view(b, t, self.heads, c // self.heads).transpose(1, 2) for one in self.c_attn(x).split(c, 2))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = SelfAttention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """As small as GPT-2 small by default; the head shares its weight with the embedding."""

    def __init__(
        self, layers: int = 12, width: int = 768, heads: int = 12, words: int = 50257, context: int = 1024
    ) -> None:
        super().__init__()
        self.wte = nn.Embedding(words, width)
        self.wpe = nn.Embedding(context, width)
        self.drop = nn.Dropout(0.1)
        self.h = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, words, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids: Tensor) -> Tensor:
        at = torch.arange(ids.size(1), device=ids.device)
        x = self.drop(self.wte(ids) + self.wpe(at))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


def _twice(given: int, out: int) -> nn.Sequential:
    parts: list[nn.Module] = []
    for size in (given, out):
        parts += [nn.Conv2d(size, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*parts)


class UNet(nn.Module):
    def __init__(self, given: int = 3, classes: int = 2, width: int = 32) -> None:
        super().__init__()
        sizes = [width << i for i in range(5)]
        self.down = nn.ModuleList(_twice(a, b) for a, b in zip([given, *sizes], sizes, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(sizes))
        self.join = nn.ModuleList(_twice(b, a) for a, b in pairwise(sizes))
        self.out = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for i, down in enumerate(self.down):
            x = down(x if i == 0 else self.pool(x))
            kept.append(x)
        for i in reversed(range(4)):
            x = self.join[i](torch.cat([kept[i], self.up[i](x)], dim=1))
        return self.out(x)


class Sentiment(nn.Module):
    def __init__(self, words: int = 20_000, width: int = 128, hidden: int = 256) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width, padding_idx=0)
        self.lstm = nn.LSTM(width, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 2)

    def forward(self, ids: Tensor) -> Tensor:
        out, (h, _) = self.lstm(self.embed(ids))
        return self.fc(torch.cat([h[-2], h[-1]], dim=1)) + 0 * out.mean()


class ViT(nn.Module):
    def __init__(self, size: int = 224, patch: int = 16, width: int = 192, depth: int = 12, heads: int = 3) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.pos = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Linear(width, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1) + self.pos
        return self.head(self.encoder(x)[:, 0])


class Generator(nn.Module):
    """A DCGAN's."""

    def __init__(self, noise: int = 100, width: int = 64) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.ConvTranspose2d(noise, 8 * width, 4, 1, 0, bias=False)]
        for a, b in ((8, 4), (4, 2), (2, 1)):
            parts += [nn.BatchNorm2d(a * width), nn.ReLU(True)]
            parts += [nn.ConvTranspose2d(a * width, b * width, 4, 2, 1, bias=False)]
        self.main = nn.Sequential(*parts, nn.BatchNorm2d(width), nn.ReLU(True), nn.ConvTranspose2d(width, 3, 4, 2, 1))

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.main(z))


class Seq2Seq(nn.Module):
    """A GRU that reads and one that writes, with additive attention at each step."""

    def __init__(self, words: int = 500, width: int = 32, hidden: int = 64) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.encoder = nn.GRU(width, hidden, batch_first=True)
        self.cell = nn.GRUCell(width + hidden, hidden)
        self.score = nn.Linear(2 * hidden, 1)
        self.out = nn.Linear(hidden, words)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory, state = self.encoder(self.embed(source))
        state, written = state[0], []
        for t in range(target.size(1)):
            beside = torch.cat([memory, state[:, None].expand_as(memory)], dim=2)
            weight = self.score(beside).softmax(1)
            context = torch.bmm(weight.transpose(1, 2), memory)[:, 0]
            state = self.cell(torch.cat([self.embed(target[:, t]), context], dim=1), state)
            written.append(self.out(state))
        return torch.stack(written, dim=1)


class Translator(nn.Module):
    def __init__(self, words: int = 1000, width: int = 64) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(words, width), nn.Embedding(words, width)
        self.transformer = nn.Transformer(width, 4, 2, 2, 128, 0.0, batch_first=True)
        self.out = nn.Linear(width, words)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(target.size(1))
        scaled = self.source(source) * math.sqrt(64)
        return self.out(self.transformer(scaled, self.target(target), tgt_mask=mask, tgt_is_causal=True))


MODELS = {
    "resnet18": (resnet18, ("2,3,64,64",)),
    "resnet50": (resnet50, ("2,3,64,64",)),
    "gpt": (lambda: GPT(2, 48, 3, 300, 64), ("2,16:int64",)),
    "unet": (lambda: UNet(width=8), ("2,3,32,48",)),
    "lstm": (lambda: Sentiment(100, 8, 12), ("3,7:int64",)),
    "vit": (lambda: ViT(32, 8, 24, 2), ("2,3,32,32",)),
    "generator": (lambda: Generator(10, 8), ("2,10,1,1",)),
    "seq2seq": (Seq2Seq, ("3,7:int64", "3,5:int64")),
    "translator": (Translator, ("2,9:int64", "2,6:int64")),
}
"""What makes each model, small enough to run for real, and its inputs."""
