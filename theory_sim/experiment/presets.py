"""Built-in experiments: a name, what it is for, and the fields that differ from the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True)
class Preset:
    """A named starting point; fields not listed keep the defaults of Experiment."""

    summary: str
    fields: dict[str, float] = field(default_factory=dict)


PRESETS = {
    "default": Preset("the experiment of the README, d = 200: L-S learns P first, S learns Q first; about 10 s a run"),
    "quick": Preset(
        "the same order in about a second a run: fewer neurons, noise and initial weights ten times larger",
        {"m_W": 200, "m_V": 20_000, "tau_xi": 0.0789},
    ),
    "marginal": Preset(
        "the paper's inputs (alpha on [0, 1]) and a smaller lambda: the large rate only just hides Q",
        {"q0": 0.3, "r": 0.5, "lambda": 2e-4, "alpha_min": 0.0, "tau_xi": 0.005, "eta_1": 16.0, "eta_2": 0.16,
         "m_W": 1000, "m_V": 100_000},
    ),
    "clear": Preset(
        "d = 400 and the paper's inputs: the two learning times are further apart; slower",
        {"d": 400, "q0": 0.3, "r": 0.4, "lambda": 2e-4, "alpha_min": 0.0, "tau_xi": 0.005, "eta_1": 16.0,
         "eta_2": 0.16, "max_tau": 2000.0},
    ),
    "gap": Preset(
        "d = 2000, where the theory puts a gap in test error; for the limit (--engine limit --time flow --spatial mean)",
        {"d": 2000, "kappa": 0.5, "q0": 0.3, "r": 0.2, "lambda": 7e-5, "tau_xi": 0.001, "eta_1": 16.0, "eta_2": 0.0016,
         "epsilon_1": 0.18, "max_tau": 12_000.0, "record_every": 25.0, "n_test": 1},
    ),
    "large-d": Preset(
        "d = 10 000, for the limit (--engine limit --time flow --spatial mean): minutes a run; too large for a finite width",
        {"d": 10_000, "q0": 0.3, "r": 0.1, "lambda": 1e-5, "alpha_min": 0.0, "tau_xi": 0.001, "eta_1": 16.0,
         "eta_2": 0.16, "epsilon_1": 0.235, "max_tau": 45_000.0, "record_every": 250.0, "m_V": 1_000_000},
    ),
}
