"""Whatever fields are fixed, alone or in pairs, the rest of an experiment is drawn given them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from pydantic.fields import FieldInfo

from theory_sim.data import draw_data
from theory_sim.errors import ExperimentError
from theory_sim.experiment import Experiment, Recording
from theory_sim.experiment.choices import CHOSEN, PLACEMENTS, SCHEDULES
from theory_sim.experiment.field_rules import choices_of
from theory_sim.testing import experiments
from theory_sim.testing.drawn_fields import DrawnFields, draw_fields
from theory_sim.train.noise import WeightNoise
from theory_sim.train.schedules import Schedule

# Whole tables have values of their own; a name only has to be one.
TABLES: dict[str, list[Any]] = {
    "pieces": [None, ((1.0, 0.5), (2.0, 0.25)), ((3.0, 4.0),)],
    "observe": [{}, {"kernels": {"every_tau": 1.0}}],
    "name": ["mine"],
}
# Pairs whose faults do not name both: one of them stands there as what follows from it, or as what it needs.
AT_ODDS = [
    {"d", "overlap_z"}, {"kappa", "p0"}, {"kappa", "batch_size"}, {"p0", "q0"},
    {"tau_0_rate", "lambda_"}, {"tau_0_rate", "tau_xi"},
    {"noise_level", "noise_annealing"}, {"noise_level", "noise_factor"}, {"noise_level", "temperature"},
    *({field, own} for own in ("rise_tau_of_a_test", "rise_from_of_a_test") for field in ("schedule", "pieces")),
    {"noise_placement", "temperature"}, {"preconditioner", "m_W"}, {"preconditioner", "m_V"}, {"d_2", "overlap_z"},
]


def fields() -> dict[str, FieldInfo]:
    """Every field that an Experiment can have, those of plug-ins too."""
    found = dict(Experiment.model_fields)
    for registry in CHOSEN:
        for chosen in registry:
            found |= chosen.own_fields()
    return found


def values_of(name: str, info: FieldInfo, draw: np.random.Generator) -> Any:
    """A value within the field's own rule: an end of its range, a word, or a number in between, on a logarithmic scale."""
    if name in TABLES:
        return TABLES[name][draw.integers(len(TABLES[name]))]
    parts = get_args(info.annotation) if get_origin(info.annotation) not in (None, Literal, Annotated) else (info.annotation,)
    choices: list[Any] = list(choices_of(info)) + ([None] if type(None) in parts else [])
    if bool in parts:
        return bool(draw.integers(2))
    if not {int, float} & set(parts):
        return choices[draw.integers(len(choices))]
    if choices and draw.random() < 0.3:
        return choices[draw.integers(len(choices))]
    bound = {key: getattr(rule, key) for rule in info.metadata for key in ("ge", "gt", "le", "lt") if hasattr(rule, key)}
    low, high = bound.get("ge", bound.get("gt", 0.0)), min(bound.get("le", 1e3), 0.99 * bound.get("lt", 2e3), 1e3)
    if int in parts:
        return int(draw.integers(int(low), int(min(high, 40)) + 1))
    inside = float(np.exp(draw.uniform(np.log(max(low, 1e-3)), np.log(high)))) if low >= 0 else float(draw.uniform(low, high))
    ends = [float(bound[key]) for key in ("ge", "le") if key in bound and abs(bound[key]) <= 1e3]
    return float(draw.choice([inside, inside, *ends]))  # an end one time in two


def same(name: str, given: Any, found: Any) -> bool:
    if name == "observe":
        return {key: Recording(**value).model_dump() for key, value in given.items()} == found
    return bool(given == found) or (name == "kappa" and given is None)  # without N it is 1/2


class RandomFields(DrawnFields):
    """The same draws from NumPy's generator: a thousand pairs of fields would take hypothesis half a minute."""

    def __init__(self, fixed: dict[str, Any], draw: np.random.Generator) -> None:
        super().__init__(None, fixed)
        self.unit = lambda: float(draw.choice([0.0, draw.random(), 1.0]))
        self.integer = lambda low, high: int(draw.choice([low, draw.integers(low, high + 1), high]))
        self.one_of = lambda words: words[draw.integers(len(words))]
        self.valid = lambda info: values_of("", info, draw)


def have(experiment: Experiment, fixed: dict[str, Any]) -> None:
    kept = experiment.model_dump(by_alias=False)
    for name, value in fixed.items():
        assert same(name, value, kept[name]), (name, value, kept[name])


def at_odds(fixed: dict[str, Any]) -> bool:
    """Whether nothing has these fields, although no fault names both: no one choice reads them, or as `AT_ODDS` says."""
    for registry in CHOSEN:
        of_fields = [set(registry.readers(name)) for name in fixed if name not in Experiment.model_fields]
        readers = [names for names in of_fields if names] + [{fixed[kind]} for kind in (registry.kind,) if kind in fixed]
        if readers and not set.intersection(*readers):
            return True
    return set(fixed) in AT_ODDS


