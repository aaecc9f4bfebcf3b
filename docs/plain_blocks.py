"""Blocks that a reader of the source sees as they are typed, and that the build of the documentation runs as cells.

In a page of the format ``mystnb``: ``bash run`` after the three backticks is a command, ``python run`` Python,
``toml file=NAME`` a file to be written, and the comment ``<!-- show NAME -->`` a picture that a block has drawn.
"""

from __future__ import annotations

import re
from typing import Final

from sphinx.application import Sphinx

_CELL: Final = "```{code-cell} ipython3\n"
_SHELL: Final = f"{_CELL}:tags: [remove-cell]\nimport shell_cells\n```\n\n"
_COMMAND: Final = re.compile(r"^```bash run\n(.*?^```\n)", re.MULTILINE | re.DOTALL)
_BLOCKS: Final = (
    # A command and a file are shown as they are typed, and the cell's input, with its magic word, is not.
    (_COMMAND, rf"```bash\n\1\n{_CELL}:tags: [remove-input]\n%%shell\n\1"),
    (re.compile(r"^```toml file=(\S+)\n(.*?^```\n)", re.MULTILINE | re.DOTALL),
     rf"```toml\n\2\n{_CELL}:tags: [remove-cell]\n%%writefile \1\n\2"),
    (re.compile(r"^```python run\n", re.MULTILINE), _CELL),
    (re.compile(r"^<!-- show (\S+) -->\n", re.MULTILINE),
     rf'{_CELL}:tags: [remove-input]\nfrom IPython.display import Image\n\nImage("\1", width=500)\n```\n'),
)


def make_cells(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn the blocks of a page into cells, before it is parsed."""
    source[0] = with_cells(source[0])


def with_cells(text: str) -> str:
    """The page with cells in place of blocks; one without such blocks as it is."""
    first = _COMMAND.search(text)
    if first is not None:  # what makes %%shell known, before the page's first command
        text = f"{text[: first.start()]}{_SHELL}{text[first.start() :]}"
    for block, cell in _BLOCKS:
        text = block.sub(cell, text)
    return text
