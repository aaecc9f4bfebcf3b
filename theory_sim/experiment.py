"""The description of one run: frozen, validated, and the same text in TOML and in Python."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

import numpy as np
import pydantic
from pydantic import ConfigDict, Field, model_validator

from theory_sim.errors import ExperimentError, StoreError, repr_of, shown
from theory_sim.presets import PRESETS
from theory_sim.reading import read_toml
from theory_sim.recording import Recording
from theory_sim.storage.writing import write_text
from theory_sim.theory.noise_law import tau_stationary

__all__ = ["LEAST", "MOST", "NAME", "OBSERVERS", "Experiment", "preset_names", "require_steps"]

# The name of a run's folder, of files beside it while they are written, and of figures: together at most 255 letters.
LONGEST_NAME: Final = 100
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
# Rates, decays and times that can be computed with: squares and quotients of two neither overflow nor vanish.
LEAST: Final = 1e-12
MOST: Final = 1e12
MOST_STEPS: Final = 1e9
Schedule = Literal["L-S", "S", "constant", "step", "cosine", "pieces"]
ObserverName = Literal["descent", "gradients", "kernels", "patterns"]
OBSERVERS: Final[tuple[str, ...]] = get_args(ObserverName)
_RATES_USED = {
    "L-S": ("eta_1", "eta_2"),
    "S": ("eta_2",),
    "constant": ("eta_1",),
    "step": ("eta_1",),
    "cosine": ("eta_1", "eta_2"),
    "pieces": (),
}


def preset_names() -> list[str]:
    """Names of the built-in presets."""
    return sorted(PRESETS)


class Experiment(pydantic.BaseModel):
    """One run of the noisy two-layer network (THEORY §1-§3).

    All lengths are dimensionless; time is learning-rate time ``tau``, the sum of the learning rates used.
    An empty description is the default preset. ``lambda_`` is written ``lambda`` in a file.

    Raises
    ------
    ExperimentError
        If a field is unknown, of the wrong type, outside its range, or at odds with another.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True, populate_by_name=True
    )

    name: str = Field("default", pattern=NAME, max_length=LONGEST_NAME, description="name of the run in file names")

    d: int = Field(200, strict=True, ge=1, le=10**7, description="dimension of each of the two patches x_1, x_2")
    kappa: float | None = Field(None, ge=1e-3, le=1e3, description="sets N = d / kappa^2 (0.5 if N is not given either)")
    N: int | None = Field(None, strict=True, ge=1, description="number of training examples; give it or kappa")
    p0: float | None = Field(None, ge=0, le=1, description="probability of P-only (default kappa^2 / 2)")
    q0: float = Field(0.5, ge=0, le=1, description="probability of Q-only")
    g0: float = Field(1.0, ge=0, le=1e6, description="margin of P times sqrt(d): gamma_0 = g0 / sqrt(d)")
    r: float = Field(0.3, ge=1e-6, le=1e3, description="norm of zeta, the half-distance between Q's outer points")
    alpha_min: float = Field(0.5, ge=0, description="alpha is uniform on [alpha_min, alpha_max]")
    alpha_max: float = Field(1.0, ge=1e-3, le=1e3, description="alpha is uniform on [alpha_min, alpha_max]")
    counts: Literal["random", "exact"] = Field("exact", description="examples of each kind: drawn, or rounded")
    n_test: int = Field(200, strict=True, ge=1, description="fresh test examples of each kind")

    m_W: int = Field(1000, strict=True, ge=1, description="neurons that see x_1 (two a pair when paired)")
    m_V: int = Field(100_000, strict=True, ge=1, description="neurons that see x_2 (two a pair when paired)")
    neurons: Literal["paired", "independent", "balanced"] = Field("paired", description="law of the second layer")
    network: Literal["split", "shared"] = Field("split", description="own filters for each patch, or one filter bank for both")
    overlap_z: float = Field(0.0, ge=-1, le=1, description="shared network: inner product <w*, z>; zeta is orthogonal to both")
    dtype: Literal["float32", "float64"] = Field("float32", description="precision of weights and products")

    schedule: Schedule = Field("L-S", description="law of the learning rate")
    eta_1: float = Field(16.0, ge=LEAST, le=MOST, description="large learning rate (L-S, constant, step, cosine)")
    eta_2: float = Field(0.5, ge=LEAST, le=MOST, description="small learning rate (L-S after annealing, S, end of cosine)")
    epsilon_1: float = Field(0.15, gt=0, le=MOST, description="L-S anneals at training loss epsilon_1 + q_hat log 2")
    step_tau: float | None = Field(None, ge=LEAST, le=MOST, description="step: tau between two cuts of the rate")
    step_factor: float = Field(0.1, gt=0, le=1, description="step: factor of each cut")
    pieces: tuple[tuple[float, float], ...] | None = Field(
        None, description="pieces: [[until_tau, rate], ...]; the last rate goes on"
    )
    lambda_: float = Field(5e-4, ge=0, le=MOST, alias="lambda", description="weight decay (ridge) lambda")
    tau_xi: float = Field(0.00789, ge=0, le=1e12, description="standard deviation of the noise xi on the gradient")
    tau_0: float | Literal["stationary"] = Field(
        "stationary", description="standard deviation of U_0, or the stationary level of the noise"
    )
    tau_0_rate: float | None = Field(None, ge=LEAST, le=MOST, description="rate at which tau_0 is stationary (default eta_1)")
    noise_placement: Literal[
        "none", "pre-activations", "pre-activations-shared", "activations", "gradient", "iterates", "iterates-transient"
    ] = Field("none", description="where noise enters beside xi")
    noise_level: float = Field(0.0, ge=0, le=1e12, description="standard deviation of that noise, in its placement's unit")
    noise_annealing: float | Literal["never", "with-rate"] = Field(
        "never", description="when that noise falls: never, when the rate first falls, or at this tau"
    )
    noise_factor: float = Field(0.0, ge=0, le=1, description="that noise's level is multiplied by this when it is annealed")
    patterns: Literal["moving", "frozen", "frozen-at-annealing", "redrawn"] = Field(
        "moving", description="activation patterns: of U_t, of U_0, of U_t until the rate first falls, or new at each step"
    )
    batch_size: int | None = Field(None, strict=True, ge=1, description="examples a step, without replacement (default all)")

    epsilon_2: float | None = Field(None, gt=0, description="stop once the training loss is at most this")
    max_tau: float = Field(1000.0, ge=LEAST, le=MOST, description="stop once tau reaches this")
    max_steps: int | None = Field(None, strict=True, ge=1, description="stop after this many steps")

    seed: int = Field(0, strict=True, ge=0, le=2**64 - 1, description="seed of every stream that has none of its own")
    seed_data: int | None = Field(None, strict=True, ge=0, le=2**64 - 1, description="seed of the data (default seed)")
    seed_init: int | None = Field(None, strict=True, ge=0, le=2**64 - 1, description="seed of U_0 and the signs (default seed)")
    seed_noise: int | None = Field(None, strict=True, ge=0, le=2**64 - 1, description="seed of xi (default seed)")
    seed_batch: int | None = Field(None, strict=True, ge=0, le=2**64 - 1, description="seed of the mini-batches (default seed)")
    record_every: float = Field(10.0, ge=LEAST, le=MOST, description="tau between two records")
    observe: dict[ObserverName, Recording] = Field(
        default_factory=dict, description="more to record: {name: {every_steps | log_steps | at_tau | every_tau, probes}}"
    )

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except pydantic.ValidationError as error:
            raise _explain(error) from None

    @model_validator(mode="before")
    @classmethod
    def _default_size(cls, fields: Any) -> Any:
        # d, then kappa or N: an empty description has kappa = 1/2, one with N has no kappa of its own.
        if isinstance(fields, dict) and fields.get("kappa") is None and fields.get("N") is None:
            fields = {**fields, "kappa": 0.5}
        return fields

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for seen, rule, mend in self._faults():
            raise ExperimentError(seen, rule, mend)
        return self

    def _faults(self) -> Any:
        """Yield (seen, rule, mend) of whatever is wrong between fields."""
        if self.kappa is not None and self.N is not None:
            yield (f"kappa = {self.kappa} and N = {self.N} are both given",
                   "N = d / kappa^2 (THEORY §1), so one of them sets the other", "leave one of the two out")
        if self.n_examples < 1:
            yield (f"N = {self.n_examples} from d = {self.d}, kappa = {self.kappa}",
                   "at least one training example", "lower kappa or give N")
        if self.p0_value + self.q0 > 1 + 1e-12:
            yield (f"p0 + q0 = {self.p0_value:g} + {self.q0:g} = {self.p0_value + self.q0:g}",
                   "p0 + q0 <= 1: they are probabilities of two of three kinds; p0 is kappa^2/2 = d/(2N) unless given "
                   "(THEORY §1)", "lower p0 or q0, or raise N")
        if self.alpha_min > self.alpha_max:
            yield (f"alpha_min = {self.alpha_min:g} > alpha_max = {self.alpha_max:g}",
                   "alpha is uniform on [alpha_min, alpha_max]", "swap them")
        if self.network == "split" and self.overlap_z != 0:
            yield (f"overlap_z = {self.overlap_z:g} with network = 'split'",
                   "only the shared network's filters see both w* and z (THEORY §2)", "set network = 'shared' or leave it out")
        if self.network == "shared" and self.d < 3:
            yield (f"d = {self.d} with network = 'shared'", "w*, z and zeta need three dimensions", "make d at least 3")
        if self.neurons != "independent":
            for field in ("m_W", "m_V"):
                if getattr(self, field) % 2:
                    yield (f"{field} = {getattr(self, field)} with neurons = {self.neurons!r}",
                           "paired and balanced neurons come in twos", f"make {field} even")
        if self.batch_size is not None and self.batch_size > self.n_examples:
            yield (f"batch_size = {self.batch_size} of N = {self.n_examples} examples",
                   "a batch is drawn without replacement", f"lower it to at most {self.n_examples}, or leave it out")
        if self.schedule == "pieces" and not self.pieces:
            yield ("schedule = 'pieces' without pieces", "pieces = [[until_tau, rate], ...]", "give pieces")
        if self.pieces is not None:
            until = [piece[0] for piece in self.pieces]
            if self.schedule != "pieces":
                yield (f"pieces given with schedule = {self.schedule!r}", "only schedule = 'pieces' reads them",
                       "set schedule = 'pieces' or leave pieces out")
            if any(b <= a for a, b in zip([0.0, *until], until, strict=False)) or not all(
                LEAST <= value <= MOST for piece in self.pieces for value in piece
            ):
                yield (f"pieces = {repr_of([list(p) for p in self.pieces])}",
                       f"tau increasing from 0, tau and rates from {LEAST:g} to {MOST:g}", "sort the pieces")
        if self.schedule == "step" and self.step_tau is None:
            yield ("schedule = 'step' without step_tau", "step_tau is the tau between two cuts", "give step_tau")
        for label, rate in self.rates().items():
            if rate * self.lambda_ >= 2:
                yield (f"{label} x lambda = {rate:g} x {self.lambda_:g} = {rate * self.lambda_:g}",
                       "rate x lambda < 2, or weight decay itself diverges (THEORY §5)", f"lower {label} or lambda")
        if self.tau_0 == "stationary" and self.lambda_ == 0:
            yield ("tau_0 = 'stationary' with lambda = 0",
                   "without weight decay the noise has no stationary level (THEORY §5)", "give tau_0 as a number")
        if self.tau_0 == "stationary" and self.lambda_ > 0 and (self.tau_0_rate or self.eta_1) * self.lambda_ >= 2:
            yield (f"tau_0 stationary at rate {self.tau_0_rate or self.eta_1:g} with lambda = {self.lambda_:g}",
                   "rate x lambda < 2", "lower tau_0_rate (default eta_1) or lambda")
        if 0 < self.lambda_ < LEAST:
            yield (f"lambda = {self.lambda_:g}", f"0, or from {LEAST:g}", "set lambda = 0 or raise it")
        elif self.tau_0 == "stationary" and self.lambda_ > 0 and not self._stationary() <= MOST:
            yield (f"tau_0 stationary at {self._stationary():g}", f"a standard deviation of at most {MOST:g}",
                   "raise lambda, lower tau_xi, or give tau_0 as a number")
        if self.tau_xi == 0 and self.tau_0 in ("stationary", 0.0):
            yield (f"tau_0 = {self.tau_0!r} with tau_xi = 0", "U_0 = 0 without noise has no gradient and never moves",
                   "give tau_0 as a number above 0")
        if isinstance(self.tau_0, float):
            if not 0 <= self.tau_0 <= 1e12:
                yield (f"tau_0 = {self.tau_0:g}", "a standard deviation from 0 to 1e12",
                       "make it 0 or more, and not astronomic")
            if self.tau_0_rate is not None:
                yield (f"tau_0 = {self.tau_0:g} and tau_0_rate = {self.tau_0_rate:g} are both given",
                       "tau_0_rate is read only with tau_0 = 'stationary'", "leave one of the two out")
        yield from self._faults_of_placement()
        yield from self._faults_of_range()
        for name, recording in self.observe.items():
            if name in ("descent", "gradients") and recording.probes is not None:
                yield (f"probes for the observer {name!r}", "it looks at every training example", "leave probes out")
        if "descent" in self.observe:
            for field, plain in (("network", "split"), ("batch_size", None), ("noise_placement", "none")):
                if getattr(self, field) != plain:
                    yield (f"the observer 'descent' with {field} = {getattr(self, field)!r}",
                           "the signal makes gradient descent on the whole training loss of the split network (THEORY §11)",
                           f"leave {field} out, or do not observe descent")
        if self.schedule == "L-S" and self.epsilon_2 is not None:
            threshold = self.epsilon_1 + self.q0 * math.log(2)
            if threshold <= self.epsilon_2:
                yield (f"L-S anneals at epsilon_1 + q0 log 2 = {threshold:.4g}, at or below the stop loss "
                       f"epsilon_2 = {self.epsilon_2:g}", "the run must be able to anneal before it stops",
                       "raise epsilon_1 or lower epsilon_2")

    def _faults_of_placement(self) -> Any:
        """Yield what is wrong between the fields of placed noise and patterns."""
        placement, annealing = self.noise_placement, self.noise_annealing
        if placement == "none":
            for field, default in (("noise_level", 0.0), ("noise_annealing", "never"), ("noise_factor", 0.0)):
                if getattr(self, field) != default:
                    yield (f"{field} = {getattr(self, field)!r} with noise_placement = 'none'", "it belongs to placed noise",
                           f"choose a noise_placement, or leave {field} out")
        elif self.noise_level == 0:
            yield (f"noise_placement = {placement!r} with noise_level = 0", "placed noise has a level",
                   "give noise_level above 0, or leave noise_placement out")
        if annealing == "never" and self.noise_factor != 0 and placement != "none":
            yield (f"noise_factor = {self.noise_factor:g} with noise_annealing = 'never'", "it is the factor of annealing",
                   "give noise_annealing, or leave noise_factor out")
        if isinstance(annealing, float) and not annealing > 0:
            yield (f"noise_annealing = {annealing:g}", "a tau above 0, 'never' or 'with-rate'", "make it positive")
        if placement in ("pre-activations", "pre-activations-shared", "iterates-transient") and self.patterns != "moving":
            yield (f"noise_placement = {placement!r} with patterns = {self.patterns!r}",
                   "noise on pre-activations acts through patterns that follow them", "choose patterns = 'moving'")

    def _faults_of_range(self) -> Any:
        """Yield numbers outside of the range of the dtype to which a run rounds them, or near enough to its end to lose digits.

        Every engine rounds data; the limit keeps the rest in float64, but one description serves both.
        """
        limits = np.finfo(self.dtype)
        # Room on both sides: numbers eps times as small still have every digit, and products of two do not overflow.
        least, most = float(limits.tiny / limits.eps), math.sqrt(float(limits.max))
        values = {"tau_0": self.tau_0_value, "gamma_0 = g0 / sqrt(d)": self.gamma_0}
        for label, rate in self.rates().items():
            values |= {label: rate, f"{label} x tau_xi": rate * self.tau_xi}
            if self.noise_placement == "gradient":
                values[f"{label} x noise_level"] = rate * self.noise_level
        if self.noise_placement != "none":
            values |= {"noise_level": self.noise_level, "noise_level x noise_factor": self.noise_level * self.noise_factor}
        # A product that is zero although no factor is has left the range of float64 itself.
        for label, value in values.items():
            vanished = value == 0.0 and label.endswith("tau_xi") and self.tau_xi > 0.0
            if vanished or (value > 0.0 and not least <= value <= most):
                other = "; or dtype = 'float64'" if self.dtype == "float32" else ""
                yield (f"{label} = {value:.3g} in {self.dtype}",
                       f"0, or from {least:.1e} to {most:.1e}, where {self.dtype} has room",
                       f"change it, or what it follows from{other}")

    # -- derived values -------------------------------------------------------------------------

    @property
    def n_examples(self) -> int:
        """N, the number of training examples (THEORY §1: N = d / kappa^2, rounded)."""
        if self.N is not None:
            return self.N
        return round(self.d / self.kappa**2) if self.kappa else 0

    @property
    def kappa_value(self) -> float:
        """Kappa = sqrt(d / N), as given or as it follows from N."""
        return self.kappa if self.kappa is not None else math.sqrt(self.d / self.n_examples)

    @property
    def p0_value(self) -> float:
        """p_0, as given or kappa^2 / 2 (THEORY §1)."""
        return self.p0 if self.p0 is not None else self.kappa_value**2 / 2

    @property
    def gamma_0(self) -> float:
        """Margin gamma_0 = g0 / sqrt(d) of P (THEORY §1)."""
        return self.g0 / math.sqrt(self.d)

    @property
    def tau_0_value(self) -> float:
        """tau_0, the standard deviation of the entries of U_0 (THEORY §3, §5)."""
        return self._stationary() if self.tau_0 == "stationary" else self.tau_0

    def _stationary(self) -> float:
        return tau_stationary(self.tau_0_rate or self.eta_1, self.lambda_, self.tau_xi)

    @property
    def most_steps(self) -> float:
        """Upper bound on the number of steps that the schedule takes to reach max_tau, and max_steps."""
        if self.schedule == "step":
            pieces = [(self.step_tau or math.inf, self.eta_1)]
            while sum(piece[0] for piece in pieces) < self.max_tau and len(pieces) < 1000 and pieces[-1][1] > 0:
                pieces.append((self.step_tau or math.inf, pieces[-1][1] * self.step_factor))
            steps = sum(min(span, self.max_tau) / rate if rate > 0 else math.inf for span, rate in pieces)
        elif self.pieces is not None:
            ends = [min(until, self.max_tau) for until, _ in self.pieces[:-1]] + [self.max_tau]
            steps = sum((b - a) / piece[1] for a, b, piece in zip([0.0, *ends], ends, self.pieces, strict=False))
        else:
            steps = self.max_tau / min(self.rates().values())
        return min(steps + 1.0, math.inf if self.max_steps is None else self.max_steps)

    def rates(self) -> dict[str, float]:
        """Every learning rate that this schedule can use, by the field that gives it."""
        if self.schedule == "pieces":
            return {f"pieces[{i}] rate": piece[1] for i, piece in enumerate(self.pieces or ())}
        return {field: getattr(self, field) for field in _RATES_USED[self.schedule]}

    def seed_of(self, purpose: Literal["data", "init", "noise", "batch"]) -> int:
        """Seed of one purpose: its own where given, else ``seed``."""
        own: int | None = getattr(self, f"seed_{purpose}")
        return self.seed if own is None else own

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
                                  "choose one of these")
        return cls(name=name, **PRESETS[name].fields)

    def replace(self, **fields: Any) -> Experiment:
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
        """Read one experiment. A file that also holds ``compare`` or ``seeds`` is a plan: see ``Plan``."""
        fields = read_toml(path)
        for key in ("compare", "seeds"):
            if key in fields:
                raise ExperimentError(f"{key} in {path}", "an Experiment is one run with one schedule",
                                      "read the file with theory_sim.Plan.from_toml")
        return cls(**fields)

    def to_toml(self, path: str | os.PathLike[str]) -> None:
        """Write every field that is set, whole or not at all; ``from_toml`` gives an equal Experiment back."""
        import tomli_w

        try:
            write_text(Path(path), tomli_w.dumps(self.fields()), fix="choose another")
        except StoreError as error:
            raise ExperimentError(error.found, error.rule, error.fix) from None


