"""Cases that were found, and that what is asked of a case can fail."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tests.fuzz.folder import listing
from tests.fuzz.found import FILES, LINES
from tests.fuzz.outcome import Outcome, TooLong, call, limited, read
from tests.fuzz.property import faults
from tests.fuzz.test_files import FILE, _plan, _sweep
from theory_sim.errors import get_reason
from theory_sim.reading.lines import key_lines


@pytest.mark.parametrize("name", FILES)
def test_files_that_were_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_bytes(FILES[name])
    before = listing(tmp_path)
    for reader in (_plan, _sweep):
        outcome = read(reader, FILE)
        assert outcome.status == 2 and not faults(outcome, before, listing(tmp_path)), outcome.err


@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(words)[:60])
def test_lines_that_were_found(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.txt").write_text("somebody's")
    before = listing(tmp_path)
    outcome = call(*words)
    assert outcome.status == 2 and not faults(outcome, before, listing(tmp_path)), outcome.err


def test_a_folder_for_a_file_is_made_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("theory-sim", "list", "--format", "json", "--out", "new/folder/file.json").status == 0
    assert json.loads((tmp_path / "new/folder/file.json").read_text())["kind"] == "presets"


def test_lines_of_keys_below_a_list_of_lists() -> None:
    """The end of a statement is found with and without a comment behind it, and where lines of its own end alike."""
    text = 'a = [\n  [1],\n  [2]\n]  # end\nb = """\nx ]\n"""\n[t]\nc = [\n 1 ]\nd = 3\n'
    assert key_lines(text) == {("a",): 1, ("b",): 5, ("t",): 8, ("t", "c"): 9, ("t", "d"): 11}


RIGHT = Outcome("theory-sim", ("x",), 2, "", "theory-sim: d = 0\n  rule: a\n  fix: b\n", 0.0)


@pytest.mark.parametrize(("changes", "seen"), [
    ({"status": 70}, "status 70"), ({"err": "theory-sim: no\n"}, "without what was found"), ({"err": ""}, "without what was"),
    ({"err": RIGHT.err + "Traceback (most recent call last)"}, "Traceback"), ({"out": "KeyError: 'x'"}, "output: KeyError"),
    ({"err": RIGHT.err + "w " * 41}, "82 columns"), ({"err": RIGHT.err + "x\n" * 3000}, "a message of"),
    ({"err": RIGHT.err.replace("d = 0", "out of memory")}, "out of memory"),
])  # fmt: skip
def test_a_bad_ending_is_seen(changes: dict[str, object], seen: str) -> None:
    assert not faults(RIGHT, {}, {}) and not faults(dataclasses.replace(RIGHT, err=RIGHT.err + "w" * 100), {}, {})
    assert any(seen in fault for fault in faults(dataclasses.replace(RIGHT, **changes), {}, {}))  # type: ignore[arg-type]


def test_a_touched_folder_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = listing(tmp_path)
    (tmp_path / "a").write_text("22")
    (tmp_path / "new").mkdir()
    (tmp_path / ".x.draft-0").write_text("")
    after = listing(tmp_path)
    assert faults(RIGHT, before, after) == ["a is changed", ".x.draft-0 is left over", "new is left over"]
    done = dataclasses.replace(RIGHT, status=0)
    assert faults(done, before, after, own=("a",)) == [".x.draft-0 is left over"]
    assert faults(done, before, {}) == ["a is gone"]


def test_a_case_is_limited() -> None:
    with pytest.raises(MemoryError), limited():
        bytearray(2**33)
    with pytest.raises(TooLong), limited(seconds=0.05):
        while True:
            pass


@pytest.mark.parametrize(("error", "words"), [
    (KeyError("schema"), "it lacks 'schema'"), (TypeError("unhashable type: 'list'"), "an entry of the wrong type"),
    (RecursionError("maximum"), "it nests too deep"), (IndexError("list index"), "fewer entries than there should be"),
    (OSError(13, "Permission denied"), "Permission denied"), (ValueError("version 3 is odd"), "version 3 is odd"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), "no text in UTF-8"), (MemoryError(), "too little memory"),
    (json.JSONDecodeError("Expecting value", "", 0), "no JSON: Expecting value: line 1 column 1 (char 0)"),
])  # fmt: skip
def test_reasons_are_words(error: Exception, words: str) -> None:
    assert get_reason(error) == words
