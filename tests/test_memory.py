"""Memory is estimated before anything is allocated: what is available, what is refused, and with which fields to lower."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from theory_sim import Engine, Experiment, Observer, Recording, draw_initial, simulate
from theory_sim import memory as rule
from theory_sim.engines.resources import needed_parts
from theory_sim.errors import InputError, size_in_words
from theory_sim.limit.geometry import Patches
from theory_sim.limit.memory import listed_pairs
from theory_sim.limit.options import LimitOptions
from theory_sim.limit.spatial import ExactPairs
from theory_sim.memory import VARIABLE, Bytes, available_bytes, total
from theory_sim.network import given
from theory_sim.network.given import NOTHING
from theory_sim.numeric.pool import BlockPool, default_threads
from theory_sim.sweeps.memory import require_workers_memory
from theory_sim.sweeps.sweep_run import SweepRun

LARGE = Experiment(d=2000, N=40_000, m_W=4000, m_V=1000, n_test=50)
GIB = 2**30


# -- what is available --------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "words"), [
    (0, "0 B"), (1023, "1023 B"), (2000, "1.95 KiB"), (10 * 2**20, "10.0 MiB"), (300 * 2**20, "300 MiB"),
    (1023.9 * 2**20, "1.00 GiB"), (4.0e15, "3.55 PiB"), (3.73e6 * GIB, "3.56 PiB"), (1e21, "867 EiB"), (5 * 2**80, "5.00 YiB"),
])  # fmt: skip
def test_sizes_are_told_in_the_unit_that_suits_them(count: float, words: str) -> None:
    assert size_in_words(count) == words


@pytest.mark.parametrize(("text", "size"), [
    ("8GiB", 8 * GIB), ("8 gib", 8 * GIB), ("500MB", 500_000_000), ("1.5G", 1_500_000_000), ("4096", 4096), ("2k", 2000),
])  # fmt: skip
def test_the_environment_says_what_runs_may_take(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert available_bytes() == size


@pytest.mark.parametrize("text", ["much", "-1", "8 GiBs", "1e9", "G", "9" * 400])
def test_a_size_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(InputError, match=VARIABLE):
        simulate(LARGE)


def test_limits_of_control_groups_count_from_the_own_one_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2, nested as a batch system does it; version 1; and a group that has no limit."""
    groups, own = tmp_path / "cgroup", tmp_path / "own"
    job = groups / "slurm" / "job"
    job.mkdir(parents=True)
    (groups / "memory" / "user").mkdir(parents=True)
    own.write_text("0::/slurm/job\n4:memory:/user\n3:cpu:/elsewhere\n")

    def write(folder: Path, limit: str, used: int, reclaimed: int, *, first: bool = False) -> None:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if first else ("memory.max", "memory.current")
        for name, text in zip(names, (limit, str(used)), strict=True):
            (folder / name).write_text(text)
        (folder / "memory.stat").write_text(f"{'total_' if first else ''}inactive_file {reclaimed}\nother 7\n")

    write(job, "max", 5, 0)
    write(job.parent, "1000", 400, 100)
    write(groups / "memory" / "user", "2000", 1900, 50, first=True)
    monkeypatch.setattr(rule, "_GROUPS", groups)
    monkeypatch.setattr(rule, "_OWN_GROUPS", own)
    assert sorted(set(rule._left_in_groups())) == [150, 700]
    assert available_bytes() == 150
    write(groups / "memory" / "user", "9223372036854771712", 1900, 50, first=True)
    assert available_bytes() == 700


def test_parts_that_are_made_one_after_another() -> None:
    assert total([]) == 0
    assert total([Bytes(10, 5), Bytes(20, 3)]) == 35
    assert total([Bytes(10, 0, 100), Bytes(20)]) == 110  # the second is not there yet
    assert total([Bytes(10, 1), Bytes(20, 0, 100)]) == 130


# -- what is refused, and how to make it fit ----------------------------------------------------------


