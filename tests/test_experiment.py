"""The description of a run: what is refused and how, files, and changed copies."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from theory_sim import Experiment
from theory_sim.errors import ExperimentError, InputError, TheorySimError, UnreadFieldWarning
from theory_sim.experiment import preset_names
from theory_sim.reading import TomlFile
from theory_sim.reading.lines import key_lines
from theory_sim.sweeps.plan import Plan
from theory_sim.testing import experiments, schedules

BAD: list[tuple[dict[str, Any], str, str, str]] = [
    ({"eta_1": 4000.0}, "eta_1 x lambda = 4000 x 0.0005 = 2", "rate x lambda < 2", "lower eta_1"),
    ({"schedule": "pieces", "pieces": [[1.0, 5000.0]], "tau_0": 1.0}, "5000", "rate x lambda < 2", "lower"),
    ({"tau_0_rate": 5000.0}, "tau_0 stationary at rate 5000", "rate x lambda < 2", "lower tau_0_rate"),
    ({"p0": 0.6, "q0": 0.5}, "p0 + q0 = 0.6 + 0.5 = 1.1", "p0 + q0 <= 1", "lower p0 or q0"),
    ({"N": 0}, "N = 0", "a whole number of at least 1", "change N"),
    ({"d": 1, "kappa": 5.0}, "N = 0 from d = 1, kappa = 5.0", "at least one training example", "lower kappa"),
    ({"N": 10, "kappa": 0.5}, "kappa = 0.5 and N = 10", "one of them", "leave one"),
    ({"eta_1": math.nan}, "eta_1 = nan", "a number from 1e-12 to 1e12", "change eta_1"),
    ({"tau_xi": math.inf}, "tau_xi = inf", "a number from 0 to 1e12", "change tau_xi"),
    ({"eta1": 3.0}, "unknown field 'eta1'", "only fields", "did you mean 'eta_1'"),
    ({"lamda": 3.0}, "unknown field 'lamda'", "only fields", "did you mean 'lambda'"),
    ({"zzzzzz": 3.0}, "unknown field 'zzzzzz'", "only fields", "theory-sim list fields has all"),
    ({"epsilon_1": 0.1, "epsilon_2": 0.5, "q0": 0.5}, "0.4466, at or below the stop loss epsilon_2 = 0.5",
     "able to anneal", "raise epsilon_1"),
    ({"m_W": 7}, "m_W = 7", "in twos", "make m_W even"),
    ({"m_V": 7, "neurons": "balanced"}, "m_V = 7", "in twos", "make m_V even"),
    ({"N": 10, "p0": 0.1, "batch_size": 11}, "batch_size = 11 of N = 10", "no larger than the training set", "at most 10"),
    ({"schedule": "pieces"}, "without pieces", "[until, rate]", "give pieces"),
    ({"pieces": [[1.0, 1.0]]}, "pieces given with schedule = 'L-S'", "only schedule", "leave pieces out"),
    ({"schedule": "pieces", "pieces": [[2.0, 1.0], [1.0, 1.0]]}, "[2.0, 1.0], [1.0, 1.0]", "increasing", "sort"),
    ({"schedule": "pieces", "pieces": [[2.0, -1.0]]}, "-1.0", "times and rates from 1e-12", "sort the pieces"),
    ({"schedule": "step"}, "without step_tau", "between two cuts", "give step_tau"),
    ({"lambda_": 0.0}, "tau_0 = 'stationary' with lambda = 0", "no stationary level", "give tau_0"),
    ({"tau_0": -1.0}, "tau_0 = -1", "standard deviation", "0 or more"),
    ({"tau_0": 1.0, "tau_0_rate": 2.0}, "both given", "only with", "leave one"),
    ({"alpha_min": 2.0}, "alpha_min = 2 > alpha_max = 1", "from alpha_min", "swap"),
    ({"schedule": "L"}, "schedule = 'L'", "one of 'L-S', 'S', ", "choose one of these"),
    ({"d": 2.5}, "d = 2.5", "a whole number from 1 to 1e9", "change d"),
    ({"seed": -1}, "seed = -1", "a whole number from 0 to 2^64 - 1", "change seed"),
    ({"name": "../x"}, "name = '../x'", "the first a letter or digit", "change name"),
    ({"r": 0.0}, "r = 0.0", "a number from 1e-06 to 1000", "change r"),
    ({"d": True}, "d = True", "a whole number", "change d"),
    ({"kappa": 1e-200}, "kappa = 1e-200", "a number from 0.001", "change kappa"),
    ({"tau_0": "statoinary"}, "statoinary", "'stationary'", "did you mean 'stationary'?"),
    ({"seed": 2**64}, "seed = 18446744073709551616", "2^64 - 1", "change seed"),
]


@pytest.mark.parametrize(("fields", "found", "rule", "fix"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_refused_with_value_rule_and_fix(fields: dict[str, Any], found: str, rule: str, fix: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        Experiment(**fields)
    error = refused.value
    assert found in error.found and rule in error.rule and fix in error.fix
    assert isinstance(error, (InputError, TheorySimError, ValueError))
    assert str(error) == f"{error.found}\n  rule: {error.rule}\n  fix: {error.fix}"


def test_pieces_of_the_reported_message_name_the_piece() -> None:
    with pytest.raises(ExperimentError, match=re.escape("pieces[1] rate")):
        Experiment(schedule="pieces", pieces=((1.0, 1.0), (2.0, 9000.0)), tau_0=1.0)


def test_an_unused_rate_may_be_anything() -> None:
    assert Experiment(schedule="S", eta_1=5000.0, tau_0_rate=1.0).rates() == {"eta_2": 0.5}


def test_defaults_are_theory() -> None:
    e = Experiment()
    assert e.n_examples == 800 and e.kappa_value == 0.5 and e.p0_value == 0.125
    assert e.gamma_0 == pytest.approx(1 / math.sqrt(200))
    variance = 16 * 0.00789**2 / (5e-4 * (2 - 16 * 5e-4))  # THEORY §5
    assert e.tau_0_value == pytest.approx(math.sqrt(variance), rel=1e-12)
    given_n = Experiment(N=50, p0=0.1)
    assert given_n.kappa is None and given_n.kappa_value == 2.0 and given_n.n_examples == 50
    assert Experiment(seed=4, seed_data=9).seed_of("data") == 9 and Experiment(seed=4).seed_of("noise") == 4
    assert Experiment(schedule="S", seed=3).run_name == "default-S-seed3"
    with pytest.raises(Exception, match="frozen"):
        e.d = 3


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_valid(name: str) -> None:
    assert Experiment.preset(name).name == name


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ExperimentError, match=r"'nope'\n.*default"):
        Experiment.preset("nope")


@pytest.mark.filterwarnings("ignore::theory_sim.errors.UnreadFieldWarning")  # every field is written, read or not
@given(experiment=experiments())
def test_toml_round_trip(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("toml") / "run.toml"
    experiment.to_toml(path)
    assert Experiment.from_toml(path) == experiment
    assert "lambda_" not in path.read_text(encoding="utf-8")


@given(experiment=experiments(), fields=schedules())
def test_replace_is_the_same_as_writing_it_so(experiment: Experiment, fields: dict[str, Any]) -> None:
    changed = experiment.replace(**fields)
    assert {key: getattr(changed, key) for key in fields} == fields
    assert changed.replace() == changed
    assert changed.replace(lambda_=0.07) == changed.replace(**{"lambda": 0.07})
    restored = {key: getattr(experiment, key) for key in {*fields, "schedule", "pieces", "step_tau"}}
    back = changed.replace(**restored)
    for key in ("d", "N", "seed", "tau_0", "neurons", "schedule"):
        assert getattr(back, key) == getattr(experiment, key)


def test_replace_clears_what_it_supersedes() -> None:
    assert Experiment(p0=0.1).replace(N=30).kappa is None
    assert Experiment(N=30, p0=0.1).replace(kappa=0.25).N is None
    assert Experiment(N=30, p0=0.1).replace(d=9).n_examples == 30
    assert Experiment(tau_0_rate=3.0).replace(tau_0=1.0).tau_0_rate is None
    pieces = Experiment(schedule="pieces", pieces=((1.0, 1.0),), tau_0=1.0)
    assert pieces.replace(schedule="S").pieces is None
    with pytest.raises(ExperimentError, match=r"kappa = 0\.5 and N = 30"):
        Experiment().replace(N=30, kappa=0.5)
    with pytest.raises(ExperimentError, match="unknown field"):
        Experiment().replace(nope=1)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing, broken, binary, plan = (tmp_path / name for name in ("missing", "broken", "binary", "plan"))
    broken.write_text("d = = 3", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00d = 3")
    plan.write_text('compare = ["L-S", "S"]', encoding="utf-8")
    for path, seen in ((missing, "No such file"), (broken, "is not TOML"), (binary, "text in UTF-16"),
                       (tmp_path, "a folder"), (plan, "compare")):
        with pytest.raises(ExperimentError, match=seen) as refused:
            Experiment.from_toml(path)
        assert str(path) in refused.value.found and refused.value.fix
    assert TomlFile(plan).table == {"compare": ["L-S", "S"]}


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("", encoding="utf-8")
    assert Experiment.from_toml(path) == Experiment()


FAULTY = '''# a comment
name = "all faults"

d = 2.5
etta_1 = 3.0
p0 = 0.7
q0 = 0.6
m_W = 7
pieces = [
  [2.0, 1.0],
  [1.0, 1.0],
]
observe.gradients.probes = 4

[observe.kernels]
every_tau = 5.0
# the next but one
every = 3

[observe.nonesuch]

[observe.patterns]
at_tau = [3.0, 1.0]
'''


def test_all_faults_of_a_file_are_told_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "faulty.toml"
    path.write_text(FAULTY, encoding="utf-8")
    with pytest.raises(ExperimentError) as refused:
        Experiment.from_toml(path)
    told = [fault.found.replace(str(path), "F") for fault in refused.value.faults]
    for expected in ("F, line 2: name = 'all faults'", "F, line 4: d = 2.5", "F, line 5: unknown field 'etta_1'",
                     "F, lines 6 and 7: p0 + q0 = 0.7 + 0.6 = 1.3", "F, line 8: m_W = 7 with neurons = 'paired'",
                     "F, line 9: pieces given with schedule = 'L-S'", "F, line 9: pieces = [[2.0, 1.0], [1.0, 1.0]]",
                     "F, line 18: unknown field of observe.kernels 'every'", "F, line 20: unknown observer 'nonesuch'",
                     "F, line 23: at_tau = [3.0, 1.0]"):
        assert expected in told
    # What reads a field that is wrong itself is not judged: the observers' own rules, of which one table is wrong.
    assert len(told) == 10 and "10 faults" in str(refused.value)
    assert str(refused.value).count("\n  rule: ") == str(refused.value).count("\n  fix: ") == 10
    for words in ("Input should", "greater than or equal", "valid", "pydantic", "finite number"):
        assert words not in str(refused.value)


@pytest.mark.parametrize(("text", "place"), [
    ("lambda = -1", "line 1: lambda = -1"),
    ("[observe]\n\nkernels = { probes = 0 }", "line 3: observe.kernels.probes = 0"),
    ("observe.kernels.probes = 0", "line 1: observe.kernels.probes = 0"),
    ("[observe.kernels]\nevery_steps = 2\nat_tau = [1.0]", "lines 2 and 3: every_steps and at_tau of one observer"),
    ("[observe.kernels]\nat_tau = [1.0]\nprobes = 2.5", "line 3: observe.kernels.probes = 2.5"),
    ("[observe.descent]\n[observe.gradients]\nprobes = 3", "line 3: probes for the observer 'gradients'"),
    ("network = 'shared'\n[observe.descent]", "lines 1 and 2: the observer 'descent' with network = 'shared'"),
    ("observe = 3", "line 1: observe = 3"),
    ("\n[observe]\nkernels = 3", "line 3: observe.kernels = 3"),
    ("[schedule]\nkind = 'S'", "line 1: schedule = {'kind': 'S'}"),
    ('x = """\nd = 4\n"""\nd = "4"', "line 4: d = '4'"),
    ("'self' = 3", "line 1: unknown field 'self'"),
    ("'a.b' = 3", "line 1: unknown field 'a.b'"),
    ("schedule = 'pieces'\npieces = [[1.0]]", "line 2: pieces = [[1.0]]"),
    ("schedule = 'pieces'\ntau_0 = 1.0\nlambda = 0.1\npieces = [[1.0, 50.0]]", "lines 1 and 3 and 4: pieces[0] rate x lambda"),
    ("seeds = [1]", "line 1: seeds = [1]"),
])
def test_the_line_of_a_fault(text: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "faulty.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentError) as refused:
        Experiment.from_toml(path)
    assert any(f"{path}, {place}" in fault.found for fault in refused.value.faults), str(refused.value)


@settings(max_examples=20)
@given(experiment=experiments())
def test_lines_are_those_of_the_file(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each key is on its line, whatever stands between: the value on that line is the field's."""
    path = tmp_path_factory.mktemp("lines") / "run.toml"
    experiment.to_toml(path)
    text = path.read_text(encoding="utf-8")
    for (name, *below), number in key_lines(text).items():
        if not below:
            assert text.split("\n")[number - 1].startswith((f"{name} =", f"[{name}]"))


