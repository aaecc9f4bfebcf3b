"""Zarr stores: what may be in one is decided from its metadata before Zarr opens anything.

A codec named in a file runs when a chunk is read; one of them, pickle, runs whatever the file says. So only plain numbers and
text, compressed by decoders of bytes, are opened; all else is refused, by name.
"""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing.synchronize  # noqa: F401 -- numcodecs imports it at its first use, which is in a thread of Zarr's
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import size_in_words
from theory_sim.storage.arrays import read_json
from theory_sim.storage.listing import Listing, digest_file, strangers, walk
from theory_sim.storage.writing import write_files

if TYPE_CHECKING:
    import xarray

__all__ = ["digests", "held_against_digests", "listing_by_digests", "open_zarr", "require_plain", "write_zarr", "zarr_listing"]

_ROOT: Final = (".zgroup", ".zattrs", ".zmetadata")
# Booleans, whole and floating-point numbers, bytes and text of fixed length: no objects, no structures.
_TYPE: Final = re.compile(r"[<>|](b1|[iu][1248]|f[248]|S\d{1,6}|U\d{1,6})")
_COMPRESSORS: Final[Mapping[str, Mapping[str, type]]] = {
    "blosc": {"cname": str, "clevel": int, "shuffle": int, "blocksize": int, "typesize": int},
    "zstd": {"level": int, "checksum": bool},
}
_ARRAY_KEYS: Final = frozenset(
    ("zarr_format", "shape", "chunks", "dtype", "fill_value", "filters", "compressor", "order", "dimension_separator")
)
_MOST_DIMENSIONS: Final = 32
# Seconds to wait for the other chunks' writes after one has failed.
_LONGEST_WRITE: Final = 10.0
# Bytes of a dataset that is made a store in memory first.
_SMALL: Final = 2**22
# And of an array that Zarr leaves in one chunk.
_SHORT: Final = 2**16
_METADATA_FILES: Final = (".zgroup", ".zattrs", ".zarray")
_CHUNK: Final = re.compile(r"\d+(\.\d+)*")
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_BLOSC_HEAD: Final = 16
_LONGEST_HEAD: Final = 18


def zarr_listing(names: Iterable[str], *, prefix: str = "", more: Iterable[str] = ()) -> Listing:
    """What a store of some arrays is made of, below a prefix; ``more`` are files beside it."""
    return Listing(frozenset([*(f"{prefix}{name}" for name in _ROOT), *more]), frozenset(f"{prefix}{name}" for name in names))


def listing_by_digests(folder: Path, manifest: str, *, prefix: str = "", more: Iterable[str] = ()) -> Listing:
    """What a folder's manifest of digests lists, if that is a Zarr store below a prefix, with some files beside it.

    The names alone prove nothing: files that have other digests than these are not the program's.

    Raises
    ------
    OSError, ValueError
        If manifest or store cannot be read, or the manifest lists a file that is no part of such a store.
    """
    told = read_json(folder / manifest)
    if not isinstance(told, dict) or not all(isinstance(digest, str) for digest in told.values()):
        raise ValueError(f"{manifest} is no list of digests")
    store = zarr_listing(_arrays(read_json(folder / prefix / ".zmetadata")), prefix=prefix, more=more)
    for name in told:
        if not store.has_file(name):
            raise ValueError(f"{manifest} lists {name!r}, which is no part of it")
    return Listing(frozenset([*told, manifest]), digests=told)


def digests(folder: Path, *, without: str) -> dict[str, str]:
    """SHA-256 of each file below a folder but one: Zarr itself takes a missing chunk for one filled with NaN.

    Raises
    ------
    ValueError
        If something in it is neither a file nor a folder: a link would lead out of it.
    """
    found = {}
    for name, path, kind in walk(folder):
        if kind == "other":
            raise ValueError(f"{name} is neither a file nor a folder")
        if kind == "file" and name != without:
            found[name] = digest_file(path)
    return dict(sorted(found.items()))


