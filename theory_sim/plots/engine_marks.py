"""How figures tell finite width from the limit: a filled circle and an open square."""

from __future__ import annotations

from typing import Final

from theory_sim.engines import Engine

__all__ = ["ENGINES", "engine_mark"]

ENGINES: Final = (Engine(), Engine("limit"))
"""The network, and the limit beside it."""


def engine_mark(engine: Engine, colour: str) -> tuple[str, str]:
    """Marker of an engine and the colour that fills it."""
    return ("s", "white") if engine.solver.infinite_width else ("o", colour)