def test_faults_that_follow_from_another_are_not_told() -> None:
    for fields, count in (({"eta_1": 4000.0}, 1), ({"kappa": "x", "q0": 0.9}, 1), ({"d": "x", "network": "shared"}, 1),
                          ({"eta_1": 4000.0, "m_W": 7}, 2), ({"d": 0, "m_W": 7, "alpha_min": 3.0}, 3)):
        with pytest.raises(ExperimentError) as refused:
            Experiment(**fields)
        assert len(refused.value.faults) == count, str(refused.value)


def test_to_toml_replaces_nothing_unasked(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    Experiment().to_toml(path)
    with pytest.raises(InputError, match=r"run\.toml is there already\n.*\n.*another path"):
        Experiment(seed=3).to_toml(path)
    assert Experiment.from_toml(path) == Experiment()
    Experiment(seed=3).to_toml(path, overwrite=True)
    assert Experiment.from_toml(path).seed == 3
    with pytest.raises(InputError, match="is no file"):
        Experiment().to_toml(tmp_path, overwrite=True)


def test_fields_that_the_schedule_does_not_read_are_told(tmp_path: Path) -> None:
    """In files by a warning with the line; defaults, compared schedules and what tau_0 reads do not count."""
    path = tmp_path / "run.toml"
    for text, told in (
        ("schedule = 'constant'\n\neta_2 = 0.3",
         "lines 1 and 3: eta_2 = 0.3 with schedule = 'constant': only 'L-S', 'S', 'cosine', 'cyclic', .* read"),
        ("schedule = 'constant'\nstep_tau = 3.0", "step_tau = 3.0 with schedule = 'constant': only 'step' reads"),
        ("schedule = 'S'\neta_1 = 3.0\ntau_0_rate = 1.0", "eta_1 = 3.0 with schedule = 'S'"),
    ):
        path.write_text(text, encoding="utf-8")
        for read in (Experiment.from_toml, Plan.from_toml):
            with pytest.warns(UnreadFieldWarning, match=told):
                read(path)
    for text in ("schedule = 'constant'\neta_2 = 0.5", "compare = ['S', 'constant']\neta_1 = 3.0\neta_2 = 0.3",
                 "schedule = 'S'\neta_1 = 3.0", "epsilon_1 = 0.2"):
        path.write_text(text, encoding="utf-8")
        Plan.from_toml(path)  # warnings are errors
    assert Experiment.preset("marginal").replace(schedule="constant").eta_2 == 0.16, "a preset may set what is not read"


@pytest.mark.parametrize("name", ["lambda", "lambda_"])
def test_a_bad_value_of_either_name_is_told_by_the_name_of_a_file(name: str) -> None:
    with pytest.raises(ExperimentError, match=r"lambda = -1(.|\n)*a number from 0"):
        Experiment().replace(**{name: -1})
    with pytest.raises(ExperimentError, match=r"lambda = -1(.|\n)*a number from 0"):
        Experiment(**{name: -1})


def test_an_unknown_field_is_told_the_three_nearest() -> None:
    with pytest.raises(ExperimentError) as refused:
        Experiment(learning_rate_1=3.0)
    names, _, more = refused.value.fix.removeprefix("the nearest are ").partition("; ")
    assert len(set(names.split(", "))) == 3 and "epsilon_1" in names
    assert more.startswith("theory-sim list fields has all")
