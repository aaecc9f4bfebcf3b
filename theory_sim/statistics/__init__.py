"""Numbers in, numbers out: means and shares with their intervals, paired comparisons, censored times, power laws."""
