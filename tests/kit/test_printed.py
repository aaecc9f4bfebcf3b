"""A finding fits a terminal, alone as in its report, and what it shows is Python that can be copied."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.report import Finding, Report


def test_a_finding_fits_a_terminal() -> None:
    shown = Experiment(name="a-" * 10, d=17, r=0.4, eta_1=3.0)
    finding = Finding("a step", "broken", "the weights differ " * 20, shown, ("noise that is too large " * 4,))
    lines = str(finding).splitlines()
    assert max(map(len, lines)) <= 80 and " ".join(str(finding).split()).endswith(f"shown by {' '.join(repr(shown).split())}")
    assert str(Report((finding,))).startswith(str(finding))
