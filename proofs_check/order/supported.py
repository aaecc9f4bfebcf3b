"""Which experiments have a certified order: those whose limit is the equation of THEORY §7, with the logistic loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from theory_sim.errors import Fault, InputError
from theory_sim.experiment import Experiment, require_steps
from theory_sim.experiment.choices import ACTIVATIONS, LOSSES, OPTIMISERS, SAMPLINGS, SCHEDULES

__all__ = ["MOST_STEPS", "require_supported"]

MOST_STEPS: Final = 100_000
"""Steps of the longest run that is certified: direct sums over pairs of steps grow as their square."""


def require_supported(experiment: Experiment) -> None:
    """Raise InputError, with all that stands against it, unless a run can be certified."""
    faults = list(_faults(experiment))
    if faults:
        raise InputError.of(faults)
    require_steps(experiment)
    if experiment.most_steps > MOST_STEPS:
        raise InputError(f"up to {experiment.most_steps:.3g} steps", f"at most {MOST_STEPS}: direct sums grow as their square",
                         "raise the lowest rate, or lower max_tau or max_steps", fields=("max_tau", "max_steps"))


def _faults(e: Experiment) -> Iterator[Fault]:
    for field, chosen, holds, rule in (
        ("data_law", e.data_law, e.has_pq, "the mixture whose kinds have an order (THEORY §1)"),
        ("loss", e.loss, LOSSES[e.loss].in_theory, "a loss with l'' <= 1/4 whose order the theory states (THEORY §14)"),
        ("activation", e.activation, ACTIVATIONS[e.activation].fast_networks and not e.beyond_theory(),
         "the network of THEORY §2: ReLU, no biases, a fixed second layer, output scale 1"),
        ("optimiser", e.optimiser, OPTIMISERS[e.optimiser].in_theory, "gradient descent, whose steps do not amplify errors"),
        ("noise_placement", e.noise_placement, not e.has_placed_noise, "noise on the gradient alone (THEORY §3)"),
        ("sampling", e.sampling, not SAMPLINGS[e.sampling].fresh and not SAMPLINGS[e.sampling].is_users(),
         "mini-batches of the training set, of a built-in sampling"),
        ("schedule", e.schedule, not SCHEDULES[e.schedule].is_users(),
         "a built-in schedule, which a second look computes again"),
        ("tau_0", e.tau_0, e.tau_0_value > 0, "patterns that exist from the start"),
    ):
        if not holds:
            yield Fault(f"{field} = {chosen!r} for a certified order", rule, f"leave {field} out, or change it", (field,))