CASES: dict[str, tuple[Experiment, Engine]] = {
    "finite": (LARGE, Engine()),
    "float64": (LARGE.replace(dtype="float64"), Engine()),
    "general": (LARGE.replace(activation="tanh"), Engine()),
    "limit": (LARGE, Engine("limit")),
    "limit, mean": (LARGE.replace(N=2_000_000, p0=0.1), Engine("limit", {"spatial": "mean"})),
    "low dimension": (LARGE.replace(d=10, N=20_000, p0=0.1), Engine("limit")),
    "closure": (Experiment(), Engine("closure")),
    "kernels": (LARGE.replace(d=100, N=200_000, p0=0.1, observe={"kernels": {"probes": 80_000}}), Engine()),
    "kernels at many times": (LARGE.replace(d=50, N=900, p0=0.1, observe={"kernels": {"every_tau": 0.5}}), Engine("limit")),
    "records": (LARGE.replace(d=50, N=900, p0=0.1, max_tau=1e6, record_every=1e-3), Engine()),
}


@pytest.mark.parametrize("name", CASES)
def test_a_run_that_does_not_fit_is_refused_with_what_fits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is drawn. Each field that the message names makes the run fit, and a tenth more of it does not."""
    e, engine = CASES[name]
    monkeypatch.setattr(given, "draw_data", lambda e: pytest.fail("data were drawn"))
    libraries, needed = engine.solver.loaded, engine.estimated_bytes(e)
    there = libraries + 0.3 * (needed - libraries) if name != "closure" else 10 * 2**20
    monkeypatch.setenv(VARIABLE, str(int(there)))
    with pytest.raises(InputError) as refused:
        simulate(e, engine, threads=1)
    fault = refused.value.faults[0]
    assert size_in_words(needed) in fault.found and size_in_words(int(there)) in fault.found and VARIABLE in fault.rule
    if name == "closure":
        assert "more memory" in fault.fix
        return
    named = re.findall(r"(?:^|; )([\w.]+) of at (most|least) ([\d.e+-]+)", fault.fix)
    assert named or "fits" in fault.fix, fault.fix
    for field, way, text in named:
        assert field in fault.fields
        assert rule.fits(engine.estimated_bytes(_with(e, field, float(text))), there), (field, text)
        worse = float(text) * (1.1 if way == "most" else 1 / 1.1)
        assert not rule.fits(engine.estimated_bytes(_with(e, field, worse)), there), (field, text)
    if name == "kernels":
        assert any(field == "observe.kernels.probes" for field, _, _ in named)


def _with(e: Experiment, field: str, value: float) -> Experiment:
    if field.startswith("observe."):
        _, observer, name = field.split(".")
        number = value if name == "every_tau" else int(value)
        return e.replace(observe={**e.observe, observer: e.observe[observer].model_copy(update={name: number})})
    if field == "record_every":
        return e.replace(record_every=value)
    size = int(value) // 2 * 2 if field.startswith("m_") else int(value)
    fixed = {"N": e.n_examples, "p0": e.p0_value} if field in ("N", "d") else {}
    return e.replace(**{**fixed, field: size})


def test_where_no_field_alone_is_enough_several_are_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "200MiB")
    with pytest.raises(InputError) as refused:
        simulate(LARGE.replace(d=100_000, N=10**7, m_W=10**6, m_V=10**7, n_test=10**6))
    said = refused.value.fix
    sizes = {name: int(size) for name, size in re.findall(r"(\w+) = (\d+)", said)}
    assert sizes.keys() == {"d", "m_W", "m_V", "n_test", "N"}, said
    simulate_needs = Engine().estimated_bytes(LARGE.replace(**sizes, p0=LARGE.replace(d=100_000, N=10**7).p0_value))
    assert rule.fits(simulate_needs, available_bytes())


@pytest.mark.parametrize(("engine", "named"), [("finite", {"d", "m_W", "m_V", "n_test", "N"}), ("limit", {"d", "n_test", "N"})])
def test_sizes_that_an_engine_does_not_read_are_not_to_be_lowered(engine: str, named: set[str]) -> None:
    with pytest.raises(InputError, match="lower several") as refused:
        simulate(Experiment(d=10**6, N=10**6), engine)
    assert set(re.findall(r"(\w+) = \d", refused.value.fix)) == named


@pytest.mark.parametrize("engine", ["finite", "limit"])
def test_the_largest_dimension_is_refused_by_memory_alone(engine: str) -> None:
    """`d` is bounded by what the closure and the mean field can take, which need no array of its size."""
    largest = Experiment(d=10**9)
    with pytest.raises(InputError, match=r"needs about .* EiB"):
        Engine(engine).require_described(largest)
    Engine("mean-field").require_described(largest)
    with pytest.raises(InputError, match="d = 1000000001"):
        Experiment(d=10**9 + 1)


def test_observers_of_the_users_own_count(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hoarder(Observer):
        variables: ClassVar[Any] = {}
        recording = Recording(every_steps=1, probes=50)

        def observe(self, snapshot: Any) -> Any:
            return {}

        @classmethod
        def memory(cls, use: Any) -> Bytes:
            return Bytes(use.records * use.inputs["P"] * 2**30)

    e = Experiment.preset("quick").replace(max_steps=9)
    assert Engine().estimated_bytes(e, observers=[Hoarder()]) - Engine().estimated_bytes(e) == 10 * 50 * 2**30
    monkeypatch.setenv(VARIABLE, "300GiB")
    with pytest.raises(InputError, match=re.escape("observers[0], Hoarder")):
        simulate(e, observers=[Hoarder()])


def test_a_check_says_what_a_run_takes_with_its_observers() -> None:
    from theory_sim.cli import app

    words = ["check", "--preset", "quick", "--set", "observe.kernels.probes=400"]
    brief, said = (CliRunner(env={"COLUMNS": "80"}).invoke(app, words + more).stdout for more in ([], ["--verbose"]))
    e = Experiment.preset("quick").replace(observe={"kernels": {"probes": 400}})
    needed = size_in_words(Engine().estimated_bytes(e, threads=default_threads()))
    assert f"a run takes about {needed} of memory" in " ".join(said.split()) and "observe.kernels " in said
    assert "of memory" not in brief


def test_out_of_memory_is_the_projects_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was estimated, or too little; NumPy's MemoryError is one as well."""
    with pytest.raises(InputError, match="out of memory in draw_initial: Unable to allocate"):
        draw_initial(Experiment(d=10**7, N=10, p0=0.1, m_W=10**7, m_V=2))

    def run(*args: Any, **more: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(type(Engine("limit").solver), "run", run)
    for call in (lambda: simulate(Experiment(), "limit"), lambda: Engine("limit").run(Experiment())):
        with pytest.raises(InputError, match="out of memory in a run of engine 'limit'"):
            call()


# -- sweeps ------------------------------------------------------------------------------------------


def _pool(*machines: tuple[int, int]) -> Any:
    return SimpleNamespace(machines=lambda: list(machines), threads=1, in_this_process=False)


def test_all_workers_of_a_sweep_count() -> None:
    """The largest runs, that may meet: two fit, three do not."""
    small, large = LARGE.replace(N=9000), LARGE
    runs = [SweepRun((i,), Engine(), e, str(i)) for i, e in enumerate([small, large, small, large, large])]
    one = Engine().estimated_bytes(large)
    there = int(2.5 * one * rule.CERTAIN)
    require_workers_memory(runs, _pool((there, 2)))
    require_workers_memory(runs, _pool((there, 2), (there, 2)))  # two machines
    require_workers_memory([runs[1], runs[2]], _pool((there, 9)))  # no more than there are runs
    with pytest.raises(InputError, match=r"runs, 3 at a time.*\n.*\n.*--workers 2 \(workers=2\)"):
        require_workers_memory(runs, _pool((there, 3)))
    with pytest.raises(InputError, match="runs, 3 at a time"):
        require_workers_memory(runs, _pool((there, 2), (there, 3)))


def test_a_sweep_of_runs_of_which_none_fits_names_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "400MiB")
    with pytest.raises(InputError, match="N of at most"):
        require_workers_memory([SweepRun((0,), Engine(), LARGE, "0")], _pool((400 * 2**20, 1)))


