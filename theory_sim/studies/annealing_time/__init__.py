"""When, and by how much, to anneal."""
