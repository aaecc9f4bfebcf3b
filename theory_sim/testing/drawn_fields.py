"""Fields of an Experiment, drawn one after another given those that are fixed.

Each draw knows the rules between its field and the others (THEORY §1-§5, `Experiment.faults`), so that nothing is rejected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Final

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from theory_sim.errors import ExperimentError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import CHOSEN, DATA_LAWS, LOSSES, NO_PLACEMENT, OPTIMISERS, PLACEMENTS, SAMPLINGS, SCHEDULES
from theory_sim.experiment.field_rules import attribute_of
from theory_sim.precision import precision_fault
from theory_sim.train.losses import Loss
from theory_sim.train.noise import LabelNoise, PreActivationNoise, WeightNoise
from theory_sim.train.optimisers import LinearOptimiser
from theory_sim.train.sampling import Sampling

__all__ = ["DrawnFields", "draw_fields", "draw_schedule", "fitting_schedules"]

_SCHEDULES: Final = ("L-S", "S", "constant", "step", "cosine", "pieces")
# Far below 2 / (Hessian's top eigenvalue), which is above 2 for inputs of norm 2, and below 2 / lambda.
_LARGEST_RATE: Final = 2.0
_LARGEST_DECAY: Final = 0.1
# Rate x lambda is to be below 2, with room for rounding; of Nesterov's rule below 4/3, the least over all momenta.
_STABLE: Final = 1.9
_STABLE_WITH_MOMENTUM: Final = 1.3
_LEAST: Final = 1e-12
_STEPS: Final = 12
_SIZE: Final = 24
_RATES: Final = ("eta_1", "eta_2", "tau_0_rate")
# Strategies are made once: hypothesis checks each new one, which would take longer than the draw.
_UNIT: Final = st.floats(0.0, 1.0)
_integers: Final = cache(st.integers)
_sampled: Final = cache(st.sampled_from)


class DrawnFields:
    """Values of fields, some of them fixed.

    Parameters
    ----------
    draw : callable
        As hypothesis gives it to a composite strategy; without it nothing is drawn.
    fixed : mapping
        Fields and the values that they keep.

    Attributes
    ----------
    fixed, values : dict
        The fixed ones, and all so far. Each method gives a field a value, unless it has one, and returns what it has.
    alternatives : dict
        Other words of a choice that would read the fixed fields as well.
    """

    def __init__(self, draw: st.DrawFn | None, fixed: Mapping[str, Any]) -> None:
        self.fixed = {attribute_of(name): value for name, value in fixed.items()}
        self.values = dict(self.fixed)
        self.alternatives: dict[str, list[str]] = {}
        if draw is None:
            return
        self.unit: Callable[[], float] = lambda: draw(_UNIT)
        self.integer: Callable[[int, int], int] = lambda low, high: draw(_integers(low, high))
        self.one_of: Callable[[tuple[Any, ...]], Any] = lambda words: draw(_sampled(words))
        self.valid: Callable[[FieldInfo], Any] = lambda info: draw(_values_of(info))

    def between(self, low: float, high: float) -> float:
        """A number of four digits from ``low`` to ``high``; from 0 on, none too small to compute with."""
        drawn = low + (high - low) * self.unit()
        return min(max(float(f"{drawn:.4g}") if drawn >= 1e-4 * high else 0.0, low), high)

    def number(self, name: str, low: float, high: float) -> Any:
        """A field from ``low`` to ``high``."""
        if name not in self.values:
            self.values[name] = self.between(low, high)
        return self.values[name]

    def whole(self, name: str, low: int, high: int, *, times: int = 1) -> Any:
        """A field that is a whole number from ``low`` to ``high``, times another."""
        if name not in self.values:
            self.values[name] = times * self.integer(low, high)
        return self.values[name]

    def word(self, name: str, *words: Any) -> Any:
        """A field that is one of these."""
        if name not in self.values:
            self.values[name] = self.one_of(words)
        return self.values[name]

    def given(self, name: str) -> bool:
        """Whether a field is fixed at something else than nothing."""
        return self.fixed.get(name) is not None

    @property
    def stable(self) -> float:
        """Rate x lambda to stay below."""
        optimiser = OPTIMISERS[self.values.get("optimiser", "gradient-descent")]
        return _STABLE if optimiser.in_theory else _STABLE_WITH_MOMENTUM

    def rates(self) -> list[float]:
        """Learning rates so far."""
        return [*(rate for name in _RATES if (rate := self.values.get(name)) is not None),
                *(rate for _, rate in self.values.get("pieces") or ())]

    def experiment(self) -> Experiment:
        """The experiment, in float64 where rounding would spoil it in float32.

        What a rule that is not known here, such as that of a plug-in, has against drawn fields is met with their defaults; what
        it has against defaults of a choice's own fields, with the least values that these take; and what it has against a
        choice that was drawn because it reads a fixed field, with another one that reads it.
        """
        made = self._made(self.values)
        for kind, others in self.alternatives.items():
            for other in others:
                if isinstance(made, Experiment):
                    break
                found = self._made({**self.values, kind: other})
                made = found if isinstance(found, Experiment) else made
        if isinstance(made, ExperimentError):
            raise made
        if made.single_precision and "dtype" not in self.fixed and precision_fault(made) is not None:
            made = made.replace(dtype="float64")
        return made

    def _made(self, drawn: Mapping[str, Any]) -> Experiment | ExperimentError:
        """The experiment, or why there is none with the fixed fields and these choices."""
        values = dict(drawn)
        free = values.keys() - self.fixed.keys() - {registry.kind for registry in CHOSEN}
        lowered: set[str] = set()
        while True:
            try:
                return Experiment(**values)
            except ExperimentError as error:
                named = {attribute_of(name) for fault in error.faults for name in fault.fields}
                least = _least_own(values, self.fixed, named - lowered)
                blamed = named & free
                if least:
                    lowered |= least.keys()
                    values |= least
                elif not blamed:
                    return error
                free -= blamed
                if "dtype" in blamed and values.get("dtype") == "float32":
                    values["dtype"], free = "float64", free | blamed - {"dtype"}
                else:
                    values = {name: value for name, value in values.items() if name not in blamed}


def _least_own(values: Mapping[str, Any], fixed: Mapping[str, Any], named: set[str]) -> dict[str, Any]:
    """Least values of those own fields of the choices among ``named`` that are not fixed."""
    found: dict[str, Any] = {}
    for registry in CHOSEN:
        chosen = str(values.get(registry.kind))
        for name, info in registry[chosen].own_fields().items() if chosen in registry else ():
            least = [rule.ge for rule in info.metadata if getattr(rule, "ge", None) is not None]
            if name in named and name not in fixed and least:
                found[name] = least[0]
    return found


def draw_fields(fields: DrawnFields) -> None:
    """Draw whatever is not fixed."""
    for registry in CHOSEN:
        # A field that only some choices declare of their own needs one of them.
        asked = [set(registry.readers(name)) for name in fields.fixed if name not in Experiment.model_fields]
        readers = set.intersection(*found) if (found := [names for names in asked if names]) else set()
        if readers:
            chosen = fields.word(registry.kind, *sorted(readers))
            if registry.kind not in fields.fixed:
                fields.alternatives[registry.kind] = sorted(readers - {chosen})
    _draw_data(fields)
    _draw_network(fields)
    draw_schedule(fields)
    _draw_noise(fields)
    _draw_placement(fields)
    _draw_training(fields)
    for registry in CHOSEN:
        chosen = str(fields.values.get(registry.kind))
        for name, info in registry[chosen].own_fields().items() if chosen in registry else ():
            if info.is_required() and name not in fields.values:
                fields.values[name] = fields.valid(info)


def _values_of(info: FieldInfo) -> st.SearchStrategy[Any]:
    """Whatever a plug-in's declaration of a field takes."""
    found: st.SearchStrategy[Any] = st.from_type(Annotated[(info.annotation, *info.metadata)])  # type: ignore[arg-type]
    return found.filter(lambda value: not isinstance(value, float) or math.isfinite(value))


