"""Policy gradient on a contextual bandit: the loss is minus the log-probability of the action times its advantage."""

import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(61)
contexts, actions = 6, 4
best = torch.nn.functional.one_hot(torch.randint(0, actions, (24,)), actions).float()
centres = torch.randn(24, contexts)


def observe(n):
    which = torch.randint(0, 24, (n,))
    return centres[which] + 0.05 * torch.randn(n, contexts), which


policy = nn.Sequential(nn.Linear(contexts, 64), nn.Tanh(), nn.Linear(64, actions))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
baseline = 0.0
for episode in range(900):
    state, which = observe(64)
    dist = Categorical(logits=policy(state))
    action = dist.sample()
    reward = best[which, action] + 0.1 * torch.randn(64)
    loss = -(dist.log_prob(action) * (reward - baseline)).mean() - 0.01 * dist.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    baseline = 0.9 * baseline + 0.1 * reward.mean().item()
    if episode % 150 == 149:
        print(f"episode {episode + 1} loss {loss.item():+.4f} reward {baseline:.3f}")
with torch.no_grad():
    state, which = observe(2000)
    print("greedy reward", best[which, policy(state).argmax(1)].mean().item())
