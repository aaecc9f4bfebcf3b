"""The one way to write: a draft beside the target, synced, renamed, and the folder synced.

So a name never stands for a part of what it should, whenever the process dies. What a killed process leaves is a hidden draft
`.NAME.draft-NUMBER`; that of a folder says by a list of its own what was written, and the next writer removes it. It tries a
few numbers for that, and does not look through the folder around it: that of a sweep's runs may hold 10^5 of them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from theory_sim.errors import StoreError
from theory_sim.storage.disk import need_not_be_written
from theory_sim.storage.failpoints import failpoint
from theory_sim.storage.folders import make_folder
from theory_sim.storage.listing import Listing
from theory_sim.storage.removal import remove_file, remove_folder, remove_listed, require_no_strangers
from theory_sim.storage.syncing import sync_folder, sync_tree

__all__ = ["FolderDraft", "clear_draft", "clear_drafts", "discard", "find_drafts", "is_draft", "require_replaceable_file",
           "write_file", "write_files", "write_text"]

_PIECE: Final = 2**20
_WRITTEN: Final = "written.json"
_WRITTEN_IN_PART: Final = re.compile(rf"\.{re.escape(_WRITTEN)}\.draft-[0-9a-f]{{16}}")
_LOCK: Final = "lock"
_NEW: Final = "new"
_OLD: Final = "old"
# Writers of one folder at a time, living or dead.
_MOST_DRAFTS: Final = 8


class _Faulty:
    """A file whose writes pass the fault hook, so that a test can stop in the middle of one."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _PIECE):
            failpoint(f"write {self._name}")
            self._file.write(view[start : start + _PIECE])
        return len(view)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def write_file(path: Path, content: Callable[[Any], None], *, fix: str = "make room, or choose another place") -> None:
    """Write a file whole or not at all; a regular one that has the name is replaced. What is there already may stay, read-only.

    Parameters
    ----------
    path : Path
    content : callable
        Called with a file to write bytes to.
    fix : str
        What helps if the file cannot be written.

    Raises
    ------
    StoreError
        If it cannot be written, or what has the name is not a regular file: a device, a pipe, a link or a folder.
    """
    require_replaceable_file(path)
    if need_not_be_written(path, content):
        return
    draft = path.with_name(f"{_prefix(path)}{secrets.token_hex(8)}")
    made = False
    try:
        with open(draft, "xb") as file:
            made = True
            content(_Faulty(file, path.name))
            file.flush()
            failpoint(f"sync {path.name}")
            os.fsync(file.fileno())
        failpoint(f"rename {path.name}")
        require_replaceable_file(path)
        os.replace(draft, path)
        made = False
        failpoint(f"renamed {path.name}")
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}", "a folder that can be written to, on a disk with room",
                         fix) from error
    finally:
        if made:
            remove_file(draft)


def require_replaceable_file(path: Path) -> None:
    """Raise StoreError if what has a name is not a regular file: a rename would put a file in its place.

    A symbolic link is refused too, wherever it points: the file that it names would stay as it was.
    """
    try:
        mode = os.lstat(path).st_mode
    except OSError:  # nothing is there, or nobody can tell: writing then says why
        return
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path} is {_kind_of(mode)}", "the name of a new file, or of a regular file to be replaced",
                         "name the file that it points to, or another" if stat.S_ISLNK(mode) else "choose another name")


def _kind_of(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
             stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "not a regular file")


def write_text(path: Path, text: str, *, fix: str = "make room, or choose another place") -> None:
    """Write a text whole or not at all; as `write_file`. Bytes of a path that are no text are spelled, such as \\udcff."""
    write_file(path, lambda file: file.write(text.encode(errors="backslashreplace")), fix=fix)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files by their names into a new folder of a draft's, at most one folder deep; the draft syncs them."""
    folder.mkdir(parents=True)
    for inner in dict.fromkeys(name.rpartition("/")[0] for name in files):
        if inner:
            (folder / inner).mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


