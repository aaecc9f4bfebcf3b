"""The theorem at growing dimension."""
