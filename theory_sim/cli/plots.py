"""Commands that draw: one for each registered figure, made when they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from theory_sim.cli.app import app
from theory_sim.cli.options import Runs, parse_settings
from theory_sim.terminal.application import make_group
from theory_sim.terminal.output import Force, print_parts
from theory_sim.terminal.wrapping import say_aside

if TYPE_CHECKING:
    from theory_sim.plots.registry import Option, Plot
    from theory_sim.trajectory import Trajectory

Folder = Annotated[Path, typer.Argument(help="Folder of a sweep.")]
_TEXT_DIMENSIONS: Final = ("engine", "schedule", "kind")
Figure = Annotated[Path, typer.Option("--out", "-o", metavar="FIGURE", help="Figure file: .png, .svg or .pdf.")]


class _Figures(TyperGroup):
    """A group whose commands are the registered figures; they are looked for when it is asked."""

    def list_commands(self, ctx: Any) -> list[str]:
        self._find()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        self._find()
        return super().get_command(ctx, cmd_name)

    def _find(self) -> None:
        if not self.commands:
            from theory_sim.plots.registry import PLOTS

            figures = typer.Typer()
            figures.callback()(lambda: None)  # a group, however few there are
            for figure in PLOTS:
                figures.command(figure.name, help=figure.summary)(_command(figure))
            self.commands.update(typer.main.get_group(figures).commands)


plot = make_group("Draw figures of saved runs and sweeps.", _Figures)
app.add_typer(plot, name="plot")


def _command(figure: Plot) -> Callable[..., None]:
    """A function of the figure's source and options that draws and saves it."""
    sources: dict[str, dict[str, Any]] = {
        "nothing": {},
        "runs": {"runs": (Runs, inspect.Parameter.empty)}, "sweep": {"folder": (Folder, inspect.Parameter.empty)},
    }
    parameters = sources[figure.source]
    parameters |= {option.name: _parameter(option) for option in figure.options}
    parameters |= {"out": (Figure, Path(f"{figure.name}.png")), "force": (Force, False)}

    def command(**given: Any) -> None:
        options = {option.name: _value(option, given[option.name]) for option in figure.options}
        _draw(figure, given.get("runs"), given.get("folder"), options, given["out"], force=given["force"])

    command.__annotations__ = {name: annotation for name, (annotation, _) in parameters.items()}
    command.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in parameters.items()
    ])
    return command


def _parameter(option: Option) -> tuple[Any, Any]:
    """Annotation and default for typer."""
    from theory_sim.plots.registry import REQUIRED

    flag = f"--{option.flag or option.name}"
    if option.kind is dict:
        return Annotated[list[str] | None, typer.Option(flag, metavar="KEY=VALUE", help=option.help)], None
    if option.kind == list[float]:
        return Annotated[list[float] | None, typer.Option(flag, help=f"{option.help} Repeatable.")], None
    kind = option.kind | None if option.default is None else option.kind
    default = inspect.Parameter.empty if option.default is REQUIRED else option.default
    return Annotated[kind, typer.Option(flag, help=option.help)], default


def _value(option: Option, given: Any) -> Any:
    if option.kind is dict:
        return parse_settings(given, f"--{option.name}", _TEXT_DIMENSIONS)
    return option.default if option.kind == list[float] and not given else given


def _draw(figure: Plot, runs: list[Path] | None, folder: Path | None, options: dict[str, Any], out: Path, *,
          force: bool) -> None:
    from theory_sim.plots.style import save_figure

    source: tuple[Any, ...] = ()
    if runs is not None:
        from theory_sim.trajectory import Trajectory

        found = [Trajectory.load(path) for path in runs]
        if differ := _differing(found):
            say_aside(f"note: the runs differ in {', '.join(differ)}: one figure, though not one experiment")
        source = (found,)
    elif folder is not None:
        from theory_sim.sweeps.collect import collect
        from theory_sim.sweeps.store import SweepStore

        source = (collect(SweepStore(folder), save=False),)
    if figure.numbers is None:
        typer.echo(save_figure(figure.draw(*source, **options), out, force=force))
        return
    numbers = figure.numbers(*source, **options)
    typer.echo(save_figure(figure.draw(numbers), out, force=force))
    _print_agreement(numbers)


def _differing(runs: Sequence[Trajectory]) -> list[str]:
    """Fields in which runs differ, but for their schedules, seeds and names: a figure does not tell such runs apart."""
    fields = [run.experiment.fields() for run in runs]
    names = dict.fromkeys(name for each in fields for name in each)
    apart = [name for name in names if name not in ("name", "schedule") and not name.startswith("seed")
             and any(each.get(name) != fields[0].get(name) for each in fields if each["schedule"] == fields[0]["schedule"])]
    return [f"{name} ({', '.join(dict.fromkeys(str(each.get(name)) for each in fields))})" for name in apart]


def _print_agreement(numbers: Any) -> None:
    """Of a phase diagram of orders: in how many cells prediction and simulation agree."""
    from theory_sim.sweeps.phase import PhaseDiagram

    if isinstance(numbers, PhaseDiagram) and numbers.agreements:
        from theory_sim.terminal.sweep_tables import agreement_table

        print_parts(agreement_table(numbers))