def held_against_digests(folder: Path, manifest: str) -> tuple[str, list[str]]:
    """What in a folder is not as its list of digests says.

    Returns
    -------
    str
        In words, by the first file that is changed or missing; empty if none is.
    list of str
        Files that the list does not name.

    Raises
    ------
    OSError, ValueError
        If the list cannot be read.
    """
    told = read_json(folder / manifest)
    if not isinstance(told, dict) or not told or not all(isinstance(digest, str) for digest in told.values()):
        raise ValueError(f"{manifest} is no list of digests")
    found = digests(folder, without=manifest)
    lacking = [name for name in told if name not in found]
    changed = [name for name in told if name in found and found[name] != told[name]]
    strange = [name for name in found if name not in told]
    if not lacking and not changed:
        return "", strange
    more = len(lacking) + len(changed) - 1
    first = f"{changed[0]} is not as it was written" if changed else f"{lacking[0]} is missing"
    return f"{first}{f', nor are {more} more of its files' if more else ''}", strange


def open_zarr(path: Path, *, more: Iterable[str] = ()) -> xarray.Dataset:
    """Dataset of a store, wholly in memory; ``more`` are files of the program's own in it.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or holds what `require_plain` refuses.
    """
    import xarray

    require_plain(path, more=more)
    dataset: xarray.Dataset = xarray.open_zarr(path, chunks=None, zarr_format=2, consolidated=True).load()
    return dataset


def write_zarr(dataset: xarray.Dataset, path: Path) -> None:
    """Write a dataset to a store that is not there yet; after an error other chunks' writes are waited for, up to 10 s.

    A small dataset is made a store in memory in one go, and its files are written from there: the same ones, to the byte.
    """
    small: dict[str, bytes] | None = None
    if dataset.nbytes <= _SMALL and not any(each.encoding or each.dtype.kind == "O" for each in dataset.variables.values()):
        # Parts of xarray and Zarr that another version may call otherwise; the slow way is in their public words.
        with suppress(ImportError, AttributeError, TypeError):
            small = _small_store(dataset)
    if small is not None:
        write_files(small, path)
        return
    # Zarr's format 3 has neither a settled form of text labels nor of consolidated metadata; format 2 has both.
    try:
        dataset.to_zarr(path, mode="w-", zarr_format=2, consolidated=True)
    except BaseException:
        _wait_for_writes()
        raise


def _small_store(dataset: xarray.Dataset) -> dict[str, bytes]:
    """Files of a dataset's store by their names, as `xarray.Dataset.to_zarr` makes them.

    That waits some fifteen times for each array, and most of its time goes there: a short array's files are made here.
    """
    from xarray.backends import zarr as backend
    from xarray.conventions import encode_dataset_coordinates

    found, attributes = encode_dataset_coordinates(dataset)
    encode: Any = backend.encode_zarr_attr_value  # which is not annotated
    files = {".zgroup": _as_json({"zarr_format": 2}),
             ".zattrs": _as_json({str(key): encode(value) for key, value in attributes.items()})}
    long: dict[str, Any] = {}
    for name, variable in ((str(name), backend.encode_zarr_variable(variable, name=name)) for name, variable in found.items()):
        told = {str(key): encode(value) for key, value in variable.attrs.items()}
        fill = told.pop("_FillValue", None)
        told["_ARRAY_DIMENSIONS"] = [str(dim) for dim in variable.dims]
        if variable.nbytes <= _SHORT and (fill is None or fill != fill):
            made = _short_array(np.asarray(variable.values, order="C"), told, fill is not None)
            files |= {f"{name}/{last}": content for last, content in made.items()}
        else:
            long[name] = variable.values, told, fill
    files |= _long_arrays(long)
    metadata = {name: json.loads(content) for name, content in files.items() if name.rpartition("/")[2] in _METADATA_FILES}
    return {**files, ".zmetadata": _as_json({"metadata": metadata, "zarr_consolidated_format": 1})}


def _as_json(content: Mapping[str, Any]) -> bytes:
    import zarr

    return json.dumps(content, indent=zarr.config.get("json_indent")).encode()


