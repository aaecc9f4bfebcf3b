"""Networks for images, a kind a file; PyTorch is imported where one is built."""
