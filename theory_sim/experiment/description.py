"""The description of one run: frozen, validated, and the same text in TOML and in Python."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, Self

import pydantic
from pydantic import model_validator

from theory_sim.errors import ExperimentError, repr_of, shown
from theory_sim.experiment.presets import PRESETS
from theory_sim.experiment.recording import RecordingSection
from theory_sim.experiment.refusal import faults_of
from theory_sim.reading import TomlFile
from theory_sim.storage.writing import write_text

__all__ = ["Experiment", "preset_names", "require_steps"]

_MOST_STEPS: Final = 1e9


def preset_names() -> list[str]:
    """Names of the built-in presets."""
    return sorted(PRESETS)


class Experiment(RecordingSection):
    """One run of the noisy two-layer network (THEORY §1-§3).

    All lengths are dimensionless; time is learning-rate time ``tau``, the sum of the learning rates used.
    An empty description is the default preset. ``lambda_`` is written ``lambda`` in a file.

    Raises
    ------
    ExperimentError
        If fields are unknown, of the wrong type, outside their ranges, or at odds with others: with all of these faults.
    """

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except pydantic.ValidationError as error:
            raise ExperimentError.of(faults_of(type(self), fields, error)) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = list(self.faults())
        if faults:
            raise ExperimentError.of(faults)
        return self

    @property
    def run_name(self) -> str:
        """Folder name of the run: ``<name>-<schedule>-seed<k>``."""
        return f"{self.name}-{self.schedule}-seed{self.seed}"

    def __hash__(self) -> int:
        return hash(json.dumps(self.fields(), sort_keys=True))

    # -- in and out -----------------------------------------------------------------------------

    @classmethod
    def preset(cls, name: str = "default") -> Experiment:
        """Experiment of a built-in preset; ``preset_names()`` lists them."""
        if not isinstance(name, str) or name not in PRESETS:
            raise ExperimentError(f"preset {shown(repr_of(name))}", f"one of {', '.join(preset_names())}",
                                  "choose one of these", fields=("preset",))
        return cls(name=name, **PRESETS[name].fields)

    def replace(self, /, **fields: Any) -> Experiment:
        """Copy with some fields changed and everything validated again.

        Giving ``N`` clears ``kappa`` and the other way round; a number for ``tau_0`` clears ``tau_0_rate``;
        ``lambda`` is accepted for ``lambda_``; ``noise_placement="none"`` clears the level and the annealing of placed noise.
        """
        changed = {("lambda_" if key == "lambda" else key): value for key, value in fields.items()}
        values = {key: getattr(self, key) for key in self.model_fields_set | {"kappa", "N"}}
        if changed.get("N") is not None and "kappa" not in changed:
            values["kappa"] = None
        if changed.get("kappa") is not None and "N" not in changed:
            values["N"] = None
        if isinstance(changed.get("tau_0"), (int, float)) and "tau_0_rate" not in changed:
            values["tau_0_rate"] = None
        if changed.get("schedule", "pieces") != "pieces" and "pieces" not in changed:
            values["pieces"] = None
        if changed.get("noise_placement") == "none":
            for key in ("noise_level", "noise_annealing", "noise_factor"):
                values.pop(key, None)
        return Experiment(**{**values, **changed})

    def fields(self) -> dict[str, Any]:
        """Every field that is set, with the names used in a file (``lambda``)."""
        dump = self.model_dump(mode="json", by_alias=True)
        dump["observe"] = {name: recording.fields() for name, recording in self.observe.items()} or None
        return {key: value for key, value in dump.items() if value is not None}

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Experiment:
        """Read one experiment. A file that also holds ``compare`` or ``seeds`` is a plan: see ``Plan``.

        Raises
        ------
        ExperimentError
            With all faults of the file, each with its line.
        """
        file = TomlFile(path)
        with file.located():
            for key in ("compare", "seeds"):
                if key in file.table:
                    raise ExperimentError(f"{key} = {shown(repr_of(file.table[key]))}",
                                          "an Experiment is one run with one schedule",
                                          "read the file with theory_sim.Plan.from_toml", fields=(key,))
            return cls(**file.table)

    def to_toml(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write every field that is set, whole or not at all; ``from_toml`` gives an equal Experiment back.

        Raises
        ------
        InputError
            If something has that name already, unless it is a file and ``overwrite`` is given.
        StoreError
            If it cannot be written.
        """
        import tomli_w

        target = Path(path)
        if os.path.lexists(target) and not (overwrite and target.is_file()):
            what = "is there already" if target.is_file() else "is no file"
            raise ExperimentError(f"{target} {what}", "a new file, or overwrite=True to replace one", "choose another path")
        write_text(target, tomli_w.dumps(self.fields()), fix="choose another path")


def require_steps(experiment: Experiment) -> None:
    """Refuse a run that would not end within days, whatever the machine; `max_steps` stops it earlier."""
    steps = experiment.most_steps
    if experiment.max_steps is None and steps > _MOST_STEPS:
        raise ExperimentError(
            f"about {steps:.2g} steps, max_tau = {experiment.max_tau:g} over rates down to "
            f"{min(experiment.rates().values()):.3g}{' and cuts' if experiment.schedule == 'step' else ''}",
            f"at most {_MOST_STEPS:g} steps of which each takes 0.1 ms or more",
            "raise the rate or lower max_tau, give max_steps, or use the limit with time = 'flow' (--time flow)")