def _short_array(values: Array, attributes: Mapping[str, Any], filled_with_nan: bool) -> dict[str, bytes]:
    """Files of an array of one chunk, which Zarr leaves out where every value is that of an empty one."""
    from zarr.core.buffer import default_buffer_prototype

    told, empty, compressor = _described(values.dtype, values.ndim, filled_with_nan)
    sizes = {"shape": list(values.shape), "chunks": [max(1, size) for size in values.shape]}
    files = {".zarray": _as_json({**told, **sizes}), ".zattrs": _as_json(attributes)}
    if values.size and not default_buffer_prototype().nd_buffer.from_numpy_array(values).all_equal(empty):
        files[".".join("0" * values.ndim) or "0"] = bytes(compressor.encode(values))
    return files


@lru_cache(maxsize=128)
def _described(dtype: np.dtype[Any], dimensions: int, filled_with_nan: bool) -> tuple[dict[str, Any], Any, Any]:
    """Metadata as Zarr writes it of an array of one element, the value of an empty one, and what compresses its chunk.

    Raises
    ------
    TypeError
        If Zarr does more with a chunk than to compress it.
    """
    import zarr
    from zarr.core.sync import sync

    fill = math.nan if filled_with_nan else None
    made = sync(zarr.AsyncGroup.from_store(zarr.storage.MemoryStore(), zarr_format=2))
    array = sync(made.create_array("a", shape=(1,) * dimensions, dtype=dtype, fill_value=fill))
    metadata: Any = array.metadata
    if metadata.filters or metadata.order != "C" or metadata.compressor is None:
        raise TypeError(f"{dtype} is filtered, or not compressed")
    empty = metadata.dtype.default_scalar() if metadata.fill_value is None else metadata.fill_value
    return {key: value for key, value in metadata.to_dict().items() if key != "attributes"}, empty, metadata.compressor


def _long_arrays(arrays: Mapping[str, tuple[Array, Mapping[str, Any], Any]]) -> dict[str, bytes]:
    """Files of arrays that Zarr may cut into chunks, with their attributes and fill values: written to memory in one go."""
    if not arrays:
        return {}
    import zarr
    from zarr.core.sync import sync

    files: dict[str, Any] = {}

    async def write(group: zarr.AsyncGroup, name: str, values: Array, attributes: Any, fill: Any) -> None:
        array = await group.create_array(name, shape=values.shape, dtype=values.dtype, fill_value=fill, attributes=attributes)
        await array.setitem(..., values)

    async def write_all() -> None:
        group = await zarr.AsyncGroup.from_store(zarr.storage.MemoryStore(files), zarr_format=2)
        await asyncio.gather(*(write(group, name, *of) for name, of in arrays.items()))

    sync(write_all())
    return {name: content.to_bytes() for name, content in files.items() if "/" in name}


def _wait_for_writes() -> None:
    """Zarr writes chunks side by side, and when one fails does not wait for the others: they would land after the removal."""
    from zarr.core.sync import sync

    async def others() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if tasks:
            await asyncio.wait(tasks, timeout=_LONGEST_WRITE)

    sync(others())


def require_plain(path: Path, *, more: Iterable[str] = ()) -> None:
    """Raise ValueError unless a store holds nothing but plain numbers and text that fit into memory."""
    import psutil

    content = read_json(path / ".zmetadata")
    metadata, listing = _metadata(content), zarr_listing(_arrays(content), more=more)
    found = strangers(path, listing)
    if found:
        raise ValueError(f"{found[0]!r} is no part of such a store")
    total = 0
    for name in listing.arrays:
        total += _bytes_of(name, metadata.get(f"{name}/.zarray"))
        if read_json(path / name / ".zarray") != metadata[f"{name}/.zarray"]:
            raise ValueError(f"{name} is described twice, differently")
        _require_sizes(path / name, metadata[f"{name}/.zarray"])
    if total > psutil.virtual_memory().available:
        raise ValueError(f"it takes {size_in_words(total)} of memory, more than is free")


def _require_sizes(folder: Path, array: Mapping[str, Any]) -> None:
    """Raise ValueError if a chunk says that it is larger than its array's are: its decoder would take that much memory."""
    most = math.prod(array["chunks"]) * _item(array["dtype"])
    for _, path, kind in walk(folder):
        if kind == "file" and _CHUNK.fullmatch(path.name):
            with open(path, "rb") as file:
                head = file.read(_LONGEST_HEAD)
            if (compressor := array.get("compressor")) is not None and _decoded_size(compressor["id"], head) > most:
                raise ValueError(f"{folder.name}/{path.name} says that it is larger than its chunks, of {most} bytes")


