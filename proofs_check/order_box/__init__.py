"""Learning orders certified over a box of parameters (THEORY §14; docs/explanation/order_box.md)."""
