"""Images by the name of their source."""

from __future__ import annotations

import os
from pathlib import Path

from theory_sim.reading.arguments import accepts
from theory_sim.vision.images import ImageSet
from theory_sim.vision.sources.base import SOURCES

__all__ = ["load_images"]


@accepts(source="a text", path="a path")
def load_images(source: str, path: str | os.PathLike[str] | None = None) -> ImageSet:
    """Read a data set of labelled images.

    Parameters
    ----------
    source : str
        Form of the data: ``fashion-mnist``, ``cifar-10``, ``cifar-10-binary``, ``folder``, ``npz`` or ``generated``.
    path : path, optional
        File or folder; ``fashion-mnist`` is found where Debian's package has it, ``generated`` has none.

    Returns
    -------
    ImageSet
        Training images, and test images where the source has some.

    Raises
    ------
    InputError
        If the data are missing, which says where to get them, or damaged.

    Examples
    --------
    >>> from theory_sim.vision import load_images
    >>> load_images("generated").train.pixels.shape
    (600, 12, 12, 3)
    """
    return SOURCES[source].read(None if path is None else Path(path))
