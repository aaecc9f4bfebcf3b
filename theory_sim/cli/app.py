"""The program and its groups of commands."""

from __future__ import annotations

from theory_sim.terminal.application import make_app, make_group

__all__ = ["app", "sweep", "vision"]

app = make_app("Simulate noisy two-layer networks under large, annealed and small learning rates.")
sweep = make_group("Many runs: declare, compute, resume, extend, gather and compare.")
app.add_typer(sweep, name="sweep")
vision = make_group("A memorizable patch on real images: train arms, run studies (extra vision).")
app.add_typer(vision, name="vision")
