"""A fault is told with the option that gave the value, or with the file and its line."""

from pathlib import Path

import pytest

from theory_sim.cli.options import make_plan
from theory_sim.errors import InputError
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


@pytest.mark.parametrize(("text", "told"), [
    ("d = 20\nschedule = 'S'\ncompare = ['L-S']", ["lines 2 and 3: schedule and compare are both given"]),
    ("m_W = 7\nseeds = [[]]\ncompare = 3\nseed = 0", ["line 3: compare = 3", "lines 2 and 4: seed and seeds",
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
