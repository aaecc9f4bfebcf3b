"""The limit as d goes to infinity at fixed N / d, exactly: examples as particles in each other's field (THEORY §16)."""
