"""What both programs have in common: how they are made, ``--version``, shell completion, and what they say after Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from theory_sim.interrupts import INTERRUPTED

__all__ = ["make_app", "make_group"]


_UsageError: Any = typer.BadParameter.__base__


class _Program(TyperGroup):
    """A program that says so if it is interrupted, where typer alone ends without a word, and how to get help."""

    def make_context(self, info_name: str | None, *args: Any, **extra: Any) -> Any:
        with _said(info_name):
            return super().make_context(info_name, *args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _said(ctx.info_name):
            try:
                return super().invoke(ctx)
            except _UsageError as error:
                if error.ctx is None:  # as of a flag that is given a value: typer then names no line for help
                    error.ctx = ctx
                raise


@contextmanager
def _said(name: str | None) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"{name}: interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None


def make_app(help: str) -> typer.Typer:
    """A program without commands, with ``--version`` and typer's shell completion."""
    app = typer.Typer(cls=_Program, help=help, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=True)
    app.callback(help=help)(_before_the_command)
    return app


def _show_version(context: typer.Context, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"{context.find_root().info_name} {version('theory-sim')}")
        raise typer.Exit


def _before_the_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def make_group(help: str, cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """A group of commands within a program."""
    return typer.Typer(cls=cls, help=help, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
