"""solve_mean_field(experiment) -> MeanField: three runs of the particles, of which two state the error of the first."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from theory_sim.closure.duration import count_blocks
from theory_sim.closure.mean_field.law import ParticleLaw
from theory_sim.closure.mean_field.particles import make_particles
from theory_sim.closure.of_experiment import make_problem
from theory_sim.closure.rates import FLOW, ClosureRates
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.numeric.blas import one_blas_thread
from theory_sim.reading.arguments import accepts
from theory_sim.scope import LEAST_D
from theory_sim.theory.closure import Closure, ClosureProblem
from theory_sim.theory.closure.grid import MOST_BLOCKS, Grid, shorter_than_decay
from theory_sim.theory.closure.memory import History
from theory_sim.theory.closure.problem import Floats
from theory_sim.theory.closure.setting import Kinds, Setting
from theory_sim.theory.closure.solve import follow, following
from theory_sim.theory.crossings import LEVELS, learning_time
from theory_sim.theory.overlap import P_error

__all__ = [
    "COARSE", "NODES", "PARTICLES", "Errors", "MeanField", "follow_particles", "particles_followed", "solve_mean_field",
]  # fmt: skip

NODES: Final = 100
PARTICLES: Final = 4096
_FEWEST, _FEWEST_NODES = 64, 10
# Of the nodes of the two runs that state the error.
COARSE: Final = 2.0 / 3.0
# An error below this is no number that rounding leaves alone.
_LEAST_ERROR: Final = 1e-12


@dataclass(frozen=True)
class Errors:
    """Stated errors of a solution: what another grid and another set of particles change, added.

    Errors of a course are given record by record: how long a run is does not enter but by its grid. The first step, which
    the coarser grid may take as a part of a block, has none.

    Attributes
    ----------
    tau_P, tau_Q : float
        Relative, of the times at which the losses of P-only and Q-only examples fall below 0.45; NaN where they do not.
    P_error : (records,)
        Relative one of P's error at each record.
    loss : (records,)
        Largest one of a kind's mean training loss, in nats, at each record.
    """

    tau_P: float
    tau_Q: float
    P_error: Floats
    loss: Floats


@dataclass(frozen=True)
class MeanField:
    """Solution of the mean field.

    Attributes
    ----------
    course : Closure
        Records, one a node of the time grid.
    errors : Errors
    problem : ClosureProblem
    """

    course: Closure
    errors: Errors
    problem: ClosureProblem


@accepts(experiment="Experiment", nodes="a whole number", particles="a whole number", seed="a whole number",
         time="a text")
def solve_mean_field(
    experiment: Experiment, *, nodes: int = NODES, particles: int = PARTICLES, seed: int = 0,
    time: Literal["steps", "flow"] = "steps",
) -> MeanField:
    """Solve the limit's dynamics as d goes to infinity at fixed N / d (THEORY §16).

    Parameters
    ----------
    experiment : Experiment
        Its d is a unit of time and of rates, and d - 1 the number of directions across w*; other terms of the order of 1 / d
        are left out.
    nodes : int
        Aimed number of nodes of the time grid; where the rate is large each step is a node.
    particles : int
        Training examples that stand for all, a power of two from 64 on.
    seed : int
        Of the particles; data sets are not drawn.
    time : {"steps", "flow"}
        The run's own steps, or gradient flow under noise of the same law in time: all rates are a thousandth, and the
        variance of xi a thousandfold. In flow a record's step is the number of its node.

    Returns
    -------
    MeanField

    Raises
    ------
    InputError
        If the particles are no power of two, d is 1, a rate times lambda reaches 1, or the run needs too many nodes.

    Examples
    --------
    >>> from theory_sim import Experiment, solve_mean_field
    >>> found = solve_mean_field(Experiment(max_tau=800.0), nodes=40, particles=256)
    >>> round(float(found.course.loss_P[-1]), 1), bool(found.errors.loss[-1] < 0.05)
    (0.4, True)
    """
    if particles < _FEWEST or particles & (particles - 1):
        raise InputError(f"particles = {particles}", f"a power of two from {_FEWEST} on", f"say particles = {PARTICLES}")
    if not _FEWEST_NODES <= nodes <= MOST_BLOCKS:
        raise InputError(f"nodes = {nodes}", f"a number from {_FEWEST_NODES} to {MOST_BLOCKS}", f"say nodes = {NODES}")
    if time not in ("steps", "flow"):
        raise InputError(f"time = {time!r}", "steps or flow", "say time = 'steps'")
    if seed < 0:
        raise InputError(f"seed = {seed}", "a number from 0 on", "say seed = 0")
    if experiment.d < LEAST_D:
        raise InputError(f"d = {experiment.d}", f"d from {LEAST_D} on: there are d - 1 directions across w*", "raise d")
    problem, fewer = make_problem(experiment), math.ceil(COARSE * nodes)
    try:
        course, coarse, other = (follow_particles(experiment, number, particles, drawn, time == "flow") for number, drawn in
                                 ((nodes, 2 * seed), (fewer, 2 * seed), (fewer, 2 * seed + 1)))  # fmt: skip
    except InputError as error:
        raise InputError(error.found, error.rule, error.fix + _or_more(experiment, nodes, time == "flow")) from None
    return MeanField(course, _errors(problem, course, coarse, other), problem)


def _or_more(experiment: Experiment, nodes: int, flow: bool) -> str:
    """End of a fix: a number of nodes by which blocks are short beside 1 / lambda and not too many; empty if there is none."""
    share = FLOW if flow else 1.0
    enough = math.ceil(shorter_than_decay(make_problem(experiment), ClosureRates(experiment, share)) / COARSE)
    if not nodes < enough < MOST_BLOCKS or sum(count_blocks(experiment, enough, share)) >= MOST_BLOCKS:
        return ""
    return f", or say nodes = {enough}"


def follow_particles(
    experiment: Experiment, nodes: int = NODES, particles: int = PARTICLES, seed: int = 0, flow: bool = False
) -> Closure:
    """One run of the particles, of arguments that are not checked, without a statement of its error."""
    share = FLOW if flow else 1.0
    with one_blas_thread():
        course = follow(*_parts(experiment, nodes, particles, seed, share))
    if not flow:
        return course
    numbers = np.arange(course.tau.size, dtype=np.float64)
    return replace(course, rate=course.rate / share, step=numbers, final_step=int(numbers[-1]))


def particles_followed(
    experiment: Experiment, nodes: int, particles: int, *, most: int | None = None
) -> Generator[None, None, Closure]:
    """`follow_particles` node by node, no more than ``most``: it yields after each, and returns the course."""
    blocks = following(*_parts(experiment, nodes, particles, 0, 1.0, most))
    while True:
        with one_blas_thread():  # held by no one while others work
            try:
                next(blocks)
            except StopIteration as done:
                course: Closure = done.value
                return course
        yield


def _parts(
    experiment: Experiment, nodes: int, particles: int, seed: int, share: float, most: int | None = None
) -> tuple[Setting, ParticleLaw, ClosureRates, Grid]:
    """What `follow` asks for; ``share`` multiplies all rates."""
    problem, rates = make_problem(experiment), ClosureRates(experiment, share)
    problem = replace(problem, tau_xi=problem.tau_xi / math.sqrt(share))
    chosen = make_particles(problem, particles, seed)
    setting = Setting(problem, chosen.examples, Kinds.of(problem, chosen.examples), History(particles, 0))
    return setting, ParticleLaw(chosen, seed, problem.loss), rates, Grid(problem, rates, nodes, most=most)


def _errors(problem: ClosureProblem, course: Closure, coarse: Closure, other: Closure) -> Errors:
    """What the grid and the particles change."""

    runs = course, coarse, other
    level = problem.loss.at_level(LEVELS[0])
    times = [np.array([learning_time(each.tau, loss, level) for loss in (each.loss_P, each.loss_Q)]) for each in runs]
    with np.errstate(invalid="ignore"):  # of a time that is not reached
        change = (abs(times[0] - times[1]) + abs(times[1] - times[2])) / times[0]
    tau_p, tau_q = np.where(np.isfinite(change), change, math.nan).tolist()
    logs = [np.log(np.maximum(P_error(np.interp(course.tau, each.tau, np.nan_to_num(each.overlap)), problem.g0), _LEAST_ERROR))
            for each in runs]
    losses = [[np.interp(course.tau, each.tau, getattr(each, f"loss_{kind}")) for kind in ("P", "Q", "both")]
              for each in runs]
    compared = course.tau >= max(each.tau[min(1, each.tau.size - 1)] for each in runs)
    of_error, of_loss = _apart([each[None, :] for each in logs]), _apart([np.array(each) for each in losses])
    return Errors(tau_p, tau_q, np.where(compared, of_error, math.nan), np.where(compared, of_loss, math.nan))


def _apart(values: list[Floats]) -> Floats:
    """Changes (records,) by the grid and by the particles, added; the largest of several rows."""
    grid, drawn = (np.abs(values[a] - values[b]) for a, b in ((0, 1), (1, 2)))
    total = grid + drawn
    largest: Floats = np.where(np.isfinite(total).any(axis=0), np.max(np.nan_to_num(total), axis=0), math.nan)
    return largest