def impossible(fixed: dict[str, Any], draw: np.random.Generator) -> bool:
    """Whether the strategy says that nothing has these fields, which the Experiment's own rules must confirm."""
    fields = RandomFields(fixed, draw)
    try:
        draw_fields(fields)
        have(fields.experiment(), fixed)
    except ExperimentError as error:
        named = [{("lambda_" if name == "lambda" else name) for name in fault.fields} for fault in error.faults]
        for registry in CHOSEN:  # a field that only some choices have asks for one of these
            own = {name for name in fixed if name not in Experiment.model_fields and registry.readers(name)}
            named = [fields | own if registry.kind in fields else fields for fields in named]
            # A fault of a choice's own fields is one of the choice.
            named = [fields | {registry.kind} if any(map(registry.readers, fields - set(Experiment.model_fields))) else fields
                     for fields in named]
        assert any(set(fixed) <= fields for fields in named) or at_odds(fixed), (fixed, str(error))
        return True
    return False


@pytest.mark.parametrize("name", sorted(fields()))
def test_a_field_alone(name: str) -> None:
    draw = np.random.default_rng(sum(map(ord, name)))
    for _ in range(20):
        assert not impossible({name: values_of(name, fields()[name], draw)}, draw)


def test_the_fields_are_those_of_an_experiment() -> None:
    """Those of every choice too: an experiment that makes it has them."""
    every = {name.removesuffix("_") for name in fields()}
    assert set(Experiment().fields()) <= every
    for registry in CHOSEN:
        for chosen in registry:
            assert set(chosen.fields) <= every


@pytest.mark.tier2
def test_every_word_of_a_choice_with_another_field() -> None:
    """Refused only if the Experiment itself names both as at odds; defaults of a choice's own fields give way."""
    draw, every, refused = np.random.default_rng(11), fields(), 0
    pairs = [(kind, word, name) for kind in (registry.kind for registry in CHOSEN) for word in choices_of(every[kind])
             for name in sorted(set(every) - {kind})]
    for kind, word, name in pairs:
        refused += impossible({kind: word, name: values_of(name, every[name], draw)}, draw)
    assert len(pairs) > 3000 and refused < 0.06 * len(pairs)


@pytest.mark.parametrize("fixed", [
    {"schedule": "warm-up-stable-decay", "max_tau": 100.0}, {"max_tau": 1e-12, "warm_up_from": 1e-6},
    {"optimiser": "nesterov", "lambda_": 871.5}, {"optimiser": "nesterov", "eta_1": 900.0},
    {"schedule": "warm-up-stable-decay", "schedule_clock": "step", "max_steps": 3}, {"data_law": "xor"},
], ids=str)
def test_what_was_refused_although_it_exists(fixed: dict[str, Any]) -> None:
    """Defaults of own fields, and another choice that reads a field, were in the way; rates were too large for momentum."""
    draw = np.random.default_rng(0)
    for _ in range(20):
        drawn = RandomFields(fixed, draw)
        draw_fields(drawn)
        have(made := drawn.experiment(), fixed)
        draw_data(made)


@given(st.data())
def test_one_or_two_fields(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(fields())), min_size=1, max_size=2, unique=True))
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    fixed = {name: values_of(name, fields()[name], draw) for name in names}
    if not impossible(fixed, draw):
        have(data.draw(experiments(**fixed)), fixed)


class WarmUp(Schedule):
    """A plug-in's: one field of its own with a default and one without."""

    name = "rise-for-a-test"
    summary = "rises"
    reads = ("eta_1",)
    fields: ClassVar[dict[str, Any]] = {
        "rise_tau_of_a_test": Annotated[float, Field(50.0, ge=1e-12, le=1e12)],
        "rise_from_of_a_test": Annotated[float, Field(ge=0.1, le=1.0)],
    }

    def __init__(self, experiment: Experiment, q_hat: float) -> None: ...

    def rate(self, tau: float, training_loss: float) -> float:
        return 1.0


class Langevin(WeightNoise):
    name = "langevin-for-a-test"
    summary = "noise"
    fields: ClassVar[dict[str, Any]] = {"temperature": Annotated[float, Field(1.0, gt=0, le=10.0)]}

    def increment(self, level: float, rate: float) -> float:
        return level


@pytest.fixture
def plug_ins() -> Iterator[None]:
    SCHEDULES.register(WarmUp)
    PLACEMENTS.register(Langevin)
    yield
    for registry, added in ((SCHEDULES, WarmUp), (PLACEMENTS, Langevin)):
        registry._things.pop(added.name)  # nothing in the package forgets a plug-in


@pytest.mark.alternating
@pytest.mark.usefixtures("plug_ins")
def test_every_pair_of_fields() -> None:
    """Fields of plug-ins too; a pair is refused only if the Experiment itself names both as at odds, and few are."""
    every = fields()
    assert {"rise_tau_of_a_test", "rise_from_of_a_test", "temperature"} < set(every)
    pairs = list(itertools.combinations(sorted(every), 2))
    draw = np.random.default_rng(0)
    refused = [pair for pair in pairs if impossible({name: values_of(name, every[name], draw) for name in pair}, draw)]
    assert len(pairs) > 1000 and len(refused) < 0.05 * len(pairs), refused
