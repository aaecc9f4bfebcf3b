"""Steps, whole runs and noise of experiments beyond THEORY §1-§3: other optimisers, mini-batches, networks, losses, data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from theory_sim.errors import ExperimentError
from theory_sim.testing.simulator import noise_law
from theory_sim.testing.simulator.agreement_law import agrees_with_simulate
from theory_sim.testing.simulator.draw_laws import LEVEL, Broken, BrokenAt
from theory_sim.testing.simulator.runs import Runs
from theory_sim.testing.simulator.search import LOSS_ANNEALED, steps_of_designs
from theory_sim.testing.simulator.task import EXTENSIONS, Declined, NotFollowed, TaskDeclined

__all__ = ["KINDS", "KindBroken", "kind_is_right", "member_is_right"]

Fields = Mapping[str, Any]
_AVERAGES: Final = {"beta_1": 0.8, "beta_2": 0.9}
# An epsilon that is no smaller than gradients are: what is done with it is seen, and rounding does not turn a small gradient.
_ADAPTIVE: Final = {"epsilon": 0.05}
_ANNEALED: Final = {"noise_level": 0.15, "noise_annealing": "with-rate", "noise_factor": 0.25}


def _decays(**fields: Any) -> tuple[Fields, Fields]:
    return {**fields, "decay": "coupled"}, {**fields, "decay": "decoupled"}


KINDS: Final[Mapping[str, tuple[Fields, ...]]] = {
    "optimisers": (
        *_decays(optimiser="heavy-ball", momentum=0.8), *_decays(optimiser="nesterov", momentum=0.8),
        *_decays(optimiser="rmsprop", smoothing=0.9, **_ADAPTIVE), *_decays(optimiser="adam", **_AVERAGES, **_ADAPTIVE),
        {"optimiser": "adamw", **_AVERAGES, **_ADAPTIVE},
        {"optimiser": "adam", **_AVERAGES, **_ADAPTIVE, "preconditioner": "pair", "neurons": "paired"},
    ),
    "mini-batches": tuple({"sampling": name, "N": 10, "batch_size": 4}
                          for name in ("without-replacement", "with-replacement", "epochs", "one-pass")),
    "placed-noise": (
        *({"noise_placement": name, **_ANNEALED} for name in (
            "gradient", "iterates", "iterates-transient", "pre-activations", "pre-activations-shared", "activations",
            "labels")),
        {"noise_placement": "targets", "loss": "squared", **_ANNEALED},
    ),
    "shared-network": ({"network": "shared"}, {"network": "shared", "overlap_z": 0.5}),
    "losses": tuple({"loss": name} for name in ("squared", "exponential", "hinge")),
    "networks": (
        {"activation": "leaky-relu", "leak": 0.1}, *({"activation": name} for name in (
            "linear", "tanh", "erf", "gelu", "softplus")),
        {"biases": True}, {"train_second_layer": True}, {"output_scale": 3.0},
        {"activation": "tanh", "biases": True, "train_second_layer": True, "output_scale": 0.5},
    ),
    "data-laws": (
        {"alpha_law": "fixed"}, {"alpha_law": "two-point"}, {"alpha_law": "power"}, {"label_flips": 0.2}, {"data_law": "xor"},
        {"data_law": "weak-and-strong"},
    ),
}
"""Fields of the experiments of each kind, at which a simulator is tested that follows them."""
# Beside what is drawn freely: every term in the step, and two changes of the rate.
_CHANGES: Final[dict[str, Any]] = {
    "schedule": "pieces", "pieces": ((0.6, 0.3), (1.2, 0.15), (1.5, 0.5)), "eta_1": 0.3, "eta_2": 0.15, "lambda_": 0.1,
    "tau_xi": 0.1, "tau_0": 0.5, "max_steps": 8, "d": 4, "p0": 0.3, "q0": 0.3, "m_W": 6, "m_V": 6, "neurons": "paired",
}
# Fields that name a member.
_NAMING: Final = (*EXTENSIONS, "decay", "preconditioner", "overlap_z")
_EXAMPLES: Final = 6
_WHOLE: Final = 3
_NOISE: Final[tuple[Callable[[list[Any], float], None], ...]] = (
    lambda cases, level: noise_law.partners_share_noise(cases), noise_law.noise_is_independent, noise_law.noise_has_level,
)


class KindBroken(BrokenAt):
    """A law that is broken at experiments of a kind."""


def kind_is_right(runs: Runs, kind: str) -> str:
    """Test steps, whole runs and noise of every member of a kind that the simulator follows.

    Returns
    -------
    str
        What was tested, and what was not.

    Raises
    ------
    KindBroken
        At the first member at which something is wrong.
    Declined
        If nothing could be tested.
    """
    said: dict[str, list[str]] = {}
    reasons: dict[str, list[str]] = {}
    asked: dict[str, None] = {}
    turned_down = False
    members = [fields for fields in KINDS[kind] if all(runs.fixed.get(name, value) == value for name, value in fields.items())]
    for number, fields in enumerate(members):
        name = ", ".join(f"{field} = {value!r}" for field, value in fields.items() if field in _NAMING)
        try:
            tested, left = member_is_right(runs.with_fields(fields), LEVEL / len(members))
        except BrokenAt as broken:
            later = len(members) - number - 1
            raise KindBroken(f"with {name}: {broken}" + (f" ({later} more of this kind were not looked at)" if later else ""),
                             *broken.mistakes, experiment=broken.experiment) from None
        except NotFollowed as declined:
            asked |= dict.fromkeys(declined.fields)
            reasons.setdefault(str(declined), []).append(name)
            continue
        except Declined as declined:
            turned_down |= isinstance(declined, TaskDeclined)
            reasons.setdefault(str(declined), []).append(name)
            continue
        except ExperimentError as error:
            reasons.setdefault(f"no experiment has them beside the fixed fields: {error.found}", []).append(name)
            continue
        said.setdefault(tested, []).append(name)
        for reason in left:
            reasons.setdefault(reason, []).append(name)
    if not said and turned_down:
        raise TaskDeclined("; ".join(reasons))
    if not said and asked:
        raise NotFollowed(tuple(asked))
    if not said:
        raise Declined("; ".join(reasons) or "other values are fixed")
    return "; ".join([f"{what}: {' | '.join(names)}" for what, names in said.items()]
                     + [f"not covered, {reason}: {' | '.join(names)}" for reason, names in reasons.items()])


def member_is_right(runs: Runs, level: float = LEVEL) -> tuple[str, list[str]]:
    """What was tested of the experiments with a member's fields, noise at a level, and why the rest was not."""
    designs = [{}, runs.beside_fixed(_CHANGES), runs.beside_fixed(LOSS_ANNEALED)]
    count = steps_of_designs(runs, designs[: 3 if LOSS_ANNEALED["schedule"] in runs.schedules() else 2], _EXAMPLES)
    tested, left = [f"steps of {count} experiments"], []
    try:
        agrees_with_simulate(runs, _WHOLE)
        tested.append("whole runs")
    except Declined as reason:
        left.append(f"whole runs: {reason}")
    try:
        cases = runs.wide_of_one_law("data", "initial")
        for law in _NOISE if cases[0][0].tau_xi > 0 else ():
            try:
                law(cases, level / len(_NOISE))
            except Broken as broken:
                raise KindBroken(str(broken), *broken.mistakes, experiment=cases[0][0]) from None
        tested.append("noise")
    except Declined as reason:
        left.append(f"noise: {reason}")
    return ", ".join(tested), left
