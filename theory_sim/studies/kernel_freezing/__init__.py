"""When patterns stop: second edition of kernel-change."""
