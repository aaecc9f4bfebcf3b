"""One type of feature: the XOR law."""
