"""Rules of PyTorch's optimisers, each linear in the gradients given what it divides them by (THEORY §15)."""
