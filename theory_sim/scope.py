"""What the theory covers of an experiment: closed forms, conditions, predicted orders, and the closure (THEORY §8, §9, §16)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, CHOSEN, LOSSES, SCHEDULES, AnyChoices
from theory_sim.train.losses import make_loss

__all__ = ["LEAST_D", "has_order", "outside_of_closure", "outside_of_theory", "uncovered"]

LEAST_D: Final = 2
"""Smallest d: with one dimension nothing is across w*."""


def outside_of_theory(experiment: Experiment) -> list[Fault]:
    """Fields whose choice the closed forms, the conditions and the predicted order say nothing of.

    They are derived for the logistic loss of THEORY §3 on the data of §1, for ReLU. Each thing that can be chosen declares by
    `in_theory` whether it stays within.

    Returns
    -------
    list of Fault
        Empty if they apply.
    """
    return [*_not_derived(experiment, CHOSEN), *_beyond_theory(experiment), *_of_one_dimension(experiment)]


def outside_of_closure(experiment: Experiment, *, squared: bool = False) -> list[Fault]:
    """Fields whose choice the closure says nothing of, the engine's own rules apart.

    They are those of `outside_of_theory`, but for an activation of two straight lines: of it the closure contains nothing but
    two constants of its kernel. Closed forms and predicted orders contain what a finite width does, too, measured on ReLU.
    With ``squared`` squared loss is covered as well, as it is in the mean field.
    """
    e = experiment
    covered = [ACTIVATIONS, *([LOSSES] if squared and make_loss(e).of_targets else [])]
    faults = _not_derived(e, [registry for registry in CHOSEN if not any(registry is each for each in covered)])
    if e.kernel_constants is None:
        within = " or ".join(repr(each.name) for each in ACTIVATIONS if each.two_lines)
        faults.append(Fault(f"activation = {e.activation!r}", f"the closure is of activation = {within}: of two straight lines",
                            f"set activation = {within}", ("activation",)))
    elif not ACTIVATIONS[e.activation].in_theory and e.tau_0_value == 0:
        faults.append(Fault(f"tau_0 = 0 with activation = {e.activation!r} in the closure", "phi' at 0 is that of neither line",
                            "give a small tau_0", ("tau_0", "activation")))
    return [*faults, *_beyond_theory(e), *_of_one_dimension(e)]


def _not_derived(e: Experiment, registries: Iterable[AnyChoices]) -> list[Fault]:
    """Choices of these registries that are outside of the theory."""
    faults = []
    for registry in registries:
        kind, name = registry.kind, getattr(e, registry.kind)
        if name not in registry or registry[name].in_theory:
            continue
        within = " or ".join(repr(each.name) for each in registry if each.in_theory)
        subject = f"the closed forms and the {'predicted orders' if registry is ACTIVATIONS else 'closure'} are"
        faults.append(Fault(f"{kind} = {name!r}", f"{subject} of {kind} = {within} (THEORY §8, §16)",
                            f"set {kind} = {within}", (kind,)))
    return faults


def _beyond_theory(e: Experiment) -> list[Fault]:
    """Freedoms of the network, the activation apart, that are outside of the theory."""
    return [Fault(f"{field} = {getattr(e, field)!r}",
                  "the closed forms and the closure are of the network of THEORY §2, which has neither biases nor a trained "
                  "second layer nor a scaled output", f"leave {field} out",
                  (field,))
            for field in e.beyond_theory()]


def _of_one_dimension(e: Experiment) -> Iterator[Fault]:
    """P patches are then all along w*: their kernel's arc sine, of order 1 / d elsewhere, is as large as its rest."""
    if e.d < LEAST_D:
        yield Fault(f"d = {e.d:g}", f"d from {LEAST_D} on: closed forms, closure and mean field are of many directions across "
                    "w*, and there are d - 1", "raise d", ("d",))


def has_order(experiment: Experiment) -> bool:
    """Whether its schedule is one of the two of which an order is predicted."""
    chosen = SCHEDULES[experiment.schedule]
    return chosen.has_order and not chosen.is_users()  # a user's may be made of one of the two, with another rate


def uncovered(experiment: Experiment) -> list[str]:
    """What about an experiment the predictions leave out, as warnings; empty if they cover it."""
    e = experiment
    found = [f"{fault.found}: closed forms, conditions and predicted orders do not apply; {fault.rule}"
             for fault in outside_of_theory(e)]
    if not has_order(e):
        found.append(f"schedule {e.schedule!r}: an order is predicted for S and L-S only")
    rates = e.rates()
    if rates.get("eta_2", 0.0) > rates.get("eta_1", math.inf):
        found.append(f"eta_2 = {rates['eta_2']:g} above eta_1 = {rates['eta_1']:g}: annealing would raise the rate; the "
                     "theory is of one that falls; lower eta_2, or raise eta_1")
    if e.shared_filters:
        found.append("network = 'shared': the prediction is of the split network")
    if e.batch_size is not None:
        found.append(f"batch_size = {e.batch_size}: the prediction leaves mini-batch noise out")
    if e.train_second_layer and e.paired:
        found.append("train_second_layer = True: the second-layer weights of a pair do not stay opposite, and the noise that "
                     "its neurons share is then heard in the output; lower tau_0 and tau_xi if the run diverges")
    if e.label_flips > 0:
        found.append(f"label_flips = {e.label_flips:g}: the prediction is of labels that are right")
    if e.has_placed_noise:
        found.append(f"noise_placement = {e.noise_placement!r}: the prediction leaves this noise out")
    return found