# -- data ---------------------------------------------------------------------------------------------------------------


def _draw_data(fields: DrawnFields) -> None:
    n = _draw_size(fields)
    p0 = fields.number("p0", 0.0, 1.0 - fields.fixed.get("q0", 0.0))
    share = fields.values["d"] / (2 * n) if p0 is None else p0
    fields.number("q0", 0.0, max(0.0, 1.0 - share))
    fields.number("g0", 0.0, 2.0)
    fields.number("r", 0.05, 1.0)
    least = fields.number("alpha_min", 0.0, min(1.0, fields.fixed.get("alpha_max", 1.0)))
    fields.number("alpha_max", max(0.1, least), max(1.0, least))
    fields.word("counts", "random", "exact")
    fields.whole("n_test", 1, 4)
    sampling = SAMPLINGS[fields.values.get("sampling", "without-replacement")]
    batches = (1,) if issubclass(sampling, Sampling) and sampling.needs_batch else (None, 1)
    if fields.word("batch_size", *batches) == 1 and "batch_size" not in fields.fixed:
        fields.values["batch_size"] = fields.integer(1, min(n, _SIZE))


def _draw_size(fields: DrawnFields) -> int:
    """N, which a batch fits into, by the field itself or by d and kappa."""
    fixed = fields.fixed
    if fixed.get("overlap_z", 0.0) != 0:
        fields.word("network", "shared")
    law: str = fields.values.get("data_law", "")
    least_d = DATA_LAWS[law].least_d if law in DATA_LAWS else 1
    least_d = 3 if fields.values.get("network") == "shared" else least_d
    least_n = fixed.get("batch_size") or 1
    if fixed.get("N", 0) is None or fields.given("kappa"):
        kappa = fields.number("kappa", 0.5, 1.0) or 0.5
        least_d = max(least_d, math.ceil(least_n * kappa**2))
        d: int = fields.whole("d", least_d, least_d + 8)
        return max(1, round(d / kappa**2))
    largest_d = 8
    if fixed.get("p0", 0.0) is None:  # p0 is then d / (2 N), and at most 1 - q0
        share = max(2.0 * (1.0 - fixed.get("q0", 0.0)), 1e-6)
        least_n = max(least_n, math.ceil(fixed.get("d", least_d) / share))
        largest_d = min(8, math.floor(fixed.get("N", least_n) * share))
    n: int = fields.whole("N", least_n, max(_SIZE, least_n + 8))
    fields.whole("d", least_d, max(least_d, largest_d))
    return n


