"""What the battery ran of all that an Experiment can be, and what the simulator declined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import CHOSEN

__all__ = ["Coverage"]

# Fields that change neither a step nor a draw.
_APART: Final = {"name", "observe", "record_every", "max_tau", "max_steps", "n_test"}
_CHOICES: Final = {registry.kind: registry for registry in CHOSEN}


@dataclass
class Coverage:
    """Values of the fields of experiments that were run, and of those that the simulator declined."""

    ran: dict[str, dict[Any, None]] = field(default_factory=dict)
    turned_down: dict[str, dict[Any, None]] = field(default_factory=dict)
    runs: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def run(self, experiment: Experiment) -> None:
        """Note an experiment that was run."""
        self.runs += 1
        _note(self.ran, experiment)

    def decline(self, experiment: Experiment, reason: str) -> None:
        """Note an experiment that the simulator declined, and why."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        _note(self.turned_down, experiment)

    def same(self) -> dict[str, Any]:
        """Fields that had one value in all that was run, and which."""
        return {name: next(iter(values)) for name, values in self.ran.items() if len(values) == 1 and name not in _APART}

    def left_out(self) -> dict[str, tuple[Any, ...]]:
        """Words of the choices that were run with more than one, but not with these."""
        found = {name: tuple(word for word in registry.names() if word not in self.ran[name])
                 for name, registry in _CHOICES.items() if len(self.ran.get(name, ())) > 1}
        return {name: words for name, words in found.items() if words}

    def declined(self) -> str:
        """How many tasks were declined and why, what was therefore never run, and what can be held; empty if none were."""
        if not self.reasons:
            return ""
        count = sum(self.reasons.values())
        never = {name: [value for value in values if value not in self.ran.get(name, ())]
                 for name, values in self.turned_down.items() if all(isinstance(value, (str, bool)) for value in values)}
        never = {name: values for name, values in never.items() if values}
        said = [f"{count} of {count + self.runs} tasks were declined: " + "; ".join(
            f"{reason} ({number})" if len(self.reasons) > 1 else reason for reason, number in self.reasons.items())]
        if never and self.runs:
            words = (f"{name} = {' | '.join(map(repr, values))}" for name, values in never.items())
            said.append(f"never run: {'; '.join(words)}")
            name = next(iter(never))
            said.append(f"to test it at what it runs, hold a field, such as {name}={next(iter(self.ran[name]))!r}")
        return "; ".join(said)


def _note(values: dict[str, dict[Any, None]], experiment: Experiment) -> None:
    for name in Experiment.model_fields:
        if name != "observe":
            values.setdefault(name, {})[getattr(experiment, name)] = None
