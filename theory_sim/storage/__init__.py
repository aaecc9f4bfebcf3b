"""Files and folders that the program writes: one way to write, to read back, to replace and to remove them."""
