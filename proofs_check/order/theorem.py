"""The theorem that a certified order is, with every constant, as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from proofs_check.order.arm import ALL, Arm
from proofs_check.order.certify import CertifiedOrder
from proofs_check.order.fresh_text import fresh_latex, fresh_lines
from proofs_check.order.printed import nine, number, six, upper
from proofs_check.order.verdict import FirstStep, LevelVerdict
from proofs_check.order.width_text import width_latex, width_lines
from theory_sim import __version__
from theory_sim.experiment import Experiment

__all__ = ["latex_lines", "text_lines", "time_of"]

_MOST_LETTERS: Final = 10


def time_of(arm: Arm, first: FirstStep) -> str:
    """When a loss is first below a level, as an interval of learning-rate time."""
    end = six(arm.tau[-1])
    if first.earliest is None:
        return f"never by tau = {end}"
    after = "[0" if first.earliest == 0 else f"({six(arm.tau[first.earliest - 1])}"
    if first.latest is None:
        return f"after {six(arm.tau[max(first.earliest - 1, 0)])}, or never by {end}"
    return f"{after}, {six(arm.tau[first.latest], up=True)}]"


def _short(value: float) -> str:
    """A constant as it was given; of a derived one with many digits six, and that they are rounded."""
    return text if len(text := repr(value)) <= _MOST_LETTERS else f"{value:.6g} (rounded)"


def _network(e: Experiment) -> str:
    return "one filter bank for both patches" if e.shared_filters else "own filters for each patch"


def _patterns(e: Experiment, arm: Arm) -> str:
    if e.redrawn_patterns:
        return "rho(s, t) = 0 for s < t"
    if e.frozen_patterns:
        return "rho(s, t) = 1"
    moving = ("rho(s, t) = prod_{s <= i < t} (1 - gamma_i lambda) tau_s / tau_t, "
              "tau_{t+1}^2 = (1 - gamma_t lambda)^2 tau_t^2 + gamma_t^2 tau_xi^2")
    if e.patterns_freeze and arm.run.annealed is not None:
        return f"{moving}, steps from {arm.run.annealed} on left out"
    return moving


def _rates(arm: Arm) -> str:
    """Rates by runs of equal ones; more than three are summed up."""
    rates = arm.run.rates.tolist()
    starts = [0, *(step for step in range(1, len(rates)) if rates[step] != rates[step - 1])]
    if len(starts) > 3:
        return f"{six(min(rates))} <= gamma_t <= {six(max(rates), up=True)}"
    ends = [*starts[1:], len(rates)]
    return ", ".join(f"gamma_t = {rates[start]!r} for {start} <= t < {end}" for start, end in zip(starts, ends, strict=True))


def text_lines(found: CertifiedOrder) -> Iterator[str]:
    """The theorem, line by line; where something is not proved, what is too wide."""
    e = found.experiment
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
    yield (f"Theorem (theory-sim {__version__}). Let (x_i, y_i), i = 1, ..., {sum(found.counts.values())}, be the data set of "
           f"seed {e.seed_of('data')} with d = {e.d} ({counts}), SHA-256 {found.digest}. Consider the network of infinite "
           f"width, {_network(e)}, trained by gradient descent on the logistic loss with weight decay lambda = "
           f"{_short(e.lambda_)}, noise tau_xi = {_short(e.tau_xi)} and tau_0 = {_short(e.tau_0_value)}, whose noise output "
           "vanishes:")
    pairs = "sum_{c,c'} k_{s,t}(x_{i,c}, x_{c'})" if e.shared_filters else "sum_c k_{s,t}(x_{i,c}, x_c)"
    yield f"  f_t(x) = sum_{{s<t}} gamma_s D(s,t) sum_i w_i(s) y_i / (1 + exp(y_i f_s(x_i))) {pairs},"
    yield "  k_{s,t}(x, x') = <x, x'> (pi - arccos(rho(s,t) cos angle(x, x'))) / (2 pi),"
    yield "  D(s,t) = prod_{s<i<t} (1 - gamma_i lambda)."
    yield ("A kind is learnt at a level when the mean of log(1 + exp(-y_i f_t(x_i))) over its training examples is first below "
           "it; tau is the sum of the rates of all steps before.")
    for arm in found.arms:
        yield from _arm_lines(found, arm)
    yield from fresh_lines(found.fresh)
    yield from width_lines(found.widths)


def _arm_lines(found: CertifiedOrder, arm: Arm) -> Iterator[str]:
    e, steps = found.experiment, len(arm.run.rates)
    yield f"{arm.schedule}: {steps} steps, {_rates(arm)}; {_weights(arm)}; {_patterns(e, arm)}."
    if arm.switch is not None and not arm.reason:
        yield (f"  The training loss is first at most epsilon_1 + q_hat log 2, epsilon_1 = {e.epsilon_1!r}, after {arm.switch} "
               f"steps, tau = {arm.tau[arm.switch]:g}: there the rate falls.")
    if arm.reason:
        yield f"  undecided: {arm.reason}"
        return
    for verdict in arm.levels:
        yield f"  {_level_line(arm, verdict)}"
    low, high = arm.losses[ALL]
    yield f"  The training loss after the last step is in [{nine(low[-1])}, {nine(high[-1], up=True)}]."
    yield (f"  Constants: Lambda <= {upper(float(arm.curvature.max()))}, gamma (lambda + Lambda) <= 2 at each step; epsilon_t "
           f"<= {upper(float(arm.residual_error.max()))}; |theta^_t - theta_t| <= {upper(float(arm.drift.max()))}; each "
           f"output is enclosed within {upper(arm.width / 2)}; arcsine to {arm.powers} powers for |cos| <= "
           f"{upper(arm.largest_cosine)}, tail <= {upper(arm.tail)}.")
    if arm.undecided:
        yield f"  undecided: {arm.undecided}"


def _weights(arm: Arm) -> str:
    return "w_i = 1 / N" if arm.run.batches is None else "w_i(t) the share of example i in step t's mini-batch"


def _level_line(arm: Arm, verdict: LevelVerdict) -> str:
    times = "; ".join(f"{kind.removesuffix('-only')}: {time_of(arm, first)}" for kind, first in verdict.first.items())
    return f"At level {verdict.level!r}: {verdict.order} (tau_{times.replace('; ', ', tau_')})."


def latex_lines(found: CertifiedOrder) -> Iterator[str]:
    """The theorem as a LaTeX environment ``theorem``."""
    e = found.experiment
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
    yield r"\begin{theorem}[learning order of one data set]"
    yield rf"Let $(x_i,y_i)_{{i\le {sum(found.counts.values())}}}$ be the data set of seed {e.seed_of('data')}, $d={e.d}$"
    yield rf"({counts}), SHA-256 \texttt{{{found.digest}}} (theory-sim {__version__})."
    yield "Let $f_t$ be the output of the infinitely wide network,"
    yield f"{_network(e)}, whose noise output vanishes,"
    yield r"\[ f_t(x)=\sum_{s<t}\gamma_s\prod_{s<i<t}(1-\gamma_i\lambda)\sum_i w_i(s)\,"
    pairs = r"\sum_{c,c'}k_{s,t}(x_{i,c},x_{c'})" if e.shared_filters else r"\sum_ck_{s,t}(x_{i,c},x_c)"
    yield rf"\frac{{y_i}}{{1+e^{{y_if_s(x_i)}}}} {pairs},"
    yield r"\quad k_{s,t}(x,x')=\frac{\langle x,x'\rangle}{2\pi}\bigl(\pi-\arccos(\rho(s,t)\cos\angle(x,x'))\bigr), \]"
    yield rf"with $\lambda={number(e.lambda_)}$, $\tau_\xi={number(e.tau_xi)}$, $\tau_0={number(e.tau_0_value)}$."
    yield r"A kind is learnt at a level when the mean of $\log(1+e^{-y_if_t(x_i)})$ over its training examples is first"
    yield r"below it; $\tau=\sum_{s<t}\gamma_s$."
    yield r"\begin{itemize}"
    for arm in found.arms:
        yield from _latex_arm(found, arm)
    yield r"\end{itemize}"
    yield from fresh_latex(found.fresh)
    yield from width_latex(found.widths)
    yield r"\end{theorem}"


def _latex_arm(found: CertifiedOrder, arm: Arm) -> Iterator[str]:
    rates = _rates(arm).replace("gamma", r"\gamma").replace("<=", r"\le")
    patterns = (_patterns(found.experiment, arm).replace("rho", r"\rho").replace("prod", r"\prod").replace("<=", r"\le")
                .replace("gamma", r"\gamma").replace("lambda", r"\lambda").replace("tau", r"\tau")
                .replace("_xi", r"_\xi"))
    formula, _, rest = patterns.partition(", steps")
    yield rf"\item {arm.schedule}, {len(arm.run.rates)} steps: ${rates.replace(', ', '$, $').replace(' for ', '$ for $')}$;"
    yield rf"  ${formula}${', steps' + rest if rest else ''}; {_latex_weights(arm)}."
    if arm.reason:
        yield f"  Undecided: {_escaped(arm.reason)}."
        return
    if arm.switch is not None:
        threshold = number(found.experiment.epsilon_1)
        yield (rf"  The training loss is first at most $\epsilon_1+\hat q\log 2$, $\epsilon_1={threshold}$,"
               rf" after {arm.switch} steps, where the rate falls.")
    for verdict in arm.levels:
        times = ", ".join(rf"$\tau_{kind[0]}$: {_escaped(time_of(arm, first))}" for kind, first in verdict.first.items())
        yield f"  At level ${number(verdict.level)}$: {verdict.order} ({times})."
    yield (rf"  Constants: $\Lambda\le {number(upper(float(arm.curvature.max())))}$, $\gamma_t(\lambda+\Lambda)\le 2$,"
           rf" $\epsilon_t\le {number(upper(float(arm.residual_error.max())))}$,"
           rf" $\|\hat\theta_t-\theta_t\|\le {number(upper(float(arm.drift.max())))}$; outputs within"
           rf" ${number(upper(arm.width / 2))}$; $K={arm.powers}$, $|\cos|\le {number(upper(arm.largest_cosine))}$,"
           rf" tail $\le {number(upper(arm.tail))}$.")
    if arm.undecided:
        yield f"  Undecided: {_escaped(arm.undecided)}."


def _latex_weights(arm: Arm) -> str:
    return "$w_i=1/N$" if arm.run.batches is None else "$w_i(t)$ the share of example $i$ in step $t$'s mini-batch"


def _escaped(text: str) -> str:
    return text.replace("tau", r"$\tau$").replace("<=", r"$\le$").replace("_", r"\_").replace("Lambda", r"$\Lambda$")
