"""Training: loss, learning-rate schedules, mini-batches, stop rules; one algorithm a short file."""
