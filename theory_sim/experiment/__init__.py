"""The description of one run; a section a file, its fields and its rules."""

from theory_sim.experiment.description import Experiment, preset_names, require_steps
from theory_sim.experiment.record_times import Recording

__all__ = ["Experiment", "Recording", "preset_names", "require_steps"]