# -- network ------------------------------------------------------------------------------------------------------------


def _draw_network(fields: DrawnFields) -> None:
    odd = any(fields.fixed.get(name, 0) % 2 for name in ("m_W", "m_V"))
    neurons = fields.word("neurons", *(["independent"] if odd else ["paired", "independent", "balanced"]))
    step = 1 if neurons == "independent" else 2
    for name in ("m_W", "m_V"):
        fields.whole(name, 1, _SIZE // step, times=step)
    fields.word("dtype", "float32", "float64")


# -- learning rate and weight decay -------------------------------------------------------------------------------------


def draw_schedule(fields: DrawnFields) -> None:
    """Draw a schedule that reads the fixed fields, and its rates, below 2 / lambda."""
    fixed = fields.fixed
    largest = min(_LARGEST_RATE, fields.stable / max(fixed.get("lambda_", 0.0), _LEAST))
    law = fields.word("schedule", *fitting_schedules(fields))
    reads = SCHEDULES[law].reads if law in SCHEDULES else ()  # an unknown one is refused when the experiment is made
    if "pieces" not in reads:
        least = fixed.get("eta_2", 0.0) if fixed.get("eta_2", 0.0) * fixed.get("lambda_", 0.0) < 2 else 0.0
        eta_1 = fields.number("eta_1", max(0.025 * largest, least), max(largest, least))
        fields.number("eta_2", min(eta_1, 0.005 * largest), min(eta_1, 0.5 * largest))
    if "epsilon_1" in reads:
        least = fixed.get("epsilon_2") or 0.0
        fields.number("epsilon_1", 0.05 + least, 1.0 + least)
    if "step_tau" in reads:
        fields.number("step_tau", 0.1, 5.0)
        fields.number("step_factor", 0.1, 1.0)
    if "pieces" in reads and "pieces" not in fixed:
        until = sorted({fields.integer(1, 40) for _ in range(fields.integer(1, 4))})
        fields.values["pieces"] = tuple((t / 4, fields.between(0.025 * largest, largest)) for t in until)


def fitting_schedules(fields: DrawnFields) -> list[str]:
    """Schedules that can have the fixed fields, and among them those that read the most of these."""
    fixed, decay = fields.fixed, fields.fixed.get("lambda_", 0.0)
    stop = fixed.get("epsilon_2") or 0.0

    def fits(name: str) -> bool:
        reads = SCHEDULES[name].reads
        rates = [rate for field in _RATES if field in reads and (rate := fixed.get(field)) is not None]
        return not (
            any(rate * decay >= 2 for rate in rates)
            or any(field in reads and fixed.get(field, ()) is None for field in Experiment.fields_of_one_schedule())
            or ("pieces" not in reads and fields.given("pieces"))
            or ("epsilon_1" in reads and stop >= fixed.get("epsilon_1", 1.0))  # it anneals before it stops
        )

    fitting = [name for name in _SCHEDULES if fits(name)] or list(_SCHEDULES)
    read = {name: sum(name in SCHEDULES.readers(field) for field in fixed) for name in fitting}
    return [name for name in fitting if read[name] == max(read.values())]


# -- noise --------------------------------------------------------------------------------------------------------------


def _draw_noise(fields: DrawnFields) -> None:
    """Draw lambda, tau_xi and tau_0, which is stationary only with both of the others."""
    fixed = fields.fixed
    largest = max(_LEAST, min(_LARGEST_DECAY, fields.stable / max(fields.rates(), default=1.0)))
    stationary = fixed.get("tau_0") == "stationary" or fields.given("tau_0_rate")
    lawful = issubclass(OPTIMISERS[fields.values.get("optimiser", "gradient-descent")], LinearOptimiser)
    if "lambda_" not in fixed:
        decayed = stationary or fields.one_of((False, True))
        fields.values["lambda_"] = fields.between(max(0.01 * largest, _LEAST), largest) if decayed else 0.0
    tau_xi = fields.number("tau_xi", 0.01 if stationary or fixed.get("tau_0") == 0 else 0.0, 0.2)
    lambda_ = fields.values["lambda_"]
    if "tau_0" not in fixed and not stationary and lawful and lambda_ > 0 and tau_xi > 0:
        stationary = fields.one_of((False, True))
    if not stationary:
        fields.number("tau_0", 0.01, 1.0)
        return
    fields.word("tau_0", "stationary")
    highest = min(_LARGEST_RATE, fields.stable / max(lambda_, _LEAST))
    if fields.number("tau_0_rate", 0.025 * highest, highest) is None:  # then it is eta_1's
        fields.number("eta_1", 0.025 * highest, highest)


def _draw_placement(fields: DrawnFields) -> None:
    """Draw placed noise, if a fixed field asks for it."""
    fixed = fields.fixed
    annealed = fixed.get("noise_annealing", "never") != "never" or fixed.get("noise_factor", 0.0) != 0
    placed = fields.values.get("noise_placement", NO_PLACEMENT) != NO_PLACEMENT
    if fixed.get("noise_level", 0.0) == 0 and not annealed and not placed:
        return
    moving = fixed.get("patterns", "moving") == "moving"
    fitting = [name for name in PLACEMENTS.names() if moving or not issubclass(PLACEMENTS[name], PreActivationNoise)]
    if not OPTIMISERS[fields.values.get("optimiser", "gradient-descent")].in_theory:
        fitting = [name for name in fitting if not issubclass(PLACEMENTS[name], WeightNoise)]
    # Not noise on labels: it is rarely what is asked for by a level or its annealing, and not every loss or level takes it.
    fitting = [name for name in fitting if not issubclass(PLACEMENTS[name], LabelNoise)]
    chosen = fields.word("noise_placement", *fitting)
    if chosen == NO_PLACEMENT:
        return
    kind = PLACEMENTS[chosen]
    if issubclass(kind, LabelNoise) and kind.needs_targets:
        fields.word("loss", *(each.name for each in LOSSES if issubclass(each, Loss) and each.of_targets))
    fields.number("noise_level", 0.01, 0.2)
    if "noise_annealing" not in fixed:
        never = [] if fixed.get("noise_factor", 0.0) != 0 else ["never"]
        found = fields.one_of(("with-rate", "tau", *never))
        fields.values["noise_annealing"] = fields.between(0.1, 5.0) if found == "tau" else found
    if fields.values["noise_annealing"] != "never":
        fields.number("noise_factor", 0.0, 1.0)


# -- training -----------------------------------------------------------------------------------------------------------


def _draw_training(fields: DrawnFields) -> None:
    if fields.whole("max_steps", 1, _STEPS) is None:
        fields.values.setdefault("max_tau", max(_LEAST, fields.integer(1, _STEPS) * min(fields.rates(), default=1.0)))
    fields.whole("seed", 0, 2**32)
    fields.number("record_every", 0.05, 2.0)
