"""What the past has left in a run of the limit, and how a step or a stretch of time changes it (THEORY §4, §7).

For each patch x_1 and each direction of x_2 a memory holds the decayed sum of its residuals, once for each exponent of the
compressed history; the linear part of the kernel, 1/4, needs one d-vector. State goes in, and a new state comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from theory_sim.arrays import Array
from theory_sim.numeric.limit_kernels import advance_memory
from theory_sim.train.clock import Tick

__all__ = ["Memories", "Residuals"]


@dataclass(frozen=True)
class Residuals:
    """Derivatives of the mean training loss by the outputs, gathered by what sees them.

    Attributes
    ----------
    patches : (n,) array
        Of each example with a patch x_1.
    directions : (3,) array
        Summed over the examples along each direction of x_2, each times its alpha.
    linear : (d,) array
        Sum over patches of residual times x_1.
    descent : (layers,) array
        Inner product of the signal with the negative gradient in each layer.
    """

    patches: Array
    directions: Array
    linear: Array
    descent: Array

    def parts(self) -> tuple[Array, Array, Array, Array]:
        """The four arrays, in order."""
        return self.patches, self.directions, self.linear, self.descent

    def times(self, factor: float) -> Residuals:
        """All residuals multiplied by a number."""
        return Residuals(*(factor * part for part in self.parts()))

    def extrapolated(self, before: Residuals, share: float) -> Residuals:
        """Residuals ``share`` times as far from these as these are from those before."""
        return Residuals(*(a + share * (a - b) for a, b in zip(self.parts(), before.parts(), strict=True)))


@dataclass(frozen=True)
class Memories:
    """State of the signal.

    Attributes
    ----------
    patches, directions : (E, n), (E, 3) arrays
        Decayed sums of residuals of each patch x_1 and each direction, for each exponent.
    linear, direct : (d,), (3,) arrays
        The same for the linear part of the kernel: of residual times x_1, and of the directions' residuals.
    squared_norm : (layers,) array
        Squared Frobenius norm of the signal in each layer.
    """

    patches: Array
    directions: Array
    linear: Array
    direct: Array
    squared_norm: Array

    @classmethod
    def start(cls, exponents: int, n: int, d: int, layers: int) -> Memories:
        """Nothing learnt."""
        return cls(np.zeros((exponents, n)), np.zeros((exponents, 3)), np.zeros(d), np.zeros(3), np.zeros(layers))

    def seen_through(self, visible: Array) -> tuple[Array, Array]:
        """Memories of patches and of directions with each exponent's multiplied by ``visible`` (E,)."""
        return self.patches * visible[:, None], self.directions * visible[:, None]

    def stepped(self, residuals: Residuals, rate: float, tick: Tick, fading: Array, visible: Array) -> Memories:
        """Memories after a step of THEORY §3; the squared norm lacks the gradient's own square (`with_gradient`).

        Parameters
        ----------
        residuals : Residuals
            At the step's start.
        rate : float
            Learning rate.
        tick : Tick
            Decay and rotation over the step.
        fading : (E,) array
            Power of the patterns' correlation over the step for each exponent.
        visible : (E,) array
            The same between patterns with and without the step's placed noise.
        """
        keep, reach = tick.decay * fading, fading * visible
        patches = np.empty_like(self.patches)
        advance_memory(self.patches, keep, rate * reach, np.zeros(len(keep)), residuals.patches, residuals.patches, patches)
        return Memories(
            patches, keep[:, None] * self.directions - rate * reach[:, None] * residuals.directions,
            tick.decay * self.linear - rate * residuals.linear, tick.decay * self.direct - rate * residuals.directions,
            self.squared_norm * tick.decay**2 + 2.0 * rate * tick.decay * residuals.descent,
        )

    def with_gradient(self, rate: float, squared_gradient: Array) -> Memories:
        """The same with the square of the step itself in the squared norm."""
        return replace(self, squared_norm=self.squared_norm + rate * rate * squared_gradient)

    def flowed(
        self, first: Residuals, last: Residuals, duration: float, decay_rate: float, age: float, exponents: Array
    ) -> Memories:
        """Memories after a stretch of time, for residuals linear between ``first`` and ``last``.

        The linear equations are solved exactly for such residuals, with a constant rate of decorrelation.

        Parameters
        ----------
        first, last : Residuals
            At both ends.
        duration, decay_rate : float
            Learning-rate time, and weight decay lambda.
        age : float
            -log rho over the stretch.
        exponents : (E,) array
            Powers of rho.
        """
        lost = decay_rate * duration
        exponent = lost + (0.0 if age == 0 else 1.0) * exponents * min(age, 1e300)
        keep = np.exp(-exponent)
        old, new = _weights_of_line(exponent)
        patches = np.empty_like(self.patches)
        advance_memory(self.patches, keep, duration * old, duration * new, first.patches, last.patches, patches)
        directions = keep[:, None] * self.directions - duration * (
            old[:, None] * first.directions + new[:, None] * last.directions)
        (old_l,), (new_l,) = _weights_of_line(np.array([lost]))
        fade = np.exp(-lost)
        linear = fade * self.linear - duration * (old_l * first.linear + new_l * last.linear)
        direct = fade * self.direct - duration * (old_l * first.directions + new_l * last.directions)
        (old_n,), (new_n,) = _weights_of_line(np.array([2.0 * lost]))
        squared_norm = fade**2 * self.squared_norm + 2.0 * duration * (old_n * first.descent + new_n * last.descent)
        return Memories(patches, directions, linear, direct, squared_norm)

    def arrays(self) -> dict[str, Array]:
        """What a checkpoint keeps."""
        return {"memory": self.patches, "q_memory": self.directions, "linear": self.linear, "q_direct": self.direct,
                "squared_norm": self.squared_norm}

    @classmethod
    def from_arrays(cls, state: Mapping[str, Array]) -> Memories:
        """Take back what `arrays` gave."""
        return cls(*(state[name] for name in ("memory", "q_memory", "linear", "q_direct", "squared_norm")))


def _weights_of_line(z: Array) -> tuple[Array, Array]:
    """Integrals of e^{-z (1 - x)} (1 - x) and e^{-z (1 - x)} x over x in [0, 1]."""
    small = z < 1e-2
    safe = np.where(small, 1.0, z)
    whole = np.where(small, 1.0 - z / 2.0 + z**2 / 6.0 - z**3 / 24.0 + z**4 / 120.0, -np.expm1(-safe) / safe)
    last = np.where(small, 0.5 - z / 6.0 + z**2 / 24.0 - z**3 / 120.0 + z**4 / 720.0, (1.0 - whole) / safe)
    return whole - last, last
