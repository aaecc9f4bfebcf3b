"""What a changing kernel costs in Theorem C.2, at a rate at which the steps cost little."""
