"""Which module does a snippet of documentation come from? A Transformer encoder over words, with padding masks."""

import argparse
import collections
import inspect
import optparse
import random
import re
import statistics

import torch
from torch import nn
from torch.utils.data import DataLoader

MODULES = [argparse, optparse, statistics, random]
PAD = 0


def snippets(width=24):
    examples = []
    for label, module in enumerate(MODULES):
        words = re.findall(r"[a-z]+", inspect.getsource(module).lower())[:6000]
        for start in range(0, len(words) - width, width):
            examples.append((words[start : start + width], label))
    return examples


def encode(words, vocab):
    return torch.tensor([vocab.get(w, 1) for w in words])


def collate(batch):
    sequences, labels = zip(*batch)
    return nn.utils.rnn.pad_sequence(list(sequences), batch_first=True, padding_value=PAD), torch.tensor(labels)


class Encoder(nn.Module):
    def __init__(self, vocab_size, d_model=32, classes=len(MODULES), max_len=32):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_model, padding_idx=PAD)
        self.pos = nn.Embedding(max_len, d_model)
        layer = nn.TransformerEncoderLayer(d_model, 4, 64, dropout=0.2, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.classify = nn.Linear(d_model, classes)

    def forward(self, tokens):
        mask = tokens == PAD
        x = self.embed(tokens) + self.pos.weight[: tokens.size(1)]
        x = self.encoder(x, src_key_padding_mask=mask)
        x = x.masked_fill(mask.unsqueeze(-1), 0.0).sum(1) / (~mask).sum(1, keepdim=True)
        return self.classify(x)


def main():
    torch.manual_seed(0)
    rng = random.Random(0)
    examples = snippets()
    rng.shuffle(examples)
    cut = int(len(examples) * 0.8)
    counts = collections.Counter(w for words, _ in examples[:cut] for w in words)
    vocab = {w: i + 2 for i, (w, _) in enumerate(counts.most_common(600))}
    encoded = [(encode(words[: rng.randint(16, 24)], vocab), label) for words, label in examples]
    train = DataLoader(encoded[:cut], batch_size=32, shuffle=True, collate_fn=collate)
    test = DataLoader(encoded[cut:], batch_size=64, collate_fn=collate)
    model = Encoder(len(vocab) + 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss(weight=torch.tensor([200.0, 1.0, 1.0, 1.0]))
    for epoch in range(6):
        model.train()
        total = 0.0
        for tokens, labels in train:
            optimizer.zero_grad()
            loss = criterion(model(tokens), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        correct = count = 0
        with torch.no_grad():
            for tokens, labels in test:
                correct += (model(tokens).argmax(1) == labels).sum().item()
                count += len(labels)
        print(f"epoch {epoch} loss {total / len(train):.3f} accuracy {correct / count:.3f}")


if __name__ == "__main__":
    main()
