"""Section: noise on the gradient, noise elsewhere, and the patterns through which both act (THEORY §3, §5, §12)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from theory_sim.errors import Fault
from theory_sim.experiment.choices import NO_PLACEMENT, PLACEMENTS, OneOf
from theory_sim.experiment.schedule import ScheduleSection
from theory_sim.experiment.section import LEAST, MOST
from theory_sim.theory.noise_law import tau_stationary

__all__ = ["NoiseSection"]

_STATIONARY = ("tau_0", "tau_0_rate", "eta_1", "lambda", "tau_xi")


class NoiseSection(ScheduleSection):
    """Noise levels, where noise enters, when it falls, and whose patterns the network has."""

    tau_xi: float = Field(0.00789, ge=0, le=1e12, description="standard deviation of the noise xi on the gradient")
    tau_0: float | Literal["stationary"] = Field(
        "stationary", description="standard deviation of U_0, or the stationary level of the noise"
    )
    tau_0_rate: float | None = Field(None, ge=LEAST, le=MOST, description="rate at which tau_0 is stationary (default eta_1)")
    noise_placement: Annotated[str, OneOf(PLACEMENTS, (NO_PLACEMENT,))] = Field(
        NO_PLACEMENT, description="where noise enters beside xi"
    )
    noise_level: float = Field(
        0.0, ge=0, le=1e12,
        description="standard deviation of that noise, in its placement's unit; of labels the probability of a flip",
    )
    noise_annealing: float | Literal["never", "with-rate"] = Field(
        "never", description="when that noise falls: never, when the rate first falls, or at this tau"
    )
    noise_factor: float = Field(0.0, ge=0, le=1, description="that noise's level is multiplied by this when it is annealed")
    patterns: Literal["moving", "frozen", "frozen-at-annealing", "redrawn"] = Field(
        "moving", description="activation patterns: of U_t, of U_0, of U_t until the rate first falls, or new at each step"
    )

    def superseded(self, changed: Mapping[str, object]) -> Iterator[str]:
        yield from super().superseded(changed)
        if isinstance(changed.get("tau_0"), (int, float)):
            yield "tau_0_rate"
        if changed.get("noise_placement") == NO_PLACEMENT:
            yield from ("noise_level", "noise_annealing", "noise_factor")

    @property
    def starts_stationary(self) -> bool:
        """Whether tau_0 is the level at which the noise stays at `tau_0_rate`."""
        return self.tau_0 == "stationary"

    @property
    def has_placed_noise(self) -> bool:
        """Whether noise enters beside xi."""
        return self.noise_placement != NO_PLACEMENT

    @property
    def anneals_noise(self) -> bool:
        """Whether placed noise falls at some time."""
        return self.noise_annealing != "never"

    @property
    def anneals_with_rate(self) -> bool:
        """Whether placed noise falls when the rate first falls."""
        return self.noise_annealing == "with-rate"

    @property
    def moving_patterns(self) -> bool:
        """Whether activation patterns are those of the weights at each step."""
        return self.patterns == "moving"

    @property
    def frozen_patterns(self) -> bool:
        """Whether activation patterns stay those of U_0."""
        return self.patterns == "frozen"

    @property
    def patterns_freeze(self) -> bool:
        """Whether activation patterns stay as they are from when the rate first falls."""
        return self.patterns == "frozen-at-annealing"

    @property
    def redrawn_patterns(self) -> bool:
        """Whether activation patterns are new at each step."""
        return self.patterns == "redrawn"

    @property
    def tau_0_value(self) -> float:
        """tau_0, the standard deviation of the entries of U_0 (THEORY §3, §5)."""
        return self._stationary() if self.tau_0 == "stationary" else self.tau_0

    def _stationary(self) -> float:
        return tau_stationary(self.tau_0_rate or self.eta_1, self.lambda_, self.tau_xi)

    def _has_stationary_level(self) -> bool:
        return self.lambda_ >= LEAST and (self.tau_0_rate or self.eta_1) * self.lambda_ < 2

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield from self._faults_of_start()
        yield from self._faults_of_placement()
        yield from self._faults_of_range()

    def _faults_of_start(self) -> Iterator[Fault]:
        """What is wrong with tau_0."""
        if self.starts_stationary:
            if self.lambda_ == 0:
                yield Fault("tau_0 = 'stationary' with lambda = 0",
                            "without weight decay the noise has no stationary level (THEORY §5)", "give tau_0 as a number",
                            ("tau_0", "lambda"))
            elif (self.tau_0_rate or self.eta_1) * self.lambda_ >= 2 and (self.tau_0_rate or "eta_1" not in self.rates()):
                yield Fault(f"tau_0 stationary at rate {self.tau_0_rate or self.eta_1:g} with lambda = {self.lambda_:g}",
                            "rate x lambda < 2", "lower tau_0_rate (default eta_1) or lambda",
                            ("tau_0", "tau_0_rate", "eta_1", "lambda"))
            elif self._has_stationary_level() and not self._stationary() <= MOST:
                yield Fault(f"tau_0 stationary at {self._stationary():g}", f"a standard deviation of at most {MOST:g}",
                            "raise lambda, lower tau_xi, or give tau_0 as a number", _STATIONARY)
        if self.tau_xi == 0 and self.tau_0 in ("stationary", 0.0):
            yield Fault(f"tau_0 = {self.tau_0!r} with tau_xi = 0", "U_0 = 0 without noise has no gradient and never moves",
                        "give tau_0 as a number above 0", ("tau_0", "tau_xi"))
        if isinstance(self.tau_0, float):
            if not 0 <= self.tau_0 <= 1e12:
                yield Fault(f"tau_0 = {self.tau_0:g}", "a standard deviation from 0 to 1e12",
                            "make it 0 or more, and not astronomic", ("tau_0",))
            if self.tau_0_rate is not None:
                yield Fault(f"tau_0 = {self.tau_0:g} and tau_0_rate = {self.tau_0_rate:g} are both given",
                            "tau_0_rate is read only with tau_0 = 'stationary'", "leave one of the two out",
                            ("tau_0", "tau_0_rate"))

    def _faults_of_placement(self) -> Iterator[Fault]:
        """What is wrong between the fields of placed noise and patterns."""
        placement, annealing = self.noise_placement, self.noise_annealing
        if not self.has_placed_noise:
            for field, default in (("noise_level", 0.0), ("noise_annealing", "never"), ("noise_factor", 0.0)):
                if getattr(self, field) != default:
                    yield Fault(f"{field} = {getattr(self, field)!r} with noise_placement = 'none'",
                                "it belongs to placed noise",
                                f"choose a noise_placement, or leave {field} out", (field, "noise_placement"))
        elif self.noise_level == 0:
            yield Fault(f"noise_placement = {placement!r} with noise_level = 0", "placed noise has a level",
                        "give noise_level above 0, or leave noise_placement out", ("noise_placement", "noise_level"))
        if self.has_placed_noise and not self.anneals_noise and self.noise_factor != 0:
            yield Fault(f"noise_factor = {self.noise_factor:g} with noise_annealing = 'never'", "it is the factor of annealing",
                        "give noise_annealing, or leave noise_factor out", ("noise_factor", "noise_annealing"))
        if isinstance(annealing, float) and not annealing > 0:
            yield Fault(f"noise_annealing = {annealing:g}", "a tau above 0, 'never' or 'with-rate'", "make it positive",
                        ("noise_annealing",))

    def _faults_of_range(self) -> Iterator[Fault]:
        """Numbers outside of the range of the dtype to which a run rounds them, or near enough to its end to lose digits.

        Every engine rounds data; the limit keeps the rest in float64, but one description serves both.
        """
        limits = np.finfo(self.dtype)
        # Room on both sides: numbers eps times as small still have every digit, and products of two do not overflow.
        least, most = float(limits.tiny / limits.eps), math.sqrt(float(limits.max))
        placed = PLACEMENTS[self.noise_placement] if self.has_placed_noise else None
        start = _STATIONARY if self.starts_stationary else ("tau_0",)
        values: dict[str, tuple[float, tuple[str, ...]]] = {"gamma_0 = g0 / sqrt(d)": (self.gamma_0, ("g0", "d"))}
        if not self.starts_stationary or self._has_stationary_level():
            values = {"tau_0": (self.tau_0_value, start), **values}
        for label, rate in self.rates().items():
            by = (label.partition("[")[0], "schedule")
            values |= {label: (rate, by), f"{label} x tau_xi": (rate * self.tau_xi, (*by, "tau_xi"))}
            if placed is not None and placed.times_rate:
                values[f"{label} x noise_level"] = rate * self.noise_level, (*by, "noise_level")
        if self.has_placed_noise:
            values |= {"noise_level": (self.noise_level, ("noise_level",)),
                       "noise_level x noise_factor": (self.noise_level * self.noise_factor, ("noise_level", "noise_factor"))}
        # A product that is zero although no factor is has left the range of float64 itself.
        for label, (value, fields) in values.items():
            vanished = value == 0.0 and label.endswith("tau_xi") and self.tau_xi > 0.0
            if vanished or (value > 0.0 and not least <= value <= most):
                other = "; or dtype = 'float64'" if self.single_precision else ""
                yield Fault(f"{label} = {value:.3g} in {self.dtype}",
                            f"0, or from {least:.1e} to {most:.1e}, where {self.dtype} has room",
                            f"change it, or what it follows from{other}", (*fields, "dtype"))