class FolderDraft:
    """A folder in the making beside its target, whole and synced before it takes the target's name.

    The draft holds a list of what is written, ``new``, and, while another folder gives way, ``old``. A lock of the kernel says
    whether its writer lives.

    Parameters
    ----------
    target : Path
        Name that the folder gets.
    listing : Listing
        What will be written into it.
    fix : str
        What helps if it cannot be written.

    Raises
    ------
    StoreError
        On entering, and instead of any OSError inside, if it cannot be written.

    Attributes
    ----------
    new : Path
        Folder to write into; not there yet, so that the writer makes it.
    """

    def __init__(self, target: Path, listing: Listing, *, fix: str = "choose another output folder") -> None:
        self.target, self._listing, self._fix = target, listing, fix
        self._lock: Any = None
        self._take(target, 0)

    def _take(self, target: Path, number: int) -> None:
        self.folder = _draft(target, number)
        self.new = self.folder / _NEW

    def _make(self) -> None:
        """Make the draft's folder, locked, by the first number that nobody has."""
        from filelock import FileLock

        for number in range(_MOST_DRAFTS):
            self._take(self.target, number)
            try:
                self.folder.mkdir()
            except FileExistsError:
                continue
            lock = FileLock(self.folder / _LOCK)
            try:
                lock.acquire()
            except FileNotFoundError:  # taken for a dead writer's before it was locked
                continue
            self._lock = lock
            return
        raise StoreError(f"{self.folder.parent} holds {_MOST_DRAFTS} drafts of {self.target.name}",
                         "few processes that write it at a time",
                         f"wait for those that do, and remove what they left: {self.folder.name} and the others like it")

    def __enter__(self) -> Self:
        clear_drafts(self.target)
        try:
            make_folder(self.target.parent)
            self._make()
            self._write_list(Listing(), put_back=False)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        if error is not None and (told := self._in_its_name(error)) is not error:
            raise told from error

    def _leave(self) -> None:
        if self._lock is not None:
            try:
                # With the lock still held: on a full disk it might not be had again.
                with suppress(OSError, StoreError):
                    _clear_locked(self.folder, self.target)
            finally:  # Ctrl-C too
                self._lock.release()
                self._lock = None
        if self.folder.exists():
            clear_draft(self.folder, self.target)

    def _in_its_name(self, error: BaseException) -> BaseException:
        """An error of the disk, told of the target: nobody but this class knows the draft by its name."""
        cause = error.__cause__ if isinstance(error, StoreError) and str(self.folder) in str(error) else error
        return self._unwritable(cause) if isinstance(cause, OSError) else error

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(f"{self.target}: {error.strerror or error}", "a folder that can be written to, on a disk with room",
                          self._fix)

    def _write_list(self, old: Listing, *, put_back: bool) -> None:
        told = {_NEW: self._listing.entries(), _OLD: old.entries(), "digests": dict(old.digests), "put_back": put_back}
        write_text(self.folder / _WRITTEN, json.dumps(told))

    def _take_free_name(self) -> None:
        try:
            self.new.rename(self.target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise StoreError(f"{self.target} was made by another process in the meantime", "one process makes a folder",
                             "give the same command again: it continues what is there, or says what it is") from error

    def commit(self, old: Listing | None = None, *, of: str = "a folder") -> None:
        """Have the folder take its name.

        Parameters
        ----------
        old : Listing, optional
            What the program wrote into the folder that has the name now and gives way; without it, none may have it.
        of : str
            What that folder is, for a message.

        Raises
        ------
        StoreError
            If something else is in that folder: it stays as it is.
        """
        failpoint(f"sync {of}")
        sync_tree(self.new)
        if old is None:
            failpoint(f"rename {of}")
            self._take_free_name()
        else:
            require_no_strangers(self.target, old, of=of)
            self._write_list(old, put_back=True)
            failpoint(f"rename {of}")
            self.target.rename(self.folder / _OLD)
            try:
                failpoint(f"rename {of} over another")
                self.new.rename(self.target)
            except OSError:
                (self.folder / _OLD).rename(self.target)
                raise
        sync_folder(self.target.parent)
        failpoint(f"renamed {of}")


def discard(folder: Path, listing: Listing, *, of: str) -> None:
    """Remove a folder of the program's so that no part of it ever stands under its name.

    Raises
    ------
    StoreError
        If something else is in it: nothing is removed.
    """
    require_no_strangers(folder, listing, of=of)
    with FolderDraft(folder, Listing()) as draft:
        draft._write_list(listing, put_back=False)
        folder.rename(draft.folder / _OLD)
        sync_folder(folder.parent)
        failpoint("remove folder")


def _prefix(path: Path) -> str:
    name = path.name if len(os.fsencode(path.name)) <= 200 else hashlib.sha256(os.fsencode(path.name)).hexdigest()
    return f".{name}.draft-"


def find_drafts(target: Path) -> list[Path]:
    """Folders beside a target that are drafts of it, by their names and what is in them; looks at every name there."""
    name = re.compile(re.escape(_prefix(target)) + "[0-9a-f]{16}")
    try:
        with os.scandir(target.parent) as found:
            return sorted(Path(entry.path) for entry in found if name.fullmatch(entry.name) and is_draft(Path(entry.path)))
    except OSError:
        return []


def clear_drafts(target: Path) -> list[Path]:
    """Remove what dead writers left of a folder; one that had given way, and has no successor, gets its name back.

    Returns
    -------
    list of Path
        What was removed. A draft with anything in it that is not in its own list stays.
    """
    drafts = (_draft(target, number) for number in range(_MOST_DRAFTS))
    return [draft for draft in drafts if is_draft(draft) and clear_draft(draft, target)]


def is_draft(folder: Path) -> bool:
    """Whether a folder of a draft's name is one, by what is in it."""
    try:
        return not folder.is_symlink() and folder.is_dir() and (
            (folder / _WRITTEN).is_file() or all(_is_of_any_draft(name) for name in os.listdir(folder)))
    except OSError:
        return False


def _is_of_any_draft(name: str) -> bool:
    """Whether a draft's folder has a file of this name before it has its list: the lock, or the list half written."""
    return name == _LOCK or _WRITTEN_IN_PART.fullmatch(name) is not None


def clear_draft(draft: Path, target: Path) -> bool:
    """Remove a draft whose writer is dead, as `clear_drafts` does; whether it is gone."""
    from filelock import FileLock, Timeout

    lock = FileLock(draft / _LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    except OSError:  # a full disk may have a folder and no lock
        with suppress(OSError):  # an empty one: its writer, if alive, takes the next number
            draft.rmdir()
        return not draft.exists()
    try:
        return _clear_locked(draft, target)
    except (OSError, StoreError):
        return False
    finally:
        lock.release()


def _draft(target: Path, number: int) -> Path:
    return target.with_name(f"{_prefix(target)}{number:016x}")


def _clear_locked(draft: Path, target: Path) -> bool:
    """Remove a draft by its list, which goes last; whether it is gone."""
    try:
        told = json.loads((draft / _WRITTEN).read_text(encoding="utf-8"))
        new, old, put_back = Listing.of(told[_NEW]), Listing.of(told[_OLD], told["digests"]), bool(told["put_back"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        new, old, put_back = Listing(), Listing(), False
    if put_back and (draft / _OLD).is_dir() and not os.path.lexists(target):
        (draft / _OLD).rename(target)
    for name, listing in ((_NEW, new), (_OLD, old)):
        if os.path.lexists(draft / name):
            remove_folder(draft / name, listing.with_half_written(draft / name), of="a draft")
    own = {_WRITTEN, *filter(_is_of_any_draft, os.listdir(draft))}
    with suppress(OSError):
        require_no_strangers(draft, Listing(frozenset(own)), of="a draft")
        remove_listed(draft, Listing(frozenset(own)))
    return not draft.exists()
