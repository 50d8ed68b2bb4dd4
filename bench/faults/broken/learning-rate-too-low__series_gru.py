"""Forecasts the next value of a seasonal series from the last 24 with a GRU; windows are taken in order of time."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def series(n=1400, seed=4):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    season = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(2 * np.pi * t / 7)
    return season + 0.1 * rng.standard_normal(n)


class Windows(Dataset):
    def __init__(self, values, width=24):
        self.values = torch.tensor(values, dtype=torch.float32)
        self.width = width

    def __len__(self):
        return len(self.values) - self.width

    def __getitem__(self, i):
        return self.values[i : i + self.width, None], self.values[i + self.width]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.linear(states[:, -1]).squeeze(-1)


def main():
    torch.manual_seed(4)
    values = series()
    train, test = values[:1100], values[1100:]
    mean, std = train.mean(), train.std()
    train_loader = DataLoader(Windows((train - mean) / std), batch_size=32, shuffle=False)
    test_loader = DataLoader(Windows((test - mean) / std), batch_size=64)
    model = Forecaster()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    for epoch in range(8):
        model.train()
        for window, target in train_loader:
            loss = nn.functional.mse_loss(model(window), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        errors = []
        with torch.no_grad():
            for window, target in test_loader:
                errors.append((model(window) - target) ** 2)
        print(f"epoch {epoch}: train loss {loss.item():.4f}, test mse {torch.cat(errors).mean().item():.4f}")


if __name__ == "__main__":
    main()
