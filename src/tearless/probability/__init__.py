"""How sure a model is: evidence, distributions, softmax and what is drawn from it."""