@pytest.mark.parametrize("fields", [{"d": 3}, {"d": 8, "g0": 3.0}, {"d": 20}])
def test_pairs_at_small_angles_are_counted_beforehand(fields: dict[str, float]) -> None:
    """Signals bring patches nearer to each other than random directions are: at d = 8 and g0 = 1, 1.7 times as many pairs."""
    e = Experiment(N=600, p0=0.1, n_test=50, **fields)
    train, fresh = NOTHING.data(e)
    with BlockPool(1) as pool:
        pairs = ExactPairs(Patches(train, fresh), 1e-8, pool)
    listed = len(pairs._strong.rows) + len(pairs._strong_test.rows)
    assert listed_pairs(e, LimitOptions(tolerance=1e-8)) == pytest.approx(listed, rel=0.15)


# -- time --------------------------------------------------------------------------------------------


def test_times_count_set_ups_and_observers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In low dimension pairs are looked at one by one before the first step; products of Lanczos' method are steps' work."""
    from theory_sim.cli.runs import _announce
    from theory_sim.sweeps.plan import Plan

    monkeypatch.setenv("COLUMNS", "80")
    low, high, limit = Experiment(d=5, N=20_000, p0=0.1), Experiment(d=2000, N=20_000), Engine("limit")
    assert limit.set_up_seconds(low) > 20 > limit.set_up_seconds(high)
    assert limit.estimated_seconds(low) > limit.set_up_seconds(low)
    _announce(Plan(low, (low.schedule,), (0,)), limit, 1)
    said = capsys.readouterr().err
    assert "before its first step a run takes about" in said and max(map(len, said.splitlines())) <= 80
    flow, long = Engine("limit", {"time": "flow", "spatial": "mean"}), Experiment.preset("large-d")
    monkeypatch.setattr("theory_sim.cli.runs._LONG_SECONDS", 0.0)  # on a fast machine too
    for engine, steps in ((flow, False), (Engine("limit", {"spatial": "mean"}), True)):
        _announce(Plan(long, (long.schedule,), (0,)), engine, 1)
        said = capsys.readouterr().err
        assert "in all on an idle machine" in said and ("steps a run" in said) == steps
    plain = LARGE.replace(max_steps=10)
    watched = plain.replace(observe={"sharpness": {"every_steps": 1}})
    assert Engine().estimated_seconds(watched) > 5 * Engine().estimated_seconds(plain)


# -- the count itself --------------------------------------------------------------------------------


_SMALL: dict[str, tuple[Experiment, Engine]] = {
    "finite": (Experiment(d=400, N=1600, m_W=900, m_V=4000, n_test=20, max_steps=2), Engine()),
    "kernels": (Experiment(d=40, N=1800, p0=0.1, m_W=100, m_V=10, n_test=10, max_steps=2,
                           observe={"kernels": {"probes": 500, "every_steps": 1}}), Engine()),
    "limit": (Experiment(d=200, N=2500, n_test=20, max_steps=2), Engine("limit")),
}


@pytest.mark.parametrize("name", _SMALL)
def test_parts_add_up_to_what_is_allocated(name: str) -> None:
    """Against every array that NumPy allocates; a part of more than a quarter that is left out is missed."""
    e, engine = _SMALL[name]
    simulate(e.replace(max_steps=1), engine, threads=1)  # loads libraries, and all the compiled code of this size
    tracemalloc.start()
    simulate(e, engine, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    parts = needed_parts(engine.solver, e, engine.all_options, 1)
    del parts["libraries"]
    assert 1 / 1.25 < total(parts.values()) / peak < 1.25
    without = [total(size for part, size in parts.items() if part != left_out) for left_out in parts]
    assert not 1 / 1.25 < min(without) / peak < 1.25, (without, peak)
