"""Digit classifier with dropout and label smoothing; weight decay only on the matrices."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(23)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
to = lambda a: torch.tensor(a / 16, dtype=torch.float32)  # noqa: E731
X_train, X_test = to(X_train), to(X_test)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(64, 128)
        self.l2 = nn.Linear(128, 64)
        self.l3 = nn.Linear(64, 10)
        self.drop = nn.Dropout(0.95)

    def forward(self, x):
        x = self.drop(torch.relu(self.l1(x)))
        x = self.drop(torch.relu(self.l2(x)))
        return self.l3(x)


model = MLP()
decayed = [p for p in model.parameters() if p.ndim > 1]
plain = [p for p in model.parameters() if p.ndim <= 1]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], lr=2e-3
)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

for epoch in range(16):
    model.train()
    for idx in torch.randperm(len(X_train)).split(64):
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(X_test)
        print(
            epoch,
            f"{loss.item():.3f} {criterion(out, y_test).item():.3f} {(out.argmax(1) == y_test).float().mean():.3f}",
        )
