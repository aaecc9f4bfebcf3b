"""Other optimisers under the noise of real mini-batches, without injected noise."""
