"""A variational autoencoder of the digits: Bernoulli pixels, two-layer encoder, reparametrised Gaussian code."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self, latent=6, hidden=64):
        super().__init__()
        self.enc = nn.Linear(64, hidden)
        self.mu = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        self.dec1 = nn.Linear(latent, hidden)
        self.dec2 = nn.Linear(hidden, 64)

    def encode(self, x):
        h = F.relu(self.enc(x))
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec2(F.relu(self.dec1(z))), mu, logvar


def elbo(logits, x, mu, logvar):
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return (reconstruction + kl).mean()


def main():
    torch.manual_seed(8)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    x = x[torch.randperm(len(x))]
    loader = DataLoader(x[:1500], batch_size=60, shuffle=True)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-6)
    for epoch in range(15):
        model.train()
        total = 0.0
        for xb in loader:
            optimizer.zero_grad()
            logits, mu, logvar = model(xb)
            loss = elbo(logits, xb, mu, logvar)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            logits, mu, logvar = model(x[1500:])
            test = elbo(logits, x[1500:], mu, logvar).item()
        print(f"epoch {epoch} train {total / len(loader):.2f} test {test:.2f}")


if __name__ == "__main__":
    main()
