"""The reviewers' questions (THEORY §12), one a file: hypothesis, statistic and decision rule at its head, and the runs."""
