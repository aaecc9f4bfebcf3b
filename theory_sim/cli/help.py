"""Help texts that list what can be chosen by name; the lists are made when help is asked for: they import what they list."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperOption

__all__ = ["Described"]


class Described(TyperCommand):
    """A command in whose help some words in braces stand for names.

    {choices}: each field that chooses, and what it takes; {schedules}, {observers}: those that there are.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from theory_sim.experiment.choices import CHOSEN, OBSERVERS, SCHEDULES
        from theory_sim.experiment.description import Experiment
        from theory_sim.experiment.field_rules import choices_of

        choices = [f"{each.kind} is one of: {', '.join(choices_of(Experiment.model_fields[each.kind]))}" for each in CHOSEN]
        names = {"{choices}": "; ".join(choices), "{schedules}": ", ".join(SCHEDULES.names()),
                 "{observers}": ", ".join(OBSERVERS.names())}
        for parameter in self.params:
            if not isinstance(parameter, TyperOption) or not parameter.help:
                continue
            for mark, listed in names.items():
                parameter.help = parameter.help.replace(mark, listed)
        super().format_help(ctx, formatter)
