"""Studies on real images, a file each."""
