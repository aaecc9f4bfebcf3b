"""Phrases that the pages of the studies over the whole course must hold, made of their tables."""

from __future__ import annotations

import numpy as np
import pandas

from tests.studies.prose import interval, row

__all__ = ["alpha_law_arms", "architecture", "changing_kernels", "mitigation_over_time", "optimisers",
           "optimisers_batches", "optimisers_over_time", "placement_over_time",
           "regularisation_over_time"]


def _time(of: pandas.Series, name: str, end: int) -> str:
    return f"not by {end}" if np.isinf(of[name]) else f"{of[name]:.0f}"


def _line(said: str, of: pandas.Series, times: tuple[int, ...]) -> str:
    """A row of the page's table: works, learning times, errors over the course."""
    errors = " | ".join(f"{of[f'error S / arm, tau = {tau}']:.2f}" for tau in times)
    works = f"{of['works']} of {of['restorable']}"
    return f"| {said} | {works} | {_time(of, 'tau_P', times[-1])} | {_time(of, 'tau_Q', times[-1])} | {errors} |"


def mitigation_over_time(t: pandas.DataFrame) -> list[str]:
    times = (720, 1200, 1800, 2400)
    lines = [_line(said, row(t, arm=arm), times) for said, arm in (
        ("L-S", "L-S"), ("noise of L-S's level, removed at 700", "s = 1, annealed"),
        ("a quarter of it, removed at 700", "s = 0.25, annealed"),
        ("noise of L-S's level, never removed", "s = 1, never annealed"),
        ("a quarter of it, never removed", "s = 0.25, never annealed"),
        ("large rate, never annealed", "constant large rate"))]  # fmt: skip
    large, small, noise = (row(t, arm=arm) for arm in ("L-S", "S", "s = 1, annealed"))
    assert {row(t, arm=arm)["works"] for arm in ("s = 1, never annealed", "constant large rate")} == {0}
    assert noise["better at equal loss"] == noise["better from half on"] == noise["comparable"] == 15
    after, end, equal = "error S / arm, tau = 1200", "error S / arm, tau = 2400", "error S / arm, equal loss"
    return [*lines, f"S learns Q at {small['tau_Q']:.0f} and P at {small['tau_P']:.0f}, the medians",
            f"S over L-S is {interval(large, after)} at τ = 1200 and {interval(large, end)} at 2400",
            f"at all three times on {large['better from half on']} of {large['restorable']} data sets only",
            f"The judged noise keeps {interval(noise, end)}", f"*At equal training loss,* {noise['equal loss']:g}, S's error",
            f"is {interval(noise, equal)} times that of the judged noise and {interval(large, equal)} times L-S's",
            f"At the end it is {small['Q loss at end']:.2f} under S and {noise['Q loss at end']:.2f} under the judged noise",
            f"under L-S it is {large['Q loss at end']:.2f}"]


def alpha_law_arms(t: pandas.DataFrame) -> list[str]:
    """The arms that are not judged, in the paper's setting, over the course."""
    lines, runs = [], t[t["engine"] != "closure"]
    arms = (("L-S", "L-S", "L-S"), ("never annealed", "constant", "arm"), ("L-S, no noise", "L-S, no noise", "arm"))
    for d in (562, 100):
        for said, arm, of in arms:
            at = row(runs, setting="alpha in [0, 1]", d=d, schedule=arm)
            errors = " | ".join(f"{at[f'error S / {of}, {when}']:.2f}" for when in ("25 %", "50 %", "75 %", "end"))
            lines.append(f"| {said} | {d} | {at['P first']} of {at['n']} | {at['P and Q learnt']} | {errors} |")
    quiet = runs[(runs["schedule"] == "L-S, no noise") & (runs["d"] > 100)]
    assert set(quiet["Q first"]) == {15} and (quiet["error S / arm, end"] < 1).all()
    assert (runs[runs["schedule"] == "constant"]["tau_Q censored"] == 15).all()
    large, small = (row(runs, setting="alpha in [0, 1]", d=d, schedule="L-S") for d in (562, 100))
    alone = row(runs, setting="independent neurons", schedule="L-S")
    assert small["tau_Q censored"] == alone["tau_Q censored"] == 15
    return [*lines, f"L-S has not learnt Q on {large['tau_Q censored']} of 15 data sets at d = 562"]


def placement_over_time(t: pandas.DataFrame) -> list[str]:
    times = tuple(sorted(int(name.rpartition(" ")[2]) for name in t.columns if name.startswith("error S / arm, tau = ")
                         and name[-1].isdigit()))[2:]
    arms = [name for name in t["arm"] if name != "S"]
    large, small = (row(t, arm=arm) for arm in ("L-S", "S"))
    own, shared = (row(t, arm=f"{name}, annealed") for name in ("pre-activations", "pre-activations-shared"))
    assert own["tau_Q censored"] == shared["tau_Q censored"] == 4 and own["P first"] == shared["P first"] == 16
    ratios = [interval(row(t, arm=name), "error S / arm, equal loss") for name in arms]
    return [*(_line(name, row(t, arm=name), times) for name in arms),
            "; ".join(f"{name} {ratio}" for name, ratio in zip(arms, ratios, strict=True)),
            f"S learns Q at {small['tau_Q']:.0f} and P at {small['tau_P']:.0f}, the medians",
            f"L-S is below S at all three times on {large['better from half on']} of {large['restorable']}"]


