"""A PyTorch run watched from outside: what its optimisers, losses and layers do, without a change to it."""
