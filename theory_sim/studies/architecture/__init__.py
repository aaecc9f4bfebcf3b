"""Order and error in other networks: shared filters, finite width, a narrow network, both layers trained."""