def _decoded_size(compressor: str, head: bytes) -> int:
    """Bytes that a chunk takes once it is decoded, as its first bytes say; raises ValueError if they do not."""
    if compressor == "blosc" and len(head) >= _BLOSC_HEAD:
        return int.from_bytes(head[4:8], "little")
    # A frame of Zstandard, RFC 8878, section 3.1.1.
    if compressor == "zstd" and head[:4] == _ZSTD and len(head) > 4:
        size, single, key = head[4] >> 6, head[4] >> 5 & 1, head[4] & 3
        at, length = 5 + (not single) + (0, 1, 2, 4)[key], (single, 2, 4, 8)[size]
        if length and len(head) >= at + length:
            return int.from_bytes(head[at : at + length], "little") + 256 * (size == 1)
    raise ValueError(f"a chunk that does not say how large it is, as {compressor} does")


def _metadata(content: Any) -> dict[str, Any]:
    metadata = content.get("metadata") if isinstance(content, dict) else None
    if not isinstance(metadata, dict):
        raise ValueError(".zmetadata is no metadata of Zarr")
    return metadata


def _arrays(content: Any) -> list[str]:
    names = []
    for key in _metadata(content):
        name, slash, last = key.rpartition("/")
        if last not in (".zarray", ".zattrs", ".zgroup") or (not slash and last == ".zarray"):
            raise ValueError(f"{key!r} in .zmetadata")
        if slash and (not name or "/" in name or "\\" in name or name in (".", "..") or last == ".zgroup"):
            raise ValueError(f"{key!r} in .zmetadata: arrays lie side by side")
        if slash and last == ".zarray":
            names.append(name)
    return names


def _bytes_of(name: str, array: Any) -> int:
    """Size of an array in memory; raises ValueError if it is not plain."""
    if not isinstance(array, dict) or not array.keys() <= _ARRAY_KEYS or array.get("zarr_format") != 2:
        raise ValueError(f"{name} is no array of Zarr's format 2")
    kind, shape, chunks = array.get("dtype"), array.get("shape"), array.get("chunks")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise ValueError(f"{name} has the data type {kind!r}: numbers and text alone are read")
    if array.get("filters"):
        raise ValueError(f"{name} has filters {array['filters']!r}: a store has none")
    _require_compressor(name, array.get("compressor"))
    if not isinstance(array.get("fill_value"), (int, float, str, type(None))) or array.get("order") != "C":
        raise ValueError(f"{name} has fill_value {array.get('fill_value')!r}, order {array.get('order')!r}")
    if array.get("dimension_separator", ".") != ".":
        raise ValueError(f"{name} has dimension_separator {array['dimension_separator']!r}")
    for sizes in (shape, chunks):
        if not isinstance(sizes, list) or len(sizes) > _MOST_DIMENSIONS or any(type(n) is not int or n < 0 for n in sizes):
            raise ValueError(f"{name} has the sizes {sizes!r}")
    assert isinstance(shape, list) and isinstance(chunks, list)
    if len(shape) != len(chunks) or any(c < 1 or (0 < n < c) for n, c in zip(shape, chunks, strict=True)):
        raise ValueError(f"{name} of shape {shape} has chunks {chunks}")
    return math.prod(shape) * _item(kind)


def _item(kind: str) -> int:
    return int(kind[2:]) * (4 if kind[1] == "U" else 1)


def _require_compressor(name: str, compressor: Any) -> None:
    if compressor is None:
        return
    if not isinstance(compressor, dict) or compressor.get("id") not in _COMPRESSORS:
        raise ValueError(f"{name} is compressed by {compressor!r}: {' or '.join(_COMPRESSORS)} alone are read")
    settings = _COMPRESSORS[compressor["id"]]
    for key, value in compressor.items():
        if key != "id" and (key not in settings or not isinstance(value, settings[key])):
            raise ValueError(f"{name} is compressed by {compressor!r}: unknown setting {key!r}")
