"""Ways to compute a run: finite width, its infinite-width limit, the limit's closure; each registers itself (CONTRIBUTING)."""

from theory_sim.engines.engine import Engine
from theory_sim.engines.registry import ENGINES, engine_names, register
from theory_sim.engines.solver import Option, Solver
from theory_sim.engines.verbs import resume, simulate

__all__ = ["ENGINES", "Engine", "Option", "Solver", "engine_names", "register", "resume", "simulate"]
