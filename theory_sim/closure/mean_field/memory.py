"""Memory that the mean field takes, estimated from an experiment alone."""

from __future__ import annotations

from typing import Final

from theory_sim.closure.duration import count_blocks
from theory_sim.closure.mean_field.responses import MOST_BYTES, MOST_KEPT, ROWS
from theory_sim.experiment import Experiment
from theory_sim.memory import Bytes
from theory_sim.theory.closure.memory import CAPACITY

__all__ = ["mean_field_parts"]

# Bytes of a particle's arrays of one number each, what the allocator keeps beside each response, arrays of responses that are
# let go after a node, and the course and its losses.
_PARTICLE: Final = 300
_KEPT_BESIDE: Final = 1.05
_PASSING: Final = 3
_COURSE: Final = 2**21


def mean_field_parts(e: Experiment, nodes: int, particles: int, share: float = 1.0) -> dict[str, Bytes]:
    """Parts: responses of the particles that are kept to all that was added before, residual weights, and the particles.

    ``share`` multiplies all rates.
    """
    n = sum(count_blocks(e, nodes, share))
    kept = min(MOST_KEPT, particles)
    responses = min(MOST_BYTES, 2.0 * n * n * kept)
    rows = n
    if n >= CAPACITY:  # made anew at twice the size, and whole
        rows = CAPACITY
        while rows <= n:
            rows *= 2
    grown = 4.0 * particles * rows if rows > n else 0.0
    return {
        "responses": Bytes(_KEPT_BESIDE * responses + 4.0 * _PASSING * kept * -(-n // ROWS) * ROWS),
        "residual weights": Bytes(8.0 * particles * rows, 0.0, grown),
        "particles": Bytes(float(_PARTICLE * particles)),
        "course": Bytes(_COURSE),
    }
