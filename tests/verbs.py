"""Every verb of both programs, as it is declared; ``python -m tests.verbs`` prints the table of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from proofs_check.cli import app as proofs_check
from theory_sim.cli import app as theory_sim
from theory_sim.terminal.output import get_formats

PROGRAMS = {"theory-sim": theory_sim, "proofs-check": proofs_check}


def verbs() -> dict[str, Any]:
    """Command by what is typed, such as "theory-sim sweep run"."""
    return {line: command for name, app in PROGRAMS.items() for line, command in _below(name, typer.main.get_command(app))}


def _below(line: str, command: Any) -> Iterator[tuple[str, Any]]:
    names = command.list_commands(None) if hasattr(command, "list_commands") else []
    if not names:
        yield line, command
    for name in names:
        yield from _below(f"{line} {name}", command.get_command(None, name))


def option(command: Any, flag: str) -> Any:
    """The parameter with a flag; None if there is none."""
    return next((each for each in command.params if flag in each.opts), None)


def formats(command: Any) -> tuple[str, ...]:
    """What the command can print; nothing for those that print no result."""
    found = option(command, "--format")
    return () if found is None else get_formats(found)


def table() -> str:
    """The table of the page: a line a verb, with its formats, what --out names, and its other options."""
    lines = ["| verb | `--format` | `--out` | other options |", "|---|---|---|---|"]
    for line, command in verbs().items():
        out = option(command, "--out")
        rest = [each.opts[0] for each in command.params if each.opts[0].startswith("--")
                and each.opts[0] not in ("--format", "--out", "--help")]
        lines.append(f"| `{line}` | {' '.join(formats(command)) or '-'} | {out.metavar.lower() if out else '-'} | "
                     f"{' '.join(f'`{each}`' for each in rest) or '-'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
