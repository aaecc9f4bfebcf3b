"""Mini-batches without injected noise, over rate and batch size."""
