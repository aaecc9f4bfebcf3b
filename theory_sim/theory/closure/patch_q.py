"""Q in the closure: outputs on z and on z +- zeta, which remember earlier residuals through the two-time kernel (THEORY §8)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory_sim.errors import InputError
from theory_sim.theory.arc_cosine import KernelConstants, tangent_kernel
from theory_sim.theory.closure.examples import Examples, Losses, losses
from theory_sim.theory.closure.loss import LossOfMargin
from theory_sim.theory.closure.memory import Block
from theory_sim.theory.closure.problem import ClosureProblem, Floats
from theory_sim.theory.closure.setting import BlockStep, Setting

__all__ = ["PatchQ", "Residual", "equal_time_kernel", "look", "step_q"]

# Newton's steps end at rounding (1e-13) where the grid is fine enough; on one that is not, far off.
_NEWTON = 1e-8
_MOST_NEWTON = 30
_SIGN = np.array([1.0, -1.0])
_UNIT = np.eye(2)


@dataclass(frozen=True)
class PatchQ:
    """Outputs on z and on z +- zeta, and their slopes over the last block, (2,) each."""

    g: Floats
    slope: Floats

    @classmethod
    def start(cls) -> PatchQ:
        """Nothing learnt."""
        return cls(np.zeros(2), np.zeros(2))


@dataclass(frozen=True)
class Residual:
    """Residual of each class, signed by its label, its derivative by that class's g, and the weights behind it.

    ``value`` and ``slope`` are (2,); ``weight`` (J,) are the residual weights of the points that hold P.
    """

    value: Floats
    slope: Floats
    weight: Floats


def look(problem: ClosureProblem, examples: Examples, p_only: Floats, p_margin: Floats, g: Floats) -> tuple[Residual, Losses]:
    """Residuals that train Q at outputs g, and the losses, from the margins of the P patches: of P-only points, and (2, M)."""
    by_label = _margins(examples, p_margin, g)
    value, slope, weight = _residual(problem.loss, examples, by_label)
    residual = Residual(value, slope, examples.of_points(problem.loss.weight(p_only), weight))
    return residual, losses(problem, examples, p_only, by_label)


def _margins(examples: Examples, p_margin: Floats, g: Floats) -> Floats:
    """Margins y f (2, M) of the points that hold Q, by label, from those of their P patches."""
    return p_margin + (_SIGN * g)[:, None] * examples.alpha


def _residual(loss: LossOfMargin, examples: Examples, margin: Floats) -> tuple[Floats, Floats, Floats]:
    """Residual of each class, its derivative, and the weights (2, M) behind it, from their margins."""
    weight = loss.weight(margin)
    return _SIGN * (weight @ examples.drive), -loss.slope(weight) @ (examples.drive * examples.alpha), weight


def _kernels(r: float, rho: Floats, constants: KernelConstants) -> tuple[Floats, Floats, Floats]:
    """Two-time kernels of z with z, z with z +- zeta, and the mean over the four pairs of z +- zeta (THEORY §6)."""
    s = r * r
    inner = np.array([1.0, 1.0, 1.0 - s]).reshape(3, *(1,) * rho.ndim)
    cosine = np.array([1.0, 1.0 / math.sqrt(1.0 + s), (1.0 - s) / (1.0 + s)]).reshape(inner.shape)
    middle, mixed, opposite = tangent_kernel(inner, cosine, rho, constants)
    return middle, mixed, 0.5 * ((1.0 + s) * middle + opposite)


def equal_time_kernel(problem: ClosureProblem) -> Floats:
    """Kernel (2, 2) between z and z +- zeta at equal times."""
    middle, mixed, outer = (float(kernel) for kernel in _kernels(problem.r, np.array(1.0), problem.constants))
    return np.array([[middle, mixed], [mixed, outer]])


def step_q(setting: Setting, state: PatchQ, step: BlockStep, start: Residual, p_margin: Floats) -> PatchQ:
    """State after one more block; its residual is interpolated between its start, which is known, and its end.

    ``start`` is the residual at its start, ``p_margin`` (2, M) are the margins of the P patches at its end.

    Raises
    ------
    InputError
        If Newton's steps do not settle.
    """
    history, n, block = setting.history, step.n, step.block
    kernels = _kernels(setting.problem.r, step.moved.rho, setting.problem.constants)
    middle, mixed, outer = (step.moved.mean(kernel) for kernel in kernels)
    gain = history.decay(n + 1, block.end) * history.length[: n + 1]
    past = history.residual[:n] * gain[:n, None]
    base = np.array([middle[:n] @ past[:, 0] + mixed[:n] @ past[:, 1], mixed[:n] @ past[:, 0] + outer[:n] @ past[:, 1]])
    newest = gain[n] * np.array([[middle[n], mixed[n]], [mixed[n], outer[n]]])
    used = start.value
    if block.share > 0.0:
        equation = _Implicit(setting.problem.loss, setting.examples, block, start, p_margin, base, newest)
        used = _implicit(equation, state.g + state.slope * block.length)
    history.residual[n] = used
    g = base + newest @ used
    return PatchQ(g, (g - state.g) / block.length)


@dataclass(frozen=True)
class _Implicit:
    """Equation of the outputs g (2,) at a block's end: g = base + newest @ residual, between its start and its end.

    ``p_margin`` (2, M) are the margins of the P patches there, of the points that hold Q.
    """

    loss: LossOfMargin
    examples: Examples
    block: Block
    start: Residual
    p_margin: Floats
    base: Floats
    newest: Floats

    def residual(self, g: Floats) -> tuple[Floats, Floats]:
        """Residual (2,) at the block's centre if its outputs are g at its end, and the end's derivative."""
        share = self.block.share
        value, slope, _ = _residual(self.loss, self.examples, _margins(self.examples, self.p_margin, g))
        return (1.0 - share) * self.start.value + share * value, slope


def _implicit(equation: _Implicit, guess: Floats) -> Floats:
    """Residual (2,) at the block's centre, by Newton's method with the derivative at hand; `scipy.optimize.root` would ask for
    more evaluations than the two that this takes for most blocks."""
    block, base, newest = equation.block, equation.base, equation.newest
    for _ in range(_MOST_NEWTON):
        used, slope = equation.residual(guess)
        change = _solve(_UNIT - block.share * newest * slope, guess - base - newest @ used)
        guess = guess - change
        if math.hypot(*change) <= _NEWTON * (1.0 + math.hypot(*guess)):
            break
    used, _ = equation.residual(guess)
    reached = base + newest @ used
    if not math.hypot(*(reached - guess)) <= _NEWTON * (1.0 + math.hypot(*reached)):
        raise InputError(f"a block of {block.length:g} of learning-rate time in which Newton's steps do not settle",
                         "blocks short beside the time in which Q is learnt", "lower max_tau")
    return used


def _solve(matrix: Floats, right: Floats) -> Floats:
    """`numpy.linalg.solve` of two equations, in a tenth of its time; not a number where there is no solution."""
    (a, b), (c, d) = matrix.tolist()
    x, y = right.tolist()
    determinant = a * d - b * c or math.nan
    return np.array([(d * x - b * y) / determinant, (a * y - c * x) / determinant])
