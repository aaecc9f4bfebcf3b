"""Other optimisers than gradient descent."""