def require_steps(experiment: Experiment) -> None:
    """Refuse a run that would not end within days, whatever the machine; `max_steps` stops it earlier."""
    steps = experiment.most_steps
    if experiment.max_steps is None and steps > MOST_STEPS:
        raise ExperimentError(
            f"about {steps:.2g} steps, max_tau = {experiment.max_tau:g} over rates down to "
            f"{min(experiment.rates().values()):.3g}{' and cuts' if experiment.schedule == 'step' else ''}",
            f"at most {MOST_STEPS:g} steps of which each takes 0.1 ms or more",
            "raise the rate or lower max_tau, give max_steps, or use the limit with time = 'flow' (--time flow)")


def _explain(error: pydantic.ValidationError) -> ExperimentError:
    """First fault of pydantic's report as value seen, rule, mend."""
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    path = [str(part) for part in first["loc"]]
    if isinstance(cause, ExperimentError):
        return cause
    field, seen = ".".join(path) or "the experiment", shown(repr_of(first["input"]))
    if first["type"] == "extra_forbidden" or (path[:1] == ["observe"] and first["type"] == "literal_error"):
        return _unknown(path)
    if path[:1] == ["noise_annealing"]:
        return ExperimentError(f"noise_annealing = {seen}", "a tau, 'never' or 'with-rate'", "choose one of these")
    if path[:1] == ["tau_0"]:
        return ExperimentError(f"tau_0 = {seen}", "a number, or 'stationary'", "choose one of these")
    return ExperimentError(f"{field} = {seen}", first["msg"], f"change {field} so that the rule holds")


def _unknown(path: list[str]) -> ExperimentError:
    """A name that is no field, or no observer, or no field of an observer's record times."""
    import difflib

    if path[:1] != ["observe"] or len(path) == 1:
        what, name, known = "field", path[-1], [info.alias or key for key, info in Experiment.model_fields.items()]
    elif path[2:] in ([], ["[key]"]):
        what, name, known = "observer", path[1], list(OBSERVERS)
    else:
        what, name, known = f"field of observe.{shown(path[1])}", path[-1], list(Recording.model_fields)
    near = difflib.get_close_matches(name, known, n=1)
    choices = f"known {what.partition(' ')[0]}s: {', '.join(known)}"
    if "." in name and name.partition(".")[0] in known:
        top = name.partition(".")[0]
        mend = f"give the whole of {top}, such as {top} = {{kernels = {{probes = 100}}}}" if top == "observe" else choices
    else:
        mend = f"did you mean {near[0]!r}? {choices}" if near and what != "field" else (
            f"did you mean {near[0]!r}?" if near else choices)
    rule = "only fields of Experiment" if what == "field" else f"one of the {len(known)} known ones"
    return ExperimentError(f"unknown {what} {shown(repr_of(name))}", rule, mend)
