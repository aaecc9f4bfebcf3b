"""``--engine`` and an option for each setting of any engine, found when a command is asked for them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from theory_sim.cli.help import Described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from theory_sim.engines import Engine, Option, Solver

__all__ = ["EngineName", "WithEngines", "chosen_engine"]

EngineName = Annotated[str, typer.Option("--engine", help="What computes the run.")]
_GIVEN: Final = "theory_sim.engine options"


class WithEngines(Described):
    """A command on an experiment with ``--engine``, whose help lists the engines, and with their options."""

    def get_params(self, ctx: Any) -> list[Any]:
        from theory_sim.engines import ENGINES

        own = super().get_params(ctx)
        for parameter in own:
            if parameter.name == "engine":
                parameter.help = "; ".join(f"{name}: {summary}" for name, summary in ENGINES.rows())  # type: ignore[attr-defined]
        if "engine options" not in self.__dict__:
            self.__dict__["engine options"] = _parameters()
        return [*own[:-1], *self.__dict__["engine options"], *own[-1:]]  # the last is --help


def chosen_engine(name: str, context: typer.Context) -> Engine:
    """The engine of a command line, with the options that were given."""
    from theory_sim.engines import Engine

    return Engine(name, context.meta.get(_GIVEN, {}))


def _parameters() -> list[Any]:
    """Parameters of a command that has these options alone; what is given is kept in the context."""
    from theory_sim.engines.registry import options_by_name

    found = options_by_name()

    def command(**given: Any) -> None:
        """Never called."""

    kinds: dict[str, Any] = {
        name: Annotated[(str if owners[0][1].choices else float) | None, typer.Option(owners[0][1].flag, help=_help(owners))]
        for name, owners in found.items()
    }
    command.__annotations__ = kinds
    command.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind) for name, kind in kinds.items()
    ])
    app = typer.Typer(add_completion=False)
    app.command()(command)
    made: Any = typer.main.get_command(app)
    for parameter in made.params:
        parameter.expose_value, parameter.callback = False, _keep
    return list(made.params)


def _help(owners: Sequence[tuple[Solver, Option]]) -> str:
    return " ".join(f"{solver.name.capitalize()}: {option.meaning}." for solver, option in owners)


def _keep(context: Any, parameter: Any, value: Any) -> Any:
    if value is not None:
        context.meta.setdefault(_GIVEN, {})[parameter.name] = value
    return value
