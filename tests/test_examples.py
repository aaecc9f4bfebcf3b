"""The set-ups of docs/examples: each runs, and measures what its page states, number by number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.examples_page import FOLDER, PAGE, Row, check, command, experiment, loose_numbers, rows, sections, settings
from theory_sim import Experiment, Trajectory, branch, learning_order, simulate
from theory_sim.cli.options import parse_settings
from theory_sim.cli.runs import get_findings

SECTIONS = sections()
TABLE = "## One\n| seeds 0 and 1 | range |\n|---|---|\n| loss | 0.12 to 0.15 |\n"
TWO, THREE, FIVE = range(2), range(3), range(5)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_each_runs_and_has_its_command_on_the_page(path: Path) -> None:
    experiment = Experiment.from_toml(path)
    assert f"theory-sim run docs/examples/{path.name}" in PAGE and experiment.name == path.stem
    short = simulate(experiment.replace(max_steps=3))
    assert short.outcome == "budget_spent" and np.isfinite(short.history("train_loss")).all()


@pytest.mark.parametrize("title", SECTIONS)
def test_each_number_seen_stands_in_a_table(title: str) -> None:
    assert rows(SECTIONS[title]) and not loose_numbers(SECTIONS[title])
    assert loose_numbers(SECTIONS[title].replace("**Different.**", "0.123 and 17 %")) == ["0.123", "17"], "twin"


def test_a_table_states_exactly_what_is_measured() -> None:
    assert rows(TABLE) == {"loss": Row(TWO, 0.12, 0.15, 0.01)}
    check(TABLE, {"loss": [0.1249, 0.1451]}, TWO)
    wider, narrower, more = {"loss": [0.12, 0.17]}, {"loss": [0.14, 0.15]}, {"loss": [0.12, 0.15], "more": [1.0]}
    for wrong in (wider, narrower, more, {}):
        with pytest.raises(AssertionError):
            check(TABLE, wrong, TWO)


def measure(title: str, of_seed: Callable[[int], dict[str, float | list[float]]], seeds: range) -> None:
    """Compare what `of_seed` measures in each seed with the tables of a section."""
    values = [of_seed(seed) for seed in seeds]
    check(SECTIONS[title], {name: np.hstack([value[name] for value in values]).tolist() for name in values[0]}, seeds)


def run_of(folder: str, seed: int, *, finding: bool = False) -> Trajectory:
    """Run of a command on the page; with its own seed it ends with a finding, status 1, only where the page says so."""
    run = simulate(experiment(folder, seed))
    assert run.outcome == "budget_spent" and (seed != 0 or bool(get_findings([run])) == finding)
    return run


def at(run: Trajectory, tau: float, name: str = "train_loss", kind: int | None = None) -> float:
    """Value at a time, on a line between two records."""
    assert tau <= run.dataset["tau"].values[-1]
    values = run.history(name)
    return float(np.interp(tau, run.dataset["tau"].values, values if kind is None else values[:, kind]))


def sharpness(run: Trajectory) -> np.ndarray:
    """Sharpness over 2 / rate, which is also the rate over the largest stable one."""
    ratio: np.ndarray = run.dataset["sharpness"].values[:, 0] / run.dataset["stable_sharpness"].values
    return ratio


@pytest.mark.alternating
def test_catapult() -> None:
    def of_seed(seed: int) -> dict[str, float | list[float]]:
        run = run_of("catapult", seed, finding=True)
        loss, ratio = run.history("train_loss"), sharpness(run)
        return {"rate over the largest stable one, at the start": ratio[0],
                "training loss at the start": loss[0],
                "largest training loss": loss.max(),
                "step of the largest training loss": float(run.dataset["step"].values[loss.argmax()]),
                r"largest sharpness from step 20 on, over $2/\gamma$": ratio[20:].max(),
                "training loss after 300 steps": loss[300]}

    measure("Catapult", of_seed, FIVE)


@pytest.mark.alternating
def test_edge_of_stability() -> None:
    def of_seed(seed: int) -> dict[str, float | list[float]]:
        run = run_of("edge", seed)
        loss, ratio = run.history("train_loss"), sharpness(run)
        return {r"sharpness over $2/\gamma$, at the start": ratio[0],
                r"first step with a sharpness above $2/\gamma$": float(run.dataset["step"].values[np.argmax(ratio > 1.0)]),
                r"largest sharpness over $2/\gamma$": ratio.max(),
                "median over the last 50 of 400 steps": float(np.median(ratio[-50:])),
                "training loss at the start": loss[0],
                "training loss after 400 steps": loss[400],
                "share of steps after the 60th in which the loss rises": float(np.mean(np.diff(loss[60:]) > 0))}

    def fixed(seed: int) -> dict[str, float | list[float]]:
        run = run_of("edge-fixed-rate-40", seed)
        ratio, high = sharpness(run_of("edge-fixed", seed)), sharpness(run)
        assert run.dataset.attrs["final_step"] == 30
        return {r"second layer fixed: smallest sharpness over $2/\gamma$": ratio.min(),
                r"second layer fixed: largest sharpness over $2/\gamma$": ratio.max(),
                r"second layer fixed, rate 40: sharpness over $2/\gamma$ at the start": high[0],
                r"second layer fixed, rate 40: sharpness over $2/\gamma$ after 30 steps": high[-1]}

    measure("Edge of stability", of_seed, FIVE)
    measure("Edge of stability", fixed, TWO)


@pytest.mark.alternating
def test_cyclic() -> None:
    def of_seed(seed: int) -> dict[str, float | list[float]]:
        run, constant = run_of("cyclic", seed), run_of("cyclic-constant", seed)
        loss, of_kind, rate = run.history("train_loss"), run.history("loss_train"), run.history("rate")
        restarts = np.flatnonzero(np.diff(rate) > 8.0) + 1
        after = [slice(start, end) for start, end in zip(restarts, [*restarts[1:], len(loss)], strict=True)]
        rises = [of_kind[one].max(axis=0) - of_kind[one.start] for one in after]
        assert len(restarts) == 3 and all(rise[2] > 0 for rise in rises), "each restart raises the loss on two-patch examples"
        assert np.all(np.diff(of_kind[:, 0]) < 0), "P is not forgotten"
        orders = [learning_order(one) for one in (run, constant)]
        assert [order.order for order in orders] == ["P first"] * 2
        assert all(np.all(one.history("accuracy_test")[-1] == 1.0) for one in (run, constant))
        return {"rise of the training loss after a restart": [loss[one].max() - loss[one.start] for one in after],
                "rise of the loss on Q-only training examples after a restart": [rise[1] for rise in rises],
                "training loss at the end of the first cycle": loss[restarts[0]],
                r"training loss at $\tau$ = 1000, the end of the fourth": at(run, 1000.0),
                r"training loss at $\tau$ = 1000 at the constant large rate": at(constant, 1000.0),
                r"$\tau_P$ less that of the constant large rate": orders[0].tau_P - orders[1].tau_P}

    measure("Cyclic rate", of_seed, FIVE)


@pytest.mark.alternating
def test_warm_up_stable_decay() -> None:
    def of_seed(seed: int) -> dict[str, float | list[float]]:
        run = run_of("wsd", seed)
        falls = {"the training loss": -np.diff([at(run, tau) for tau in (600.0, 800.0, 1000.0)])}
        for kind, name in enumerate("PQ"):
            falls[f"the loss on {name}-only training examples"] = -np.diff(
                [at(run, tau, "loss_train", kind) for tau in (600.0, 800.0, 1000.0)])
        assert learning_order(run).order == "P first"
        whole, P, Q = falls.values()
        assert whole[1] > 2 * whole[0] and Q[1] > Q[0] and P[1] < P[0]
        measured = {rf"fall of {name}, $\tau$ = {span}": fall[part] for name, fall in falls.items()
                    for part, span in enumerate(("600 to 800", "800 to 1000"))}
        return {**measured, "the second over the first": whole[1] / whole[0]}

    measure("Warm-up-stable-decay", of_seed, FIVE)


@pytest.mark.alternating
def test_large_rate_and_patch() -> None:
    def of_seed(seed: int) -> dict[str, float | list[float]]:
        large, small = run_of("patch", seed), run_of("patch-small-rate", seed)
        orders = [learning_order(run) for run in (large, small)]
        assert [order.order for order in orders] == ["P first", "Q first"] and all(order.robust for order in orders)
        fresh, error = ([run.history(name)[-1] for run in (large, small)] for name in ("loss_test", "P_error"))
        assert fresh[0][0] < fresh[1][0] and error[0] > error[1]
        assert all(abs(run.dataset["tau"].values[-1] - 100.0) < 0.1 for run in (large, small))
        return {r"large rate, $\tau$ = 80: loss on P-only training examples": at(large, 80.0, "loss_train", 0),
                r"large rate, $\tau$ = 80: loss on Q-only training examples": at(large, 80.0, "loss_train", 1),
                r"large rate, $\tau$ = 100: loss on Q-only training examples": at(large, 100.0, "loss_train", 1),
                r"small rate, $\tau$ = 20: loss on Q-only training examples": at(small, 20.0, "loss_train", 1),
                r"small rate: $\tau_Q$": orders[1].tau_Q,
                r"small rate: $\tau_P$": orders[1].tau_P,
                r"large rate, $\tau$ = 100: loss on fresh P-only examples": fresh[0][0],
                r"small rate, $\tau$ = 100: loss on fresh P-only examples": fresh[1][0],
                r"large rate, $\tau$ = 100: `P_error`": error[0],
                r"small rate, $\tau$ = 100: `P_error`": error[1]}

    measure("Large rate and patch", of_seed, THREE)
    for seed in TWO:
        order = learning_order(run_of("patch-no-noise", seed))
        assert order.order == "Q first" and order.robust, "without the noise the large rate learns Q first too"


@pytest.mark.alternating
def test_fine_tuning(tmp_path: Path) -> None:
    name, _, texts = settings(command("fine-tuned"))[0].partition("=")
    changes = [parse_settings([f"{name}={text}"]) for text in texts.split("/")]

    def of_seed(seed: int) -> dict[str, float | list[float]]:
        base = simulate(experiment("fine-tuning", seed), store=tmp_path / str(seed))
        runs = [base, *(run for _, run in branch(tmp_path / str(seed), 300.0, changes, out=tmp_path))]
        assert not get_findings(runs) and [run.experiment.pieces[-1][1] for run in runs] == [0.5, 2.0, 16.0]
        P, Q = ([at(run, 500.0, "loss_train", kind) for run in runs] for kind in (0, 1))
        before, soon = (at(runs[2], tau, "loss_train", 1) for tau in (300.0, 350.0))
        accuracy = [run.history("accuracy_test")[-1, 1] for run in runs]
        assert Q[0] < before < Q[1] < Q[2] and soon - before > (Q[2] - before) / 2 and accuracy[:2] == [1.0, 1.0]
        on = "loss on {}-only training examples".format
        return {rf"$\tau$ = 300, the checkpoint: {on('Q')}": before,
                rf"$\tau$ = 500 at the rate 0.5: {on('Q')}": Q[0],
                rf"$\tau$ = 500 at the rate 2: {on('Q')}": Q[1],
                rf"$\tau$ = 350 at the rate 16: {on('Q')}": soon,
                rf"$\tau$ = 500 at the rate 16: {on('Q')}": Q[2],
                rf"$\tau$ = 300, the checkpoint: {on('P')}": at(base, 300.0, "loss_train", 0),
                rf"$\tau$ = 500 at each rate: {on('P')}": P,
                r"$\tau$ = 500: largest difference in it between the rates": max(P) - min(P),
                "last record at the rate 16: accuracy on fresh Q-only examples": accuracy[2]}

    measure("Large-rate fine-tuning from one checkpoint", of_seed, FIVE)


@pytest.mark.alternating
def test_sparse_features() -> None:
    end, shares = r"at $\tau$ = 4400", {}

    def of_seed(seed: int) -> dict[str, float | list[float]]:
        large, small = run_of("sparse", seed), run_of("sparse-small-rate", seed)
        levels = [run.history("train_loss")[run.dataset["tau"].values // 2000.0 == 1.0].mean() for run in (large, small)]
        start = simulate(large.experiment.replace(max_steps=1))
        V, W = ([effective_share(run, layer) for run in (start, large, small)] for layer in "VW")
        error = [run.history("P_error")[-1] for run in (large, small)]
        assert V[1] < V[2] and error[0] > error[1] and large.history("train_loss")[-1] < levels[0] / 2
        shares[seed] = V[1]
        return {r"mean training loss, $\tau$ = 2000 to 4000": levels[0],
                "the same at the small rate": levels[1],
                "the first over the second": levels[0] / levels[1],
                f"training loss {end}": large.history("train_loss")[-1],
                "share in V at the start": V[0], f"share in V {end}": V[1], f"share in V {end} after the small rate": V[2],
                "share in W at the start": W[0], f"share in W {end} after either rate": W[1:],
                f"`P_error` {end}": error[0], f"`P_error` {end} after the small rate": error[1]}

    def besides(seed: int) -> dict[str, float | list[float]]:
        early, quiet, higher = (run_of(f"sparse-{name}", seed) for name in ("early-cut", "no-noise", "rate-8"))
        share = [effective_share(run, "V") - shares[seed] for run in (early, quiet)]
        return {f"share in V {end}, cut at 1200, less that of the file": share[0],
                f"share in V {end} without label noise, less that of the file": share[1],
                f"share in V {end} after the rate 8": effective_share(higher, "V"),
                f"training loss {end} after the rate 8": higher.history("train_loss")[-1]}

    measure("Sparse features", of_seed, THREE)
    measure("Sparse features", besides, TWO)


def effective_share(run: Trajectory, layer: str) -> float:
    norms = np.linalg.norm(run.dataset[layer].values, axis=-1)
    return float(norms.sum() ** 2 / (norms**2).sum() / norms.size)
