"""Says whether two digit images show the same number: twin encoder with the cosine embedding loss."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Pairs(Dataset):
    def __init__(self, x, y, size, seed):
        g = torch.Generator().manual_seed(seed)
        self.x = x
        self.items = []
        for k in range(size):
            i = torch.randint(0, len(y), (1,), generator=g).item()
            same = k % 2 == 0
            pool = torch.nonzero(y == y[i] if same else y != y[i]).flatten()
            j = pool[torch.randint(0, len(pool), (1,), generator=g)].item()
            self.items.append((i, j, 1.0 if same else -1.0))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, k):
        i, j, same = self.items[k]
        return self.x[i], self.x[j], same


def main():
    torch.manual_seed(89)
    digits = load_digits()
    x = torch.tensor(digits.data, dtype=torch.float32) / 16
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x))
    x, y = x[order] - x.mean(0), y[order]
    train = DataLoader(Pairs(x[:1400], y[:1400], 3000, 1), batch_size=60, shuffle=True)
    test = DataLoader(Pairs(x[1400:], y[1400:], 600, 2), batch_size=300)
    encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
    optimizer = torch.optim.Adam(encoder.parameters(), lr=2e-3)
    loss_fn = nn.CosineEmbeddingLoss(margin=0.2)
    for epoch in range(6):
        encoder.train()
        for a, b, same in train:
            loss = loss_fn(encoder(a), encoder(b), same)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        encoder.eval()
        right = []
        with torch.no_grad():
            for a, b, same in test:
                right.append((torch.cosine_similarity(encoder(a), encoder(b)) > 0.5) == (same > 0))
        print(f"epoch {epoch} loss {loss.item():.4f} right {torch.cat(right).float().mean().item():.3f}")


if __name__ == "__main__":
    main()