def architecture(t: pandas.DataFrame) -> list[str]:
    lines = []
    for name in dict.fromkeys(t["network"]):
        large, small = (row(t[t["arm"] == arm], network=name) for arm in ("L-S", "S"))
        times = " | ".join(", ".join(_time(of, kind, 800) for kind in ("tau_P", "tau_Q")) for of in (large, small))
        known = np.isfinite(large["error S / arm, equal loss"])
        errors = [interval(large, "error S / arm, equal loss") if known else "-"]
        errors += [f"{large[f'error S / arm, tau = {tau}']:.2f}" if known else "-" for tau in (400, 600, 800)]
        lines.append(f"| {name} | {large['restorable']} of {large['n']} | {times} | {' | '.join(errors)} |")
    shared, overlap, split = (row(t[t["arm"] == "L-S"], network=name) for name in ("shared", "shared, overlap 0.5", "split"))
    small = {name: row(t[t["arm"] == "S"], network=name) for name in ("split", "split, finite", "shared, finite")}
    never = row(t[t["arm"] == "constant large rate"], network="shared")
    assert (shared["better from half on"], overlap["better at equal loss"], never["works"]) == (0, 0, 0)
    assert set(t[t["network"].isin(("narrow", "both layers"))]["tau_Q censored"]) == {16}
    least = min(small["split"][name] for name in t.columns if name.startswith("Q loss, tau = ") and name[-1].isdigit())
    return [*lines, f"below S's at all three times from half the run on, on {split['better from half on']} of 15 data sets",
            f"on {small['split, finite']['P first']} and {small['shared, finite']['P first']} of 16 data sets S learns P first",
            f"falls to {least:.2f} and rises again", f"error of {overlap['P error']:.4f} under L-S"]


def regularisation_over_time(t: pandas.DataFrame) -> list[str]:
    arms = [(decay, arm) for decay, arm in zip(t["decay"], t["arm"], strict=True) if arm != "S"]
    lines = [_line(f"{arm}, {decay}", row(t[t["decay"] == decay], arm=arm), (800, 1200, 1600)) for decay, arm in arms]
    without = t[t["decay"] == "without decay"]
    large, quiet = (row(without, arm=arm) for arm in ("L-S", "constant, noise annealed"))
    some = t[t["decay"] == "with decay"]
    first, second = (row(of, arm="S") for of in (without, some))
    assert large["error S / arm, tau = 1600"] > large["error S / arm, tau = 1200"] > large["error S / arm, tau = 800"]
    assert first["Q loss at end"] < first["Q loss, tau = 1200"]
    return [*lines, f"S learns Q at {first['tau_Q']:.0f} and P at {first['tau_P']:.0f} without decay, at {second['tau_Q']:.0f} "
            f"and {second['tau_P']:.0f} with it", f"*At equal training loss,* {large['equal loss']:g},",
            f"it is {first['Q loss at end']:.3f} under S and falls, where with decay it is {second['Q loss at end']:.3f} and "
            f"has risen from {second['Q loss, tau = 1200']:.3f} at 1200",
            f"is {interval(large, 'error S / arm, equal loss')} times L-S's and "
            f"{interval(quiet, 'error S / arm, equal loss')} times that of the annealed noise"]


def changing_kernels(t: pandas.DataFrame) -> list[str]:
    lines = []
    for name in ("frozen", "moving", "redrawn"):
        of = row(t[t["theta"] == "W"], patterns=name)
        lines.append(f"| {name} | {of['loss']:.3f} | {interval(of, 'excess', 3)} | {interval(of, 'excess / frozen')} | "
                     f"{of['no worse']} of {of['sets']} |")
    given = {name: row(t[t["theta"] == "W"], patterns=name) for name in ("frozen", "moving", "redrawn")}
    nats = {name: of["sharper bound"] - of["loss"] for name, of in given.items()}
    frozen, moving, redrawn = (f"{row(t[t['theta'] == 'W and V'], patterns=name)['excess']:.2f}" for name in given)
    bound = row(t[t["theta"] == "W and V"], patterns="moving")
    assert (bound["below log 2"], t["violations"].sum()) == (15, 0)
    return [*lines, f"the bound is {100 * given['moving']['excess']:.1f} % above the average loss, with patterns that stay "
            f"{100 * given['frozen']['excess']:.1f} %", f"lies {nats['moving']:.3f} above the loss with moving patterns, "
            f"{nats['redrawn']:.3f} with those drawn anew", f"{nats['frozen']:.3f} with frozen ones",
            f"{frozen} above the loss against {moving} and {redrawn}", f"it is {bound['bound']:.3f} for all weights"]


