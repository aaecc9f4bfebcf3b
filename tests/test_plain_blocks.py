"""Tutorials are read as plain Markdown, too: their blocks are what is typed, and become cells in the build alone."""

from __future__ import annotations

import codeop
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
TUTORIALS: Final = sorted(page for page in (DOCS / "tutorials").glob("*.md") if page.stem != "index")


@pytest.fixture(scope="module")
def plain_blocks() -> ModuleType:
    pytest.importorskip("sphinx", reason="installed by make docs")
    spec = importlib.util.spec_from_file_location("plain_blocks", DOCS / "plain_blocks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_reader_of_the_source_can_type_what_he_sees(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"%%|\{code-cell\}|IPython|shell_cells", text)
    heads = set(re.findall(r"^```(\w.*)$", text, re.MULTILINE))
    assert all(re.fullmatch(r"bash( run)?|python run|toml file=\S+", head) for head in heads), heads


def untypable(code: str) -> str:
    """The line at which Python's prompt refuses lines that are typed, or pasted, one after the other; empty if it takes all."""
    typed: list[str] = []
    for line in (*code.split("\n"), ""):
        typed.append(line)
        try:
            whole = codeop.compile_command("\n".join(typed), symbol="single")
        except SyntaxError:
            return line
        typed = typed if whole is None else []
    return typed[0] if any(map(str.strip, typed)) else ""


@pytest.mark.parametrize("page", [*TUTORIALS, DOCS.parent / "README.md"], ids=lambda page: page.stem)
def test_a_reader_can_type_each_python_block_at_the_prompt(page: Path) -> None:
    """Up to Python 3.12 it wants an empty line between an indented line and one that is not, and none within a body."""
    for code in re.findall(r"^```python[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        assert not untypable(code)


def test_what_the_prompt_refuses_is_found() -> None:
    assert untypable("for i in 1, 2:\n    print(i)\nprint(3)\n") == "print(3)"
    assert untypable("class A:\n    x = 1\n\n    y = 2\n") == "    y = 2" and untypable("print(\n") == "print("
    assert not untypable("for i in 1, 2:\n    print(i)\n\nprint(3)\nx = [\n    1,\n\n    2]\n")


def test_blocks_become_cells(plain_blocks: ModuleType) -> None:
    text = "A\n\n```toml file=a.toml\nx = 1\n```\n\n```bash run\ncat a.toml\n```\n\n```bash\nls\n```\n\n<!-- show b.png -->\n"
    made = plain_blocks.with_cells(text)
    cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```\n", made, re.MULTILINE | re.DOTALL)
    assert [cell.split("\n") for cell in cells] == [
        [":tags: [remove-cell]", "%%writefile a.toml", "x = 1", ""],
        [":tags: [remove-cell]", "import shell_cells", ""],
        [":tags: [remove-input]", "%%shell", "cat a.toml", ""],
        [":tags: [remove-input]", "from IPython.display import Image", "", 'Image("b.png", width=500)', ""]]
    assert "```bash\ncat a.toml\n```\n" in made and "```toml\nx = 1\n```\n" in made and "```bash\nls\n```\n" in made
    assert plain_blocks.with_cells("```bash\nls\n```\n") == "```bash\nls\n```\n"
    assert plain_blocks.with_cells("```python run\n1\n```\n") == "```{code-cell} ipython3\n1\n```\n"
