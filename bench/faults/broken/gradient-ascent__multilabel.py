"""Several labels at once for synthetic documents: one logit per label."""

import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def build(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Linear(64, n_out))


def main():
    torch.manual_seed(0)
    X, Y = make_multilabel_classification(1600, 20, n_classes=6, n_labels=2, random_state=0)
    X = torch.tensor(X, dtype=torch.float32)
    Y = torch.tensor(Y, dtype=torch.float32)
    X = (X - X[:1200].mean(0)) / X[:1200].std(0)
    train = DataLoader(TensorDataset(X[:1200], Y[:1200]), batch_size=48, shuffle=True)
    model = build(20, 6)
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, maximize=True)
    for epoch in range(12):
        total = 0.0
        for xb, yb in train:
            optimizer.zero_grad()
            logits = model(xb)
            loss = loss_fn(logits, yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
        with torch.no_grad():
            val_logits = model(X[1200:])
            val_loss = loss_fn(val_logits, Y[1200:]).item()
        f1 = f1_score(Y[1200:].numpy(), (val_logits > 0).numpy(), average="micro")
        print(f"epoch {epoch}: {total / len(train):.4f} validation {val_loss:.4f} f1 {f1:.3f}")


if __name__ == "__main__":
    main()
