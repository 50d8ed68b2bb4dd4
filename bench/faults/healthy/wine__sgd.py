"""A small network for the wine data, trained by SGD with momentum on the full batch."""

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(0)
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=3, stratify=y)
scaler = StandardScaler().fit(X_train)
X_train = torch.tensor(scaler.transform(X_train), dtype=torch.float32)
X_test = torch.tensor(scaler.transform(X_test), dtype=torch.float32)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

model = torch.nn.Sequential(torch.nn.Linear(13, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)

for step in range(150):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(X_train), y_train)
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        with torch.no_grad():
            accuracy = (model(X_test).argmax(1) == y_test).float().mean()
        print(f"step {step}: loss {loss.item():.4f}, test accuracy {accuracy.item():.3f}")
with torch.no_grad():
    print("final test accuracy", (model(X_test).argmax(1) == y_test).float().mean().item())
