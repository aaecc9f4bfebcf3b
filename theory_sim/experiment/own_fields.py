"""Fields that a chosen thing, such as a schedule, declares of its own: nothing else of an Experiment knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pydantic
from pydantic import ConfigDict, TypeAdapter

from theory_sim.errors import Fault, repr_of, shown
from theory_sim.experiment.choice import Choice
from theory_sim.experiment.choices import CHOSEN
from theory_sim.experiment.field_rules import get_rule

__all__ = ["faults_of_own_fields", "own_field_names", "read_own_fields"]


def own_field_names() -> list[str]:
    """Names of all such fields, each once: several things may declare the same."""
    return list(dict.fromkeys(name for registry in CHOSEN for chosen in registry for name in chosen.fields))


def read_own_fields(chosen: Iterable[type[Choice]], given: Mapping[str, object]) -> tuple[dict[str, object], list[Fault]]:
    """Values of the fields of what was chosen, defaults included, and what is wrong with them."""
    values: dict[str, object] = {}
    faults = []
    for each in chosen:
        for name, info in each.own_fields().items():
            if name not in given and info.is_required():
                faults.append(Fault(f"{each.name!r} without {name}", f"{name} is {get_rule(info)}: {info.description}",
                                    f"give {name}", (name,)))
                continue
            value = given.get(name, info.default)
            try:
                adapter = TypeAdapter(each.fields[name], config=ConfigDict(allow_inf_nan=False))
                values[name] = adapter.validate_python(value)
            except pydantic.ValidationError:
                faults.append(Fault(f"{name} = {shown(repr_of(value))}", get_rule(info), f"change {name}", (name,)))
    return values, faults


def faults_of_own_fields(chosen: Iterable[type[Choice]], given: Iterable[str]) -> Iterator[Fault]:
    """Fields given that something declares, but nothing that was chosen."""
    read = {name for each in chosen for name in each.fields}
    for name in given:
        readers = [f"{registry.kind} {each!r}" for registry in CHOSEN for each in registry.readers(name)]
        choosing = [registry.kind for registry in CHOSEN if registry.readers(name)]
        if readers and name not in read:
            yield Fault(f"{name} given", f"only {' and '.join(readers)} reads it", f"choose that, or leave {name} out",
                        (name, *choosing))
