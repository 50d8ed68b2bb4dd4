"""Next-letter model with a big hashed embedding table whose gradients are sparse; two optimisers share the work."""

import inspect
import json

import torch
from torch import nn

torch.manual_seed(9)
text = inspect.getsource(json) + inspect.getdoc(json.JSONEncoder) + inspect.getdoc(json.JSONDecoder)
letters = sorted(set(text))
code = {c: i for i, c in enumerate(letters)}
ids = torch.tensor([code[c] for c in text])
V = len(letters)
TABLE = 4096

contexts = (ids[:-2] * V + ids[1:-1]) % TABLE
targets = ids[2:]
shuffled = torch.randperm(len(targets))
contexts, targets = contexts[shuffled], targets[shuffled]
cut = int(len(targets) * 0.85)

embedding = nn.Embedding(TABLE, 32, sparse=True)
nn.init.normal_(embedding.weight, std=0.1)
output = nn.Linear(32, V)
sparse_optimizer = torch.optim.SparseAdam(embedding.parameters(), lr=1e-2)
dense_optimizer = torch.optim.Adam(output.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()

print("letters", V, "tokens", len(ids))
for step in range(400):
    pick = torch.randint(0, cut, (64,))
    loss = criterion(output(embedding(contexts[pick])), targets[pick])
    sparse_optimizer.zero_grad()
    dense_optimizer.zero_grad()
    loss.backward()
    sparse_optimizer.step()
    dense_optimizer.step()
    if (step + 1) % 100 == 0:
        with torch.no_grad():
            held_out = criterion(output(embedding(contexts[cut:])), targets[cut:])
        print(f"{step + 1} train {loss.item():.3f} held out {held_out.item():.3f}")
