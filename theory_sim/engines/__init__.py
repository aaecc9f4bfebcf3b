"""Ways to compute a run, each registers itself (CONTRIBUTING): finite width, its limit, the limit's closure and mean field."""

from theory_sim.engines.engine import Engine
from theory_sim.engines.registry import ENGINES, engine_names, register
from theory_sim.engines.solver import Option, Solver
from theory_sim.engines.verbs import resume, simulate

__all__ = ["ENGINES", "Engine", "Option", "Solver", "engine_names", "register", "resume", "simulate"]
