"""bootstrap.py without a network: what it refuses, what it keeps, and what it passes on."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pip_calls(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "run", lambda command, fix, environment=None: calls.append(command))
    return calls


def test_unknown_verb_is_bad_input(bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["tests"]) == 2
    assert "'tests'" in capsys.readouterr().err


def test_old_python_without_another_names_the_mend(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    with pytest.raises(bootstrap.BootstrapError, match="install it"):
        bootstrap.find_python()


def test_this_python_is_taken_when_new_enough(bootstrap: ModuleType) -> None:
    assert bootstrap.find_python() == sys.executable


def test_a_name_that_runs_nothing_has_no_version(bootstrap: ModuleType, tmp_path: Path) -> None:
    broken = tmp_path / "python3.12"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    assert bootstrap.version_of(str(broken)) is None
    assert bootstrap.version_of(sys.executable) == sys.version_info[:2]


def test_a_directory_with_other_files_is_left_alone(bootstrap: ModuleType, tmp_path: Path) -> None:
    kept = tmp_path / "thesis.tex"
    kept.write_text("years of work")
    with pytest.raises(bootstrap.BootstrapError, match="THEORY_SIM_VENV"):
        bootstrap.make_environment(tmp_path)
    assert kept.read_text() == "years of work"


@pytest.mark.parametrize("what", ["environment", "stamped environment", "link", "file"])
def test_what_was_not_made_here_is_left_alone(what: str, bootstrap: ModuleType, tmp_path: Path) -> None:
    """An environment without a pip that runs, such as one of another tool, is the user's."""
    directory = tmp_path / "venv"
    (real := tmp_path / "real").mkdir()
    kept = real / "pyvenv.cfg"
    kept.write_text("home = /usr/bin")
    if what == "link":
        (real / bootstrap.MARKER).touch()
        directory.symlink_to(real)
    elif what == "file":
        directory.write_text("mine")
    else:
        real.rename(directory)
        kept = directory / "pyvenv.cfg"
        if what == "stamped environment":  # it was installed into, and made elsewhere
            (directory / "theory-sim-installed.json").write_text("{}")
    with pytest.raises(bootstrap.BootstrapError, match="THEORY_SIM_VENV"):
        bootstrap.make_environment(directory)
    assert kept.read_text() == "home = /usr/bin" and (what != "file" or directory.read_text() == "mine")


def test_an_environment_made_here_is_made_anew(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marker is there whenever it is killed; without one that runs, the next call begins again."""
    python, directory = tmp_path / "python", tmp_path / "venv"
    making = f'mkdir -p "$3/bin" && ln -s {sys.executable} "$3/bin/python"'
    python.write_text(f'#!/bin/sh\ntest -f "$3/{bootstrap.MARKER}" && {making}\n')
    python.chmod(0o755)
    directory.mkdir()
    (directory / bootstrap.MARKER).touch()
    (directory / "half").touch()
    monkeypatch.setattr(bootstrap, "find_python", lambda: str(python))
    monkeypatch.setattr(bootstrap, "pip_works", lambda inside: Path(inside).exists())
    assert bootstrap.make_environment(directory) == str(directory / "bin" / "python")
    assert (directory / bootstrap.MARKER).is_file() and not (directory / "half").exists()


def test_broken_venv_and_virtualenv_name_the_mend(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho ensurepip is not available\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(bootstrap, "find_python", lambda: str(broken))
    with pytest.raises(bootstrap.BootstrapError, match=r"(?s)ensurepip.*apt-get install python3\.11-venv.*virtualenv"):
        bootstrap.make_environment(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()


def test_installs_once_and_again_when_a_deciding_file_changes(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip_calls: list[list[str]]
) -> None:
    for name in bootstrap.DECIDING:
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    for _ in range(2):
        bootstrap.install("python", tmp_path, ("test",))
    assert [call[-1] for call in pip_calls] == [".[test]"]
    bootstrap.install("python", tmp_path, ())
    assert len(pip_calls) == 1, "what is there already is enough"
    bootstrap.install("python", tmp_path, ("docs",))
    assert pip_calls[-1][-1] == ".[docs,test]", "an extra is added to those installed, not put in their place"
    (tmp_path / "setup.cfg").write_text("two")
    bootstrap.install("python", tmp_path, ("test",))
    assert len(pip_calls) == 3


def test_status_of_a_failing_command_is_passed_through(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.BootstrapError, match="try that") as caught:
        bootstrap.run([sys.executable, "-c", "raise SystemExit(7)"], "try that")
    assert caught.value.status == 7


def test_arguments_after_the_verb_are_passed_on(bootstrap: ModuleType) -> None:
    for verb, tier in (("test", []), ("tier2", ["-m", "tier2 and not slow"]), ("probe", ["tests/probe", "tests/vision"])):
        (command,) = bootstrap.commands(verb, "/venv/bin/python", ["-k", "order"])
        assert command[:3] == ["/venv/bin/python", "-m", "pytest"] and command[-2:] == ["-k", "order"]
        assert command[-2 - len(tier) : -2] == tier
    assert bootstrap.commands("mutants", "python", ["--seed", "2"])[1] == ["python", "-m", "tests.mutants", "--seed", "2"]
    assert bootstrap.commands("demo", "/venv/bin/python", ["--quiet"]) == [["/venv/bin/theory-sim", "demo", "--quiet"]]
