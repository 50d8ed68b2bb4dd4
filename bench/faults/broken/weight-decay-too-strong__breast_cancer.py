"""Tells malignant from benign tumours with a small network, binary cross-entropy on logits and AdamW."""

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class Tumours(Dataset):
    def __init__(self, features, labels):
        self.features = torch.as_tensor(features, dtype=torch.float32)
        self.labels = torch.as_tensor(labels, dtype=torch.float32)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.features[i], self.labels[i]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.layers(x).squeeze(1)


def main():
    torch.manual_seed(42)
    X, y = load_breast_cancer(return_X_y=True)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)
    scaler = StandardScaler()
    X_tr = scaler.fit_transform(X_tr)
    X_te = scaler.transform(X_te)
    train_dl = DataLoader(Tumours(X_tr, y_tr), batch_size=32, shuffle=True)
    test_dl = DataLoader(Tumours(X_te, y_te), batch_size=114)

    model = Classifier()
    criterion = nn.BCEWithLogitsLoss()
    optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=60.0)

    for epoch in range(20):
        model.train()
        for xb, yb in train_dl:
            logits = model(xb)
            loss = criterion(logits, yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            for xb, yb in test_dl:
                logits = model(xb)
                val_loss = criterion(logits, yb).item()
                acc = ((logits > 0).float() == yb).float().mean().item()
        print(f"epoch {epoch:2d} train {loss.item():.4f} val {val_loss:.4f} acc {acc:.4f}")


if __name__ == "__main__":
    main()
