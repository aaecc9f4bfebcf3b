"""``theory-sim``, and ``python -m theory_sim``."""

from __future__ import annotations

from theory_sim.interrupts import end_at_once, finish, raise_interrupts

__all__ = ["main"]

_NAME = "theory-sim"


def main() -> None:
    """Entry point."""
    end_at_once(f"{_NAME}: interrupted")
    from theory_sim.cli import app
    from theory_sim.terminal.program import run_program

    raise_interrupts()
    finish(run_program(lambda: app(prog_name=_NAME), _NAME))


if __name__ == "__main__":
    main()
