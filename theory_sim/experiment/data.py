"""Section: the training and test examples (THEORY §1)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from theory_sim.errors import Fault
from theory_sim.experiment.choices import ALPHA_LAWS, DATA_LAWS, OneOf
from theory_sim.experiment.section import Section

__all__ = ["DataSection"]


class DataSection(Section):
    """Dimension, number and kinds of the examples."""

    d: int = Field(200, strict=True, ge=1, le=10**9, description="dimension of each of the two patches x_1, x_2")
    data_law: Annotated[str, OneOf(DATA_LAWS)] = Field(
        "pq-mixture", description="law of the examples", json_schema_extra={"since": "0.3"}
    )
    kappa: float | None = Field(None, ge=1e-3, le=1e3, description="sets N = d / kappa^2 (0.5 if N is not given either)")
    N: int | None = Field(None, strict=True, ge=1, description="number of training examples; give it or kappa")
    p0: float | None = Field(None, ge=0, le=1, description="probability of P-only (default kappa^2 / 2)")
    q0: float = Field(0.5, ge=0, le=1, description="probability of Q-only")
    g0: float = Field(1.0, ge=0, le=1e6, description="margin of P times sqrt(d): gamma_0 = g0 / sqrt(d)")
    r: float = Field(0.3, ge=1e-6, le=1e3, description="norm of zeta, the half-distance between Q's outer points")
    alpha_law: Annotated[str, OneOf(ALPHA_LAWS)] = Field(
        "uniform", description="law of alpha, the length of x_2", json_schema_extra={"since": "0.3"}
    )
    alpha_min: float = Field(0.5, ge=0, description="alpha is from alpha_min to alpha_max")
    alpha_max: float = Field(1.0, ge=1e-3, le=1e3, description="alpha is from alpha_min to alpha_max")
    counts: Literal["random", "exact"] = Field("exact", description="examples of each kind: drawn, or rounded")
    label_flips: float = Field(
        0.0, ge=0, le=1, description="share of the training labels that are flipped, once", json_schema_extra={"since": "0.3"}
    )
    n_test: int = Field(200, strict=True, ge=1, description="fresh test examples of each kind")

    @model_validator(mode="before")
    @classmethod
    def _default_size(cls, fields: object) -> object:
        # d, then kappa or N: an empty description has kappa = 1/2, one with N has no kappa of its own.
        if isinstance(fields, dict) and fields.get("kappa") is None and fields.get("N") is None:
            fields = {**fields, "kappa": 0.5}
        return fields

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.kappa is not None and self.N is not None:
            yield Fault(f"kappa = {self.kappa} and N = {self.N} are both given",
                        "N = d / kappa^2 (THEORY §1), so one of them sets the other", "leave one of the two out",
                        ("kappa", "N"))
        if self.n_examples < 1:
            yield Fault(f"N = {self.n_examples} from d = {self.d}, kappa = {self.kappa}",
                        "at least one training example", "lower kappa or give N", ("d", "kappa", "N"))
        elif self.has_pq and self.p0_value + self.q0 > 1 + 1e-12:
            yield Fault(f"p0 + q0 = {self.p0_value:g} + {self.q0:g} = {self.p0_value + self.q0:g}",
                        "p0 + q0 <= 1: they are probabilities of two of three kinds; p0 is kappa^2/2 = d/(2N) unless given "
                        "(THEORY §1)", "lower p0 or q0, or raise N",
                        ("p0", "q0") if self.p0 is not None else ("q0", "d", "kappa", "N"))
        if self.alpha_min > self.alpha_max:
            yield Fault(f"alpha_min = {self.alpha_min:g} > alpha_max = {self.alpha_max:g}",
                        "alpha is from alpha_min to alpha_max", "swap them", ("alpha_min", "alpha_max"))

    def superseded(self, changed: Mapping[str, object]) -> Iterator[str]:
        yield from super().superseded(changed)
        for one, other in (("N", "kappa"), ("kappa", "N")):
            if changed.get(one) is not None:
                yield other

    @property
    def has_pq(self) -> bool:
        """Whether second patches lie along the three directions of the P/Q mixture (THEORY §1)."""
        return DATA_LAWS[self.data_law].has_pq

    @property
    def exact_counts(self) -> bool:
        """Whether the number of examples of each kind is rounded, not drawn."""
        return self.counts == "exact"

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
