"""Help texts that list what can be chosen by name; the lists are made when help is asked for: they import what they list."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperOption

__all__ = ["Described"]


class Described(TyperCommand):
    """A command in whose help {schedules}, {placements} and {observers} stand for their names."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from theory_sim.experiment.choices import NO_PLACEMENT, OBSERVERS, PLACEMENTS, SCHEDULES

        names = {"{schedules}": SCHEDULES.names(), "{placements}": (NO_PLACEMENT, *PLACEMENTS.names()),
                 "{observers}": OBSERVERS.names()}
        for parameter in self.params:
            if not isinstance(parameter, TyperOption) or not parameter.help:
                continue
            for mark, listed in names.items():
                parameter.help = parameter.help.replace(mark, ", ".join(listed))
        super().format_help(ctx, formatter)
