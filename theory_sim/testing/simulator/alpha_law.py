"""The law of alpha, the length of second patches, as far as it says of itself what it is."""

from __future__ import annotations

from theory_sim.data.alpha import AlphaDistribution, AlphaLaw
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ALPHA_LAWS
from theory_sim.testing.simulator.task import Declined

__all__ = ["alpha_distribution"]


def alpha_distribution(experiment: Experiment) -> AlphaDistribution:
    """Distribution of alpha; `Declined` if its law does not give one."""
    chosen = ALPHA_LAWS[experiment.alpha_law]
    assert issubclass(chosen, AlphaLaw), f"{chosen} is an AlphaLaw"
    found = chosen.distribution(experiment)
    if found is None:
        raise Declined(f"alpha_law = {chosen.name!r} says no distribution of alpha")
    return found