def optimisers_batches(t: pandas.DataFrame) -> list[str]:
    lines = []
    for name in dict.fromkeys(t["optimiser"]):
        cells = []
        for batches in ("batches of 16", "full batches"):
            large, small = (row(t, optimiser=name, arm=arm, batches=batches) for arm in ("L-S", "S"))
            cells += [f"{small['flips']:.0f} of {small['pairs']:.0f}"] if batches != "full batches" else []
            cells += [f"{of['P first']}, {of['Q first']}" for of in (large, small)] + [interval(small, "error / L-S, end")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    assert (t["no order"] == 0).all() and (t["neither learnt"] == 0).all(), "the others have a tie"
    of_16, full = (t[t["batches"] == batches].set_index(["optimiser", "arm"]) for batches in ("batches of 16", "full batches"))
    end, half = "error / L-S, end", "error / L-S, 50 %"
    small, flat = (of_16.xs(arm, level="arm") for arm in ("S", "constant"))
    assert (np.round(1 / small[end].min()), np.round(10 * small[end].max())) == (6, 6), "a sixth to six tenths"
    assert full.xs("S", level="arm")[end].between(1 / 1.15, 1.15).all()
    for arm in ("L-S", "S"):
        most = of_16.xs(arm, level="arm")["Q first"] > 7.5
        assert list(most[~most].index) == ["adamw"]
    assert (full.loc["adamw"].drop("constant")["P first"] > 7.5).all()
    quick = f"on {full.loc[('rmsprop', 'constant'), 'P first']} data sets with full batches, without any noise, and on " \
            f"{of_16.loc[('rmsprop', 'constant'), 'P first']} with batches"
    return [*lines, f"At half time S errs {small[half].min():.2f} to {small[half].max():.2f} times", quick,
            f"errs {flat[end].min():.1f} to {flat[end].max():.1f} times as much as L-S at the end"]


def optimisers_over_time(t: pandas.DataFrame) -> list[str]:
    lines = []
    for name in dict.fromkeys(t["optimiser"]):
        large, small = (row(t, optimiser=name, arm=arm) for arm in ("L-S", "S"))
        cells = [f"{of['tau_P']:.0f}, {of['tau_Q']:.0f}" for of in (large, small)]
        cells.append(f"{interval(large, 'error S / arm, equal loss')} ({large['better at equal loss']})")
        cells += [interval(large, f"error S / arm, tau = {tau}") for tau in (320, 800, 1200, 1600)]
        lines.append(f"| {name} | {' | '.join(cells)} | {large['better from half on']} |")
    arms = t.set_index(["optimiser", "arm"])
    large, flat = (arms.xs(arm, level="arm") for arm in ("L-S", "constant large rate"))
    assert (large[["n", "restorable", "works", "comparable"]] == 18).all(axis=None) and (large["equal loss"] == 0.38).all()
    assert (flat["works"] == 0).all() and np.isinf(flat["tau_Q"]).all()
    for name in ("adam", "adamw"):
        assert large.loc[name, "error S / arm, tau = 320 high"] < 1 < large.loc[name, "error S / arm, tau = 1600 high"]
    ratios = flat.drop("rmsprop")["error S / arm, equal loss"]
    assert flat.loc["rmsprop", "error S / arm, equal loss high"] < 1
    assert set(flat.drop("rmsprop")["equal loss"]) == {0.46, 0.5}
    return [*lines, f"{ratios.min():.2f} to {ratios.max():.2f} times, at a loss of 0.46 or 0.50"]


def optimisers(t: pandas.DataFrame) -> list[str]:
    def times(of: pandas.Series) -> str:
        return ", ".join("never" if np.isinf(of[name]) else f"{of[name]:.0f}" for name in ("tau_P", "tau_Q"))

    lines, names = [], ("gradient-descent", "heavy-ball", "nesterov", "rmsprop", "adam", "adamw")
    for name in names:
        large, small = (row(t, optimiser=name, arm=arm) for arm in ("L-S", "S"))
        lines.append(f"| {name} | {small['flips']:.0f} of {small['pairs']:.0f} | {times(large)} | {times(small)} | "
                     f"{interval(small, 'error / L-S, end')} |")
    quiet = [row(t, optimiser=name, arm="L-S, no noise") for name in ("gradient-descent", "adam")]
    first, second = (f"{of['P first']} of {of['n']}" for of in quiet)
    ratios = t[t["arm"] == "S"].set_index("optimiser")
    half = [f"{ratios.loc[name, 'error / L-S, 50 %']:.2f}" for name in names]
    below = [name for name in names if ratios.loc[name, "error / L-S, end high"] < 1]
    assert below == ["heavy-ball", "rmsprop", "adam", "adamw"]
    return [*lines, f"on {first} data sets with gradient descent and {second} with Adam",
            f"L-S errs {1 / ratios.loc['rmsprop', 'error / L-S, end']:.1f} times",
            f"{', '.join(half[:-1])} and {half[-1]}, in the"]
