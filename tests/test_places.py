"""A fault is told with the option that gave the value, or with the file and its line."""

from pathlib import Path

import pytest

from theory_sim.cli.options import make_plan
from theory_sim.errors import InputError
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.plan import Plan


@pytest.mark.parametrize(("settings", "compare", "observe", "told"), [
    (["eta_1=4000"], None, None, ["--set eta_1: eta_1 x lambda"]),
    (["p0=0.9", "q0=0.8"], None, None, ["--set p0, --set q0: p0 + q0"]),
    (["q0=0.9"], None, None, ["--set q0, {file}, line 2: p0 + q0"]),
    (["m_W=7", "zzz=3"], None, None, ["--set zzz: unknown field 'zzz'", "--set m_W: m_W = 7"]),
    ([], None, ["kernels:probes=0"], ["--observe: observe.kernels.probes = 0"]),
    (["observe={kernels={probes=0}}"], None, None, ["--set observe: observe.kernels.probes = 0"]),
    ([], "S,step", None, ["--compare: schedule = 'step' without step_tau"]),
    ([], "S,X", None, ["--compare: schedule = 'X'"]),
    (["schedule=constant", "eta_2=0.3"], None, None, ["--set eta_2, --set schedule: eta_2 = 0.3 with schedule = 'constant'"]),
    (["eta_2=0.3", "step_tau=3.0"], "constant,pieces", None, ["--compare: schedule = 'pieces' without pieces"]),
    (["d=20", "m_W=7", "d=30"], None, None, ["--set d=20 and --set d=30"]),
    (["d=2e", "m_W", "d=3\nN=5"], None, None, ["--set m_W", "--set d=2e and --set d=3"]),
    (["schedule=S"], "L-S,S", None, ["--set schedule and --compare"]),
    (["observe={kernels={probes=3}}"], None, ["kernels"], ["--set observe and --observe"]),
    (["eta_2=0.5"], "constant", None, ["--set eta_2, --compare: eta_2 = 0.5 with schedule = 'constant'"]),
    ([], "S,S", None, ["--compare: compare = ['S', 'S']"]),
])
def test_options_and_lines(settings: list[str], compare: str | None, observe: list[str] | None, told: list[str],
                           tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text("# a plan\np0 = 0.2\nq0 = 0.5\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        make_plan(file, None, settings, compare, None, observe)
    found = [fault.found for fault in refused.value.faults]
    assert len(found) == len(told)
    for text, expected in zip(found, told, strict=True):
        assert text.startswith(expected.format(file=file))


def test_without_a_file_only_options_are_named() -> None:
    with pytest.raises(InputError) as refused:
        make_plan(None, "quick", ["m_V=7", "eta_1=4000"], None, None)
    assert [fault.found[:25] for fault in refused.value.faults] == ["--set m_V: m_V = 7 with n", "--set eta_1: eta_1 x lamb"]


def test_the_first_schedule_brings_its_own_fields() -> None:
    plan = make_plan(None, "quick", ["pieces=[[1.0, 3.0], [2.0, 0.5]]"], "pieces,S", None)
    assert plan.compare == ("pieces", "S") and plan.experiment.pieces is not None


def test_a_seed_and_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--set seed and --seeds\n.*gives every seed\n.*leave one of the two out"):
        make_plan(None, "quick", ["seed=3"], None, "0:2")


@pytest.mark.parametrize(("content", "told"), [
    (b"\xff\xfed\x00 \x00=\x00", r"is text in UTF-16\n.*\n.*iconv -f UTF-16"),
    (b"# G\xf6teborg\nd = 20\n", r"line 1: the byte 0xf6 is not UTF-8\n.*\n.*iconv -f LATIN1 -t UTF-8"),
    (b"d = 20\n# caf\xe9\n", r"line 2: the byte 0xe9"),
    (b"d = 20\nseed = 147573952589676412928\n[observe.kernels]\nprobes = 18446744073709551616\n",
     r"(?s)2 faults\n.*, line 2: seed = 147573952589676412928: 68 bits.*, line 4: observe\.kernels\.probes = 1844"),
    (b"name = '" + b"a" * 10001 + b"'", "line 1: name is a text of 10001 letters"),
    (b"d = 1\nm_W = 3\nm_V = 3\nN = 0\nr = -1\ng0 = -1\ntau_xi = -1\neta_1 = -1\neta_2 = -1\nlambda = -1\nn_test = 0\n",
     r"(?s)^(9|1\d) faults.*line 4: .*line 10: "),
    (b"".join(b"x%d = 1\n" % i for i in range(23)), r"(?s)^23 faults.*and 3 more$"),
])
def test_files_in_other_bytes(content: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=told):
        Plan.from_toml(file)


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_bytes(b"\xef\xbb\xbfd = 20\r\nseeds = '0:3'\r\n")
    plan = Plan.from_toml(file)
    assert plan.experiment.d == 20 and plan.seeds == (0, 1, 2)


@pytest.mark.parametrize(("seeds", "told"), [
    ("'3:1'", "seeds 3:1"), ("[]", "seeds = []"), ("[0, 1.0]", "seeds = [0, 1.0]"), ("3", "seeds = 3"),
    ("[true]", "seeds = [True]"),
])
def test_seeds_mean_the_same_in_every_file(seeds: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    for read in (Plan.from_toml, Sweep.from_toml):
        file.write_text(f"name = 'x'\nseeds = {seeds}\n", encoding="utf-8")
        with pytest.raises(InputError) as refused:
            read(file)
        assert refused.value.found.startswith(f"{file}, line 2: {told}")
        for text in ("'2:4'", "'2,3'", "[2, 3]"):
            file.write_text(f"name = 'x'\nseeds = {text}\n", encoding="utf-8")
            assert read(file).seeds == (2, 3)


@pytest.mark.parametrize(("text", "told"), [
    ("d = 20\nschedule = 'S'\ncompare = ['L-S']", ["lines 2 and 3: schedule and compare are both given"]),
    ("m_W = 7\nseeds = [[]]\ncompare = 3\nseed = 0", ["lines 2 and 4: seed and seeds", "line 3: compare = 3",
     "line 2: seeds = [[]]", "line 1: m_W = 7"]),
    ("compare = ['L-S', 'step']", ["line 1: schedule = 'step' without step_tau"]),
    ("seeds = [0, 0]", ["line 1: seeds = [0, 0]"]),
    ("compare = ['L-S', 'Q']", ["line 1: schedule = 'Q'"]),
])
def test_lines_of_a_plan(text: str, told: list[str], tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        Plan.from_toml(file)
    found = [fault.found for fault in refused.value.faults]
    assert len(found) == len(told)
    for place, expected in zip(found, told, strict=True):
        assert place.startswith(f"{file}, {expected}")


def test_a_warning_of_a_file_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "plan.toml"
    file.write_text("schedule = 'constant'\neta_2 = 0.3\n", encoding="utf-8")
    make_plan(file, None, None, None, None)
    assert f"warning: {file}, lines 1 and 2: eta_2 = 0.3 with schedule = 'constant'" in capsys.readouterr().err
    make_plan(file, None, ["eta_1=2.0"], "constant,S", "0:2")


def test_a_preset_typed_as_a_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.cli.options import make_plan

    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="--preset quick"):
        make_plan(Path("quick"), None, None, None, None)
