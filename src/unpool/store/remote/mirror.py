"""Workspaces on object stores, and their small files here.

The table stays on the store, and is read and written there. All else (options, model, report, edits) is small: it is
kept in a folder of this machine too, where every other file of the program finds it. What is newer on the store is
fetched when a command begins, and what a command has changed is sent when its state changes and when it ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from typing_extensions import TypedDict

from unpool.core.atomic_files import PARTIAL, write_json, write_whole
from unpool.core.file_names import MAX_NAME_BYTES, shorten
from unpool.core.markers import WORKSPACE_STATE, WORKSPACE_TABLE
from unpool.core.objects.address import Address, is_address, parse_address, resolve_file_address
from unpool.core.objects.client import ObjectFacts, Objects
from unpool.core.user_cache import cache_folder
from unpool.errors import UnpoolError, UsageError
from unpool.images.isolation.trail import FILE as TRAIL
from unpool.store.spaces.paths import outer_workspace

INDEX, GUARD = ".remote.json", ".remote.lock"  # in the folder on this machine
MIRRORS = "workspaces"  # in the user's cache
LOCAL_FOLDERS = ("exports",)  # which stay on this machine
MAY_BE_BEFORE = ("segmenter", *LOCAL_FOLDERS)  # what may lie there before there is a workspace
NUM_TRANSFERS = 8  # at a time
FORMAT = 1
T = TypeVar("T")

_opened: dict[Path, Remote] = {}
_guard = threading.RLock()


class Entry(TypedDict):
    """A file, when both sides had the same."""

    tag: str  # on the store
    bytes: int
    modified_ns: int  # on this machine


class Index(TypedDict):
    """What `INDEX` holds."""

    format: int
    uri: str
    files: dict[str, Entry]


@dataclass(eq=False)
class Remote:
    """A workspace on an object store.

    `work` is its folder on this machine. `is_lost` says that another command holds the workspace by now, since this
    one gave no sign of life: then nothing is sent any more.
    """

    work: Path
    address: Address
    is_lost: bool = field(default=False)

    @cached_property
    def objects(self) -> Objects:
        """What lies on the store."""
        return Objects(self.address)

    @property
    def table(self) -> str:
        """Where the table lies."""
        return f"{self.address.uri}/{WORKSPACE_TABLE}"

    def has_table(self) -> bool:
        """Whether there is a table on the store."""
        parts = (f"{WORKSPACE_TABLE}/{part}" for part in ("_versions", "data"))
        return any(next(self.objects.list_all(part), None) is not None for part in parts)

    def list_data_files(self) -> set[str]:
        """List the names of the table's data files."""
        folder = f"{WORKSPACE_TABLE}/data"
        return {each.name.removeprefix(f"{folder}/") for each in self.objects.list_all(folder)}

    def pull(self) -> None:
        """Fetch what is newer on the store.

        A file that was changed here and not sent, as by a command that was killed, stays, unless the one on the store
        has changed too.

        Raises:
            UsageError: There is something else than a workspace.
            UnpoolError: The store cannot be reached.
        """
        with self._alone():
            found, files = self._list(), self._read_files()
            newer = [facts for name, facts in found.items() if self._is_newer(files.get(name), facts)]
            with ThreadPoolExecutor(NUM_TRANSFERS) as pool:
                files.update(filter(None, pool.map(self._fetch, newer)))
            for name in files.keys() - found.keys():
                entry = files.pop(name)
                if self._facts_of(name) == (entry["bytes"], entry["modified_ns"]):
                    (self.work / name).unlink()
            self._write_files(files)

    def push(self) -> None:
        """Send what has changed here.

        The state goes last: it refers to the other files.

        Raises:
            UnpoolError: The store cannot be reached, or another command holds the workspace by now.
        """
        self.check_held()
        with self._alone():
            files = self._read_files()
            local = {name: facts for name in self._local_files() if (facts := self._facts_of(name))}
            changed = [name for name, facts in local.items() if _known_facts(files.get(name)) != facts]
            others = [name for name in changed if name != WORKSPACE_STATE]
            state = [name for name in changed if name == WORKSPACE_STATE]
            removed = files.keys() - local.keys()
            if not changed and not removed:
                return
            try:
                for part in (others, state):
                    with ThreadPoolExecutor(NUM_TRANSFERS) as pool:
                        files.update(filter(None, pool.map(self._send, part)))
                for name in removed:
                    self.objects.delete(name)
                    del files[name]
            finally:  # what was sent before an error is known as sent
                self._write_files(files)

    def check_held(self) -> None:
        """Check that no other command holds the workspace by now.

        Raises:
            UnpoolError: One does, since this one gave no sign of life for long.
        """
        if self.is_lost:
            raise UnpoolError(
                f"another command has taken {self.address.uri}, since this one gave no sign of life for long; give the "
                "same command again"
            )

    def _list(self) -> dict[str, ObjectFacts]:
        """The small files on the store, by name; makes an empty folder stand for a table that is there."""
        folders, objects = self.objects.list_level()
        names = {each.name for each in objects if each.name}
        self._check_is_workspace(folders | names)
        place = self.work / WORKSPACE_TABLE
        if WORKSPACE_TABLE in folders:
            place.mkdir(exist_ok=True)
        elif place.is_dir():
            place.rmdir()
        for folder in folders - {WORKSPACE_TABLE, *LOCAL_FOLDERS}:
            objects += self.objects.list_all(folder)
        return {each.name: each for each in objects if each.name and _is_shared(each.name)}

    def _check_is_workspace(self, names: set[str]) -> None:
        if {WORKSPACE_TABLE, WORKSPACE_STATE} & names:
            return
        foreign = sorted(name for name in names if _is_shared(name) and name not in MAY_BE_BEFORE)
        if foreign:
            raise UsageError(
                f"--work {self.address.uri} is no workspace and holds {foreign[0]}; name a new or empty address, or "
                "leave it out"
            )

    def _is_newer(self, known: Entry | None, facts: ObjectFacts) -> bool:
        """Whether a file is fetched; also where it was removed here, as by what tidies caches."""
        is_same = known is not None and _unquoted(known["tag"]) == _tag(facts)
        return not is_same or self._facts_of(facts.name) is None

    def _fetch(self, facts: ObjectFacts) -> tuple[str, Entry] | None:
        """Fetch a file.

        None where another command has removed it since it was listed, or where it stands for a folder: some tools
        write an empty object for one, whose name the store lists without its slash.
        """
        file = self.work / facts.name
        try:
            write_whole(file, lambda part: self.objects.download(facts.name, part))
        except FileNotFoundError:
            return None
        return facts.name, self._entry(facts.name, _tag(facts))

    def _send(self, name: str) -> tuple[str, Entry] | None:
        """Send a file; None where another process has removed it since it was listed."""
        facts = self._facts_of(name)  # before it is read: what changes meanwhile is sent again
        if facts is None:
            return None
        try:
            tag = self.objects.write(name, self.work / name)
        except FileNotFoundError:
            return None
        return name, Entry(tag=_unquoted(tag), bytes=facts[0], modified_ns=facts[1])

    def _entry(self, name: str, tag: str) -> Entry:
        size, modified = self._facts_of(name) or (0, 0)
        return Entry(tag=tag, bytes=size, modified_ns=modified)

    def _facts_of(self, name: str) -> tuple[int, int] | None:
        try:
            status = (self.work / name).stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _local_files(self) -> Iterator[str]:
        for place, folders, names in os.walk(self.work):
            inside = Path(place).relative_to(self.work).as_posix()
            if inside == ".":
                folders[:] = [name for name in folders if name not in (WORKSPACE_TABLE, *LOCAL_FOLDERS)]
            for name in names:
                path = name if inside == "." else f"{inside}/{name}"
                if _is_shared(path):
                    yield path

    def _read_files(self) -> dict[str, Entry]:
        return _read_index(self.work)["files"]

    def _write_files(self, files: dict[str, Entry]) -> None:
        write_json(self.work / INDEX, Index(format=FORMAT, uri=self.address.uri, files=files))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder of this machine, so that no other process writes its index."""
        self.work.mkdir(parents=True, exist_ok=True)
        with _guard, (self.work / GUARD).open("a") as stream:
            with contextlib.suppress(ImportError, OSError):  # another system, or a disk without locks
                import fcntl

                fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def open_workspace(typed: str | os.PathLike[str]) -> Path:
    """Return the folder of a workspace, wherever it lies.

    One on an object store gets a folder of the user's cache, with its small files as they are now.

    Args:
        typed: A folder, or an address.

    Returns:
        The folder that stands for it on this machine.

    Raises:
        UsageError: There is something else than a workspace at the address.
        UnpoolError: The store cannot be reached.
    """
    text = resolve_file_address(os.fspath(typed))
    if not is_address(text):
        return Path(text)
    address = parse_address(text)
    if not address.prefix:
        raise UsageError(f"--work {address.uri} is a whole bucket; name a folder in it")
    digest = hashlib.blake2b(address.uri.encode(), digest_size=8).hexdigest()
    work = cache_folder() / MIRRORS / digest / shorten(address.name, MAX_NAME_BYTES)
    remote = Remote(work, address)
    if _read_index(work)["uri"] != address.uri:
        write_json(work / INDEX, Index(format=FORMAT, uri=address.uri, files={}))
    _opened[work] = remote
    remote.pull()
    return work


def remote_of(work: Path) -> Remote | None:
    """Return what a folder stands for.

    None for a workspace that is only here.
    """
    work = outer_workspace(work.absolute())
    if work not in _opened:
        if not (work / INDEX).is_file():
            return None
        _opened[work] = Remote(work, parse_address(_read_index(work)["uri"]))
    return _opened[work]


def push_changes(work: Path) -> None:
    """Send the small files of a workspace on a store."""
    if remote := remote_of(work):
        remote.push()


def check_held(work: Path) -> None:
    """Check that no other command has taken a workspace."""
    if remote := remote_of(work):
        remote.check_held()


def name_of(work: Path) -> str:
    """Return the name of a workspace for people.

    That is its address, where it has one.
    """
    remote = remote_of(work)
    return str(work) if remote is None else remote.address.uri


def with_addresses(text: str) -> str:
    """Replace folders that stand for addresses by these.

    Args:
        text: A message, or JSON.
    """
    for work, remote in _opened.items():
        for shown in {str(work), json.dumps(str(work))[1:-1]}:
            text = text.replace(shown, remote.address.uri)
    return text


@contextlib.contextmanager
def addresses_in_errors() -> Iterator[None]:
    """Let errors name workspaces on a store by their addresses."""
    try:
        yield
    except UnpoolError as error:
        error.args = tuple(with_addresses(each) if isinstance(each, str) else each for each in error.args)
        raise


def name_addresses(kind: type[T]) -> type[T]:
    """Let errors of public methods name workspaces by their addresses."""
    for name, method in list(vars(kind).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(kind, name, addresses_in_errors()(method))
    return kind


def _read_index(work: Path) -> Index:
    try:
        stored: Index = json.loads((work / INDEX).read_text("utf-8"))
    except (OSError, ValueError):
        stored = Index(format=0, uri="", files={})
    is_known = isinstance(stored, dict) and stored.get("format") == FORMAT
    return stored if is_known else Index(format=FORMAT, uri="", files={})


def _known_facts(entry: Entry | None) -> tuple[int, int] | None:
    return None if entry is None else (entry["bytes"], entry["modified_ns"])


def _is_shared(name: str) -> bool:
    """Whether a file lies on the store too.

    Not a lock, what is half written, or what one process alone reads.
    """
    parts = name.split("/")
    is_local = len(parts) == 1 and (name.startswith("lock-") or name == TRAIL)
    return not is_local and not any(part.startswith((PARTIAL, ".remote")) for part in parts)


def _tag(facts: ObjectFacts) -> str:
    return _unquoted(facts.tag) or f"{facts.bytes}-{facts.modified}"


def _unquoted(tag: str | None) -> str:
    """A tag without the quotes that some answers of a store give it, and others do not."""
    return (tag or "").strip('"')
