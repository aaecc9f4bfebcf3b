"""Places at which noise can be added beside xi, one a file, and the choice among them ([F 25-30], THEORY §12)."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.train.noise.activations import ActivationNoise
from theory_sim.train.noise.base import OutputNoise, Placement, PreActivationNoise, Sites, WeightNoise
from theory_sim.train.noise.gradient import GradientNoise
from theory_sim.train.noise.iterates import IterateNoise
from theory_sim.train.noise.per_example import PerExampleNoise
from theory_sim.train.noise.shared import SharedNoise
from theory_sim.train.noise.transient import TransientNoise

__all__ = ["OutputNoise", "Placement", "PreActivationNoise", "SharedNoise", "Sites", "WeightNoise", "placement_of"]

_PLACEMENTS: dict[str, type[Placement]] = {
    "pre-activations": PerExampleNoise, "pre-activations-shared": SharedNoise, "activations": ActivationNoise,
    "gradient": GradientNoise, "iterates": IterateNoise, "iterates-transient": TransientNoise,
}


def placement_of(experiment: Experiment) -> Placement | None:
    """Placement of an experiment, None if it adds no noise but xi."""
    if experiment.noise_placement == "none":
        return None
    return _PLACEMENTS[experiment.noise_placement](experiment)
