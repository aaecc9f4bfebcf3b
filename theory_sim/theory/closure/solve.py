"""solve_closure(problem, rates) -> Closure: the loop over blocks, with the stop rules of the other engines (THEORY §8, §16)."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory_sim.errors import InputError
from theory_sim.theory.closure.course import Closure, End
from theory_sim.theory.closure.examples import Losses
from theory_sim.theory.closure.grid import Grid, enough_blocks
from theory_sim.theory.closure.memory import Block
from theory_sim.theory.closure.noise import Noise
from theory_sim.theory.closure.patch_p import Reacting
from theory_sim.theory.closure.patch_q import PatchQ, Residual, look, step_q
from theory_sim.theory.closure.problem import ClosureProblem, Floats, Rates
from theory_sim.theory.closure.setting import BlockStep, LawOfP, PState, Setting

__all__ = ["follow", "following", "solve_closure"]

# The other engines call a run diverged by the same number, and by the rise of its loss (loop.run).
_ASTRONOMIC = 1e6
_OF_LOSSES = ("loss_P", "loss_Q", "loss_both", "loss", "accuracy_P", "accuracy_Q", "accuracy_both")


@dataclass(frozen=True)
class _State:
    """A run at the start of block n, and what the block before leaves for extrapolation."""

    n: int
    step: int
    tau: float
    noise: Noise
    p: PState
    q: PatchQ
    residual: Residual
    losses: Losses
    weight_before: Floats
    length_before: float


def solve_closure(problem: ClosureProblem, rates: Rates, *, blocks: int = 150, adds_up: bool = True) -> Closure:
    """Predict one run from the closure of THEORY §8 with the reaction of §16.

    Parameters
    ----------
    problem : ClosureProblem
        Data, noise and ends of the run.
    rates : Rates
        Law of the learning rate; it is asked once a block.
    blocks : int
        Aimed number of time blocks, more where they would be long beside 1 / lambda or d. A block is one step where the rate is
        large; small steps are taken several at a time, fewer at the start and after the rate has changed.
    adds_up : bool
        Whether times are sums of rates, step by step, as on the other engines' clock; without, a run of millions of steps is
        solved as fast as one of thousands, and its times are off by rounding errors.

    Returns
    -------
    Closure

    Raises
    ------
    InputError
        If rate * lambda >= 1 (the decay of a step is not a small one), a rate is not positive, the blocks are too long (beside
        1 / lambda, or so that the loss grows without bound in one), or the run needs too many of them.
    """
    grid = Grid(problem, rates, enough_blocks(problem, rates, blocks), adds_up=adds_up)
    return follow(Setting.of(problem), Reacting(), rates, grid)


def follow(setting: Setting, law: LawOfP[Any], rates: Rates, grid: Grid) -> Closure:
    """Follow a run to its end, with P by the law given and Q by its memory (`solve_closure`)."""
    blocks = following(setting, law, rates, grid)
    while True:
        try:
            next(blocks)
        except StopIteration as done:
            course: Closure = done.value
            return course


def following(setting: Setting, law: LawOfP[Any], rates: Rates, grid: Grid) -> Generator[None, None, Closure]:
    """The same block by block: it yields after each, and returns the course."""
    problem = setting.problem
    state = _start(setting, law)
    highest = min(problem.loss.largest_rise * max(state.losses.loss, problem.loss.at_zero), _ASTRONOMIC)
    records: list[dict[str, float]] = []
    rate = math.nan
    while True:
        end = _end(problem, state, highest)
        if end == "diverged" and records:
            _check_steps(state, records[-1])
            break
        if end is None or state.step == 0:
            rate, before = _rate(problem, rates, state), rate
            if rate < before and rates.annealed_tau == state.tau:
                state = replace(state, noise=state.noise.annealed(problem))
        records.append(_record(state, rate))
        if end is not None:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            state = _next(setting, law, rates, grid, state, rate)
        yield
    return _course(records, state, rates.annealed_tau, end)


def _start(setting: Setting, law: LawOfP[Any]) -> _State:
    p, q = law.start(setting), PatchQ.start()
    examples = setting.examples
    residual, found = look(setting.problem, examples, p.margin[examples.only], examples.by_label(p.margin), q.g)
    return _State(0, 0, 0.0, Noise.start(setting.problem), p, q, residual, found, residual.weight, math.inf)


def _end(problem: ClosureProblem, state: _State, highest: float) -> End | None:
    """How a run ends here, None if it continues: the rules of loop.run, in their order."""
    loss = state.losses.loss
    if not loss <= highest:  # NaN included
        return "diverged"
    if problem.stop_loss is not None and loss <= problem.stop_loss:
        return "reached_loss"
    if state.tau >= problem.max_tau * (1.0 - 1e-12):
        return "budget_spent"
    return "budget_spent" if problem.max_steps is not None and state.step >= problem.max_steps else None


def _check_steps(state: _State, before: dict[str, float]) -> None:
    """Raise unless the loss grew in a single step: in too long a block of several it grows where steps would not."""
    steps = state.step - int(before["step"])
    if steps > 1:
        raise InputError(f"a loss of {state.losses.loss:g} after a block of {steps} steps from tau = {before['tau']:g}",
                         "blocks short beside the time in which P is learnt, or steps that are stable",
                         "lower max_tau; if that does not help, lower the rate")


def _rate(problem: ClosureProblem, rates: Rates, state: _State) -> float:
    rate = rates.rate(state.tau, state.losses.loss, state.step)
    if not (rate > 0.0 and rate * problem.lambda_ < 1.0):
        raise InputError(f"rate {rate:g}, lambda {problem.lambda_:g}", "the closure needs rate > 0 and rate * lambda < 1",
                         "lower the rate or lambda")
    return rate


def _next(setting: Setting, law: LawOfP[Any], rates: Rates, grid: Grid, state: _State, rate: float) -> _State:
    """State after the next block: shorter where the loss would change the rate, or end the run, within it."""
    steps, tau = grid.block(state.tau, state.step, rate, setting.examples, state.residual)
    rate, first = rates.mean(state.tau, rate, steps), rate
    if rate != first:
        tau = grid.after(state.tau, rate, steps)
    found = _advance(setting, law, state, rate, steps, tau)
    for level in (rates.threshold(), setting.problem.stop_loss):
        before, after = state.losses.loss, found.losses.loss
        if level is None or steps == 1 or not after <= level < before:
            continue
        shorter = max(grid.least(state.tau, rate), math.ceil(steps * (before - level) / (before - after)))
        if shorter < steps:
            steps, tau = shorter, grid.after(state.tau, rate, shorter)
            found = _advance(setting, law, state, rate, steps, tau)
    return found


def _advance(setting: Setting, law: LawOfP[Any], state: _State, rate: float, steps: int, tau: float) -> _State:
    """State after ``steps`` steps that end at ``tau``; rewrites the history from block n on."""
    problem, history, n, now = setting.problem, setting.history, state.n, state.residual
    history.make_room(n)
    block = Block.of(state.noise, rate, steps, tau - state.tau)
    history.begin(n, block, problem)
    forward = block.centre / state.length_before
    history.weight[n] = problem.loss.within(now.weight + forward * (now.weight - state.weight_before))
    step = BlockStep(n, block, history.correlations(n + 1, block.end, problem), forward)
    p = law.step(setting, state.p, step, now.weight)
    by_label = setting.examples.by_label(p.margin)
    q = step_q(setting, state.q, step, now, by_label)
    residual, found = look(problem, setting.examples, p.margin[setting.examples.only], by_label, q.g)
    return _State(n + 1, state.step + steps, tau, block.end, p, q, residual, found, now.weight, block.length)


def _record(s: _State, rate: float) -> dict[str, float]:
    """What stays of a state: its arrays, of every example and every block before it, do not."""
    return {
        "tau": s.tau, "step": s.step, **{name: getattr(s.losses, name) for name in _OF_LOSSES}, "g_z": s.q.g[0],
        "g_outer": s.q.g[1], "signal": s.p.signal, "interference": s.p.interference, "bias": s.p.bias, "overlap": s.p.overlap,
        "level": s.noise.level, "rate": rate,
    }  # fmt: skip


def _course(records: list[dict[str, float]], last: _State, annealed_tau: float, end: End) -> Closure:
    return Closure(
        **{name: np.array([record[name] for record in records]) for name in records[0]},
        annealed_tau=annealed_tau, outcome=end, final_step=last.step, final_tau=last.tau, final_loss=last.losses.loss,
    )  # fmt: skip
