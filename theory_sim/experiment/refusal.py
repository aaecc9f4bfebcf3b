"""All faults of a description at once, in the project's own words."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pydantic
from pydantic.fields import FieldInfo

from theory_sim.errors import ExperimentError, Fault, nearest, repr_of, shown
from theory_sim.experiment.choices import OBSERVERS, OneOf
from theory_sim.experiment.field_rules import choices_of, get_rule
from theory_sim.experiment.own_fields import own_field_names
from theory_sim.experiment.record_times import Recording

__all__ = ["get_faults", "unknown"]

_OF_FILES: Final = ("preset", "compare", "seeds", "engine", "adaptive")
"""Keys of a sweep's file that are no fields of the experiment."""


def get_faults(model: type[pydantic.BaseModel], fields: Mapping[str, object], error: pydantic.ValidationError) -> list[Fault]:
    """Every fault of a description that was refused.

    The rules between fields are asked too where single fields are wrong: with these left out, and of what is then found only
    what was read from none of them.
    """
    faults: list[Fault] = []
    wrong: set[str] = set()
    for each in error.errors(include_url=False):
        path = [str(part) for part in each["loc"]]
        path[:1] = [_in_a_file(model, name) for name in path[:1]]
        cause = each.get("ctx", {}).get("error")
        if isinstance(cause, ExperimentError):
            faults += [fault._replace(fields=tuple(".".join([*path, field]) for field in fault.fields))
                       for fault in cause.faults]
        elif each["type"] == "extra_forbidden" or (path[:1] == ["observe"] and path[2:] == ["[key]"]):
            faults.append(unknown(model, path))
        else:
            faults.append(_bad_value(model, fields, path))
        wrong |= set(path[:1])
    if wrong:
        own = {alias for name in wrong for alias in (name, "lambda_" if name == "lambda" else name)}
        faults += _faults_of_the_rest(model, {key: value for key, value in fields.items() if key not in own}, wrong)
    return faults


def _faults_of_the_rest(model: type[pydantic.BaseModel], rest: Mapping[str, object], wrong: set[str]) -> Iterator[Fault]:
    try:
        model(**rest)
    except ExperimentError as error:
        yield from (fault for fault in error.faults if not wrong & {field.partition(".")[0] for field in fault.fields})


def _known(model: type[pydantic.BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the names that a file has."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _in_a_file(model: type[pydantic.BaseModel], name: str) -> str:
    """The name that a file has for what pydantic names by the attribute, where it was given so."""
    info = model.model_fields.get(name)
    return info.alias or name if info is not None else name


def _bad_value(model: type[pydantic.BaseModel], fields: Mapping[str, object], path: Sequence[str]) -> Fault:
    """A value that its field does not take, of an Experiment or of an observer's record times."""
    known, value = _known(model), fields.get(path[0], fields.get(f"{path[0]}_"))
    name, info = path[0], known[path[0]]
    if path[0] == "observe" and len(path) > 1:
        name, value = f"observe.{shown(path[1])}", value[path[1]] if isinstance(value, Mapping) else value
        if len(path) > 2 and path[2] in Recording.model_fields and isinstance(value, Mapping):
            name, value, info = f"{name}.{path[2]}", value[path[2]], Recording.model_fields[path[2]]
    fix = nearest(value, choices_of(info), "choose one of these" if choices_of(info) else f"change {name}")
    if any(isinstance(rule, OneOf) for rule in info.metadata):
        fix += f"{'' if fix.endswith('?') else ','} or register one of your own in this process first"
    return Fault(f"{name} = {shown(repr_of(value))}", get_rule(info), fix, (name,))


def unknown(model: type[pydantic.BaseModel], path: Sequence[str], value: object = None) -> Fault:
    """A name that is no field, or no observer, or no field of an observer's record times; ``value`` is what it was given."""
    if path[:1] != ["observe"] or len(path) == 1:
        what, name, known = "field", path[-1], [*_known(model), *own_field_names()]
    elif path[2:] in ([], ["[key]"]):
        what, name, known = "observer", path[1], list(OBSERVERS.names())
    else:
        what, name, known = f"field of observe.{shown(path[1])}", path[-1], list(Recording.model_fields)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
    choices = (f"the nearest are {', '.join(near)}; theory-sim list fields has all {len(known)}" if what == "field" else
               f"known {what.partition(' ')[0]}s: {', '.join(known)}")
    if "." in name and name.partition(".")[0] in known:
        top = name.partition(".")[0]
        fix = f"give the whole of {top}, such as {top} = {{kernels = {{probes = 100}}}}" if top == "observe" else choices
    elif what == "field" and isinstance(value, Mapping):  # [experiment], say
        fix = "fields stand at the top of the file, under no heading: leave this one out"
    elif what == "field" and name in _OF_FILES:
        fix = f"{name} is no field; a file of a sweep has it at its top, above [fields]"
    else:
        fix = nearest(name, known, "") or choices
        fix += f" {choices}" if fix is not choices and what != "field" else ""
    rule = "only fields of Experiment" if what == "field" else f"one of the {len(known)} known ones"
    return Fault(f"unknown {what} {shown(repr_of(name))}", rule, fix, (".".join(part for part in path if part != "[key]"),))
