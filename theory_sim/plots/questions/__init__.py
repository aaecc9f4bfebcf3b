"""Figures of the studies of the reviewers' questions: a study's table in, a Figure out, under the study's own name."""
