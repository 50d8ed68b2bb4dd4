"""Convolutional digit classifier, computed in bfloat16 where that is safe (autocast)."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def conv_block(c_in, c_out):
    first = nn.Conv2d(c_in, c_out, 3, padding=1)
    second = nn.Conv2d(c_out, c_out, 3, padding=1)
    third = nn.Conv2d(c_out, c_out, 3, padding=1)
    for conv in (first, second, third):
        nn.init.kaiming_uniform_(conv.weight, a=0)
        conv.weight.data *= 5
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third, nn.ReLU(), nn.MaxPool2d(2))


def main():
    torch.manual_seed(29)
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    loader = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=70, shuffle=True)
    model = nn.Sequential(conv_block(1, 16), conv_block(16, 16), nn.Flatten(), nn.Linear(64, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    epochs = 5
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=epochs * len(loader))
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        for xb, yb in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = loss_fn(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        model.eval()
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            acc = (model(x[1400:]).argmax(1) == y[1400:]).float().mean().item()
        print(f"epoch {epoch}: loss {loss.item():.4f} accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
