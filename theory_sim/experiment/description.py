"""The description of one run: frozen, validated, and the same text in TOML and in Python."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pydantic
from pydantic import model_validator

from theory_sim.errors import ExperimentError, Fault, InputError, StoreError, nearest, repr_of, shown
from theory_sim.experiment.choice import Choice
from theory_sim.experiment.choices import ALPHA_LAWS, CHOSEN, DATA_LAWS, SCHEDULES, chosen_by
from theory_sim.experiment.field_rules import attribute_of, named_once
from theory_sim.experiment.nested import set_nested
from theory_sim.experiment.own_fields import faults_of_own_fields, own_field_names, read_own_fields
from theory_sim.experiment.presets import PRESETS
from theory_sim.experiment.record_times import MOST_STEPS
from theory_sim.experiment.recording import RecordingSection
from theory_sim.experiment.refusal import get_faults, unknown
from theory_sim.experiment.schedule import ScheduleSection
from theory_sim.reading import TomlFile
from theory_sim.reading.answers import faults_of_user_code, require_answer
from theory_sim.reading.arguments import accepts, native
from theory_sim.reading.html import html_table
from theory_sim.storage.writing import write_text

__all__ = ["Experiment", "not_default", "preset_names", "require_steps"]



def preset_names() -> list[str]:
    """Names of the built-in presets."""
    return sorted(PRESETS)


class Experiment(RecordingSection):
    """One run of the noisy two-layer network (THEORY §1-§3).

    All lengths are dimensionless; time is learning-rate time ``tau``, the sum of the learning rates used.
    An empty description is the default preset. ``lambda_`` is written ``lambda`` in a file.

    Raises
    ------
    ExperimentError
        If fields are unknown, of the wrong type, outside their ranges, or at odds with others: with all of these faults.

    Examples
    --------
    >>> from theory_sim import Experiment
    >>> e = Experiment(d=100, r=0.4, schedule="S")
    >>> e.schedule, e.d, e.replace(d=400).d
    ('S', 100, 400)
    """

    def __init__(self, /, **fields: object) -> None:
        given = native(fields)
        try:
            super().__init__(**given)
        except pydantic.ValidationError as error:
            raise ExperimentError.of(get_faults(type(self), given, error)) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        try:
            with faults_of_user_code():
                faults = list(self.faults())
        except InputError as error:
            faults = list(error.faults)
        if faults:
            raise ExperimentError.of(faults)
        return self

    @property
    def own_values(self) -> dict[str, Any]:
        """Values of the fields that its choices (its schedule, its placement of noise, ...) declare of their own."""
        return dict(self.__pydantic_extra__ or {})

    def choices(self) -> list[type[Choice]]:
        """Classes of what it chooses by name, such as its schedule, and of its observers."""
        return chosen_by(self, self.observe)

    def faults(self) -> Iterator[Fault]:
        chosen, extra = self.choices(), self.__pydantic_extra__
        assert extra is not None, "sections allow extra fields"
        values, faults = read_own_fields(chosen, extra)
        known = own_field_names() if extra else []
        yield from (unknown(type(self), [name], extra[name]) for name in extra if name not in known)
        yield from faults_of_own_fields(chosen, extra)
        if faults:  # rates may depend on these fields: rules between fields could not be asked
            yield from faults
            return
        # As declared, whatever the order in which they were given: what is stored of an experiment is the same text.
        others = {name: value for name, value in extra.items() if name not in values}
        extra.clear()
        extra.update(values | others)
        users = [each for each in chosen if each.is_users()]
        for each in users:
            each.require_answers(self)
        yield from super().faults()
        for each in chosen:
            yield from _of_users(each, each.faults(self)) if each in users else each.faults(self)

    def unread(self, given: Mapping[str, object], schedules: Sequence[str] = ()) -> list[Fault]:
        """Fields, among those given, that no schedule to be run and no chosen law of the data reads: they change nothing.

        A file warns of them and the command line refuses them. An Experiment that is made in Python does not: it is a value
        whose schedule may be replaced, and which schedules it will be run under nobody has said yet. Ask here then.

        Parameters
        ----------
        given : mapping
            Fields with the values that were asked for.
        schedules : sequence of str
            Schedules to be run; the experiment's own by default.
        """
        chosen = schedules or (self.schedule,)
        faults = []
        for field, value in given.items():
            readers = SCHEDULES.readers(field) if field in ScheduleSection.__annotations__ else ()
            # tau_0 is stationary at eta_1 unless it is told another rate.
            started = field == "eta_1" and self.starts_stationary and self.tau_0_rate is None
            if readers and not started and not set(readers) & set(chosen):
                faults.append(Fault(f"{field} = {shown(repr_of(value))} with schedule = {' and '.join(map(repr, chosen))}",
                                    f"only {', '.join(map(repr, readers))} read{'s' if len(readers) == 1 else ''} {field}",
                                    f"leave {field} out, or choose another schedule", (field, "schedule")))
            for registry in (DATA_LAWS, ALPHA_LAWS):
                law, readers = getattr(self, registry.kind), registry.readers(field)
                if readers and law not in readers:
                    faults.append(Fault(f"{field} = {shown(repr_of(value))} with {registry.kind} = {law!r}",
                                        f"only {', '.join(map(repr, readers))} read{'s' if len(readers) == 1 else ''} {field}",
                                        f"leave {field} out, or choose another {registry.kind}", (field, registry.kind)))
        return faults

    @property
    def run_name(self) -> str:
        """Folder name of the run: ``<name>-<schedule>-seed<k>``, or ``<name>-seed<k>`` if it is named after its schedule."""
        parts = [self.name, self.schedule] if self.name != self.schedule else [self.name]
        return "-".join([*parts, f"seed{self.seed}"])

    def __repr__(self) -> str:
        """The call that makes it: fields at their defaults are left out."""
        return f"Experiment({', '.join(f'{name}={value!r}' for name, value in self._chosen().items())})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Table for a notebook: what is not at its default."""
        chosen = self._chosen() or {"every field": "at its default"}
        return html_table(f"Experiment {self.name}", ("field", "value"),
                          [(name, f"{value:g}" if isinstance(value, float) else value) for name, value in chosen.items()])

    def _chosen(self) -> dict[str, object]:
        """Names of the constructor's arguments that differ from their defaults, and values."""
        default, own = Experiment(), self.__pydantic_extra__ or {}
        plain = self.model_dump() | {"observe": {name: each.fields() for name, each in self.observe.items()}}
        chosen = {name: plain[name] for name in type(self).model_fields if getattr(self, name) != getattr(default, name)} | own
        for name in set(self.superseded(chosen)):  # as kappa is by N
            chosen.pop(name, None)
        return chosen

    def __hash__(self) -> int:
        return hash(json.dumps(self.fields(), sort_keys=True))

    # -- in and out -----------------------------------------------------------------------------

    @classmethod
    def preset(cls, name: str = "default") -> Experiment:
        """Experiment of a built-in preset; ``preset_names()`` lists them."""
        if not isinstance(name, str) or name not in PRESETS:
            raise ExperimentError(f"preset {shown(repr_of(name))}", f"one of {', '.join(preset_names())}",
                                  nearest(name, preset_names()), fields=("preset",))
        return cls(name=name, **PRESETS[name].fields)

    def replace(self, /, **fields: object) -> Experiment:
        """Copy with some fields changed and everything validated again.

        Giving ``N`` clears ``kappa`` and the other way round; a number for ``tau_0`` clears ``tau_0_rate``;
        ``lambda`` is accepted for ``lambda_``; ``noise_placement="none"`` clears the level and the annealing of placed noise.
        A name with points changes one value of a table: ``replace(**{"observe.kernels.every_tau": 5.0})``.
        """
        named = set_nested(named_once(fields), self.fields()) if any("." in key for key in fields) else named_once(fields)
        changed = {attribute_of(key): value for key, value in named.items()}
        values = {key: getattr(self, key) for key in self.model_fields_set | {"kappa", "N"}}
        values |= {key: type(self).model_fields[key].default for key in self.superseded(changed)}
        for key in set(self.__pydantic_extra__ or ()) - set(changed):
            # An own field goes with the choice that reads it.
            choosing = [registry.kind for registry in CHOSEN if registry.readers(key)]
            if any(field in changed and changed[field] != getattr(self, field) for field in choosing):
                values.pop(key, None)
        return Experiment(**{**values, **changed})

    def fields(self) -> dict[str, object]:
        """Every field that is set, with the names used in a file (``lambda``)."""
        dump = self.model_dump(mode="json", by_alias=True)
        dump["observe"] = {name: recording.fields() for name, recording in self.observe.items()} or None
        return {key: value for key, value in dump.items() if value is not None}

    def identity(self) -> dict[str, object]:
        """`fields` without those that are at their defaults and that earlier versions did not have.

        What identifies a run: a result that was stored before a field existed is that of the field's default. Such a field is
        declared with ``json_schema_extra={"since": "0.3"}``.
        """
        later = {info.alias or name: info.default for name, info in type(self).model_fields.items()
                 if isinstance(info.json_schema_extra, dict) and "since" in info.json_schema_extra}
        return {key: value for key, value in self.fields().items() if key not in later or value != later[key]}

    @classmethod
    @accepts(path="a path")
    def from_toml(cls, path: str | os.PathLike[str]) -> Experiment:
        """Read one experiment. A file that also holds ``compare`` or ``seeds`` is a plan: see ``Plan``.

        Raises
        ------
        ExperimentError
            With all faults of the file, each with its line.
        """
        file = TomlFile(path)
        with file.located():
            for key in ("compare", "seeds"):
                if key in file.table:
                    raise ExperimentError(f"{key} = {shown(repr_of(file.table[key]))}",
                                          "an Experiment is one run with one schedule",
                                          "read the file with theory_sim.Plan.from_toml", fields=(key,))
            made = cls(**file.table)
        file.warn(made.unread(not_default(file.table)))
        return made

    @accepts(path="a path", overwrite="True or False")
    def to_toml(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write every field that is set, whole or not at all; ``from_toml`` gives an equal Experiment back.

        Raises
        ------
        InputError
            If something has that name already, unless it is a file and ``overwrite`` is given, or it cannot be written.
        """
        import tomli_w

        target = Path(path)
        if os.path.lexists(target) and not (overwrite and target.is_file()):
            what = "is there already" if target.is_file() else "is no file"
            raise ExperimentError(f"{target} {what}", "a new file, or overwrite=True to replace one", "choose another path")
        try:
            write_text(target, tomli_w.dumps(self.fields()), fix="choose another")
        except StoreError as error:
            raise ExperimentError(error.found, error.rule, error.fix) from None


def _of_users(chosen: type[Choice], found: object) -> Iterator[Fault]:
    """What the rules of a user's class say is wrong, if it is said as faults."""
    rule = "faults, each a theory_sim.errors.Fault(found, rule, fix, fields): yield them"
    require_answer(chosen, "faults", found, lambda found: isinstance(found, Iterable), rule)
    assert isinstance(found, Iterable)
    for fault in found:
        require_answer(chosen, "faults", fault, lambda fault: isinstance(fault, Fault), rule)
        yield fault


def not_default(given: Mapping[str, object]) -> dict[str, object]:
    """Fields of a file that are not at their defaults; ``to_toml`` writes these too."""
    return {name: value for name, value in given.items()
            if name in Experiment.model_fields and value != Experiment.model_fields[name].default}


def require_steps(experiment: Experiment) -> None:
    """Refuse a run that would not end within days, whatever the machine; `max_steps` stops it earlier."""
    steps = experiment.most_steps
    if experiment.max_steps is None and steps > MOST_STEPS:
        raise ExperimentError(
            f"about {steps:.2g} steps, max_tau = {experiment.max_tau:g} over rates down to "
            f"{SCHEDULES[experiment.schedule].least_rate(experiment, experiment.max_tau):.3g}",
            f"at most {MOST_STEPS:g} steps of which each takes 0.1 ms or more",
            "raise the rate or lower max_tau, give max_steps, or use the limit with time = 'flow' (--time flow)")
