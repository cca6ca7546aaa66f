"""One command changes a workspace at a time.

`WORK/lock-results.json` says which command computes there, in which process, since when; `WORK/lock-edits.json` who
changes what people say of images. So labels can be given while a check runs, and nothing while images come and go. A
lock is removed at the end; one that a killed process left behind is noticed and replaced: on the same machine at
once, elsewhere when its time has not been renewed for `STALE_SECONDS`. Readers do not look at them.

Of a workspace on an object store the locks lie there too. While one is held, the small files of the workspace are
here, and they are sent back before it is given up.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar
from uuid import uuid4

from typing_extensions import TypedDict

from unpool.core.markers import WORKSPACE_TABLE
from unpool.errors import UnpoolError
from unpool.store.locking.file_lock import FileLock
from unpool.store.locking.object_lock import ObjectLock
from unpool.store.remote.mirror import Remote, remote_of
from unpool.store.spaces.paths import outer_workspace

Area = Literal["results", "edits"]
BOTH: tuple[Area, ...] = ("results", "edits")  # in the order in which everybody takes them
LOCKS = {area: f"lock-{area}.json" for area in BOTH}  # their names
RENEW_SECONDS, STALE_SECONDS = 15.0, 90.0
PATIENCE = 10.0  # seconds that an edit, which is quick itself, waits for another command


class Holder(TypedDict):
    """Who works in a workspace."""

    token: str  # of this one use
    command: str
    process: int
    started: str  # the process, in the system's own count; empty where it cannot be read
    machine: str  # with the boot and the container, for numbers of processes mean nothing elsewhere
    host: str  # its name, for people
    since: str
    brief: bool  # whether it is done in a moment, so that others wait for it; since version 0.2


class WorkingError(UnpoolError):
    """Another command works in the workspace."""


REQUIRED = frozenset(Holder.__annotations__) - {"brief"}
P = ParamSpec("P")
R = TypeVar("R")
_held: dict[Path, tuple[int, str]] = {}  # by lock: the thread that holds it, and the token
_tokens: set[str] = set()  # of this process, those that wait for a lock too
_sessions: dict[tuple[Path, int], int] = {}  # by mirror and thread: how often it is held


def exclusive(
    command: str, *areas: Area, patience: float = 0.0
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a verb that takes its workspace first.

    It holds the workspace while it works, as `working` describes.

    Args:
        command: What works there, for others: `unpool group`.
        areas: What it changes; all where none is given.
        patience: Seconds to wait for another command to end.

    Returns:
        The decorator.
    """

    def decorate(verb: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(verb)
        def hold(*args: P.args, **kwargs: P.kwargs) -> R:
            work = workspace_of(args, kwargs)
            # Nothing is written into a folder that is no workspace.
            if not (outer_workspace(work) / WORKSPACE_TABLE).exists():
                return verb(*args, **kwargs)
            with working(work, command, *areas, patience=patience):
                return verb(*args, **kwargs)

        return hold

    return decorate


def workspace_of(args: Sequence[object], kwargs: Mapping[str, object]) -> Path:
    """Find the workspace among the arguments of a verb."""
    work = args[0] if args else kwargs["work"]
    assert isinstance(work, Path)
    return work


@contextlib.contextmanager
def working(
    work: Path, command: str, *areas: Area, create: bool = False, patience: float = 0.0
) -> Iterator[None]:
    """Hold a workspace while it is changed.

    Inside, the same thread may enter again.

    Args:
        work: The workspace. Where it is missing there is nothing to hold, unless it is to be created.
        command: What works there, for others: `unpool group`.
        areas: What is changed; all where none is given.
        create: Make its folder; it is removed again where nothing was put into it.
        patience: Seconds to wait for another command to end. A command that has some is brief itself, and all others
            wait for it.

    Yields:
        Nothing; the workspace is held.

    Raises:
        WorkingError: Another command works there; it names command, process, host and time.
    """
    work = outer_workspace(work)
    if not (create or work.is_dir()):
        yield
        return
    is_new, remote = not work.exists(), remote_of(work)
    with contextlib.ExitStack() as stack:
        if is_new:
            stack.callback(_remove_if_empty, work)
        for area in areas or BOTH:
            stack.enter_context(_holding(work, command, area, patience))
        if remote is not None:
            stack.enter_context(_in_step(remote))
        yield


@contextlib.contextmanager
def _in_step(remote: Remote) -> Iterator[None]:
    """Bring small files here first, and what has changed back at the end."""
    key = remote.work, threading.get_ident()
    _sessions[key] = _sessions.get(key, 0) + 1
    try:
        if _sessions[key] > 1:
            yield
            return
        remote.is_lost = False
        remote.pull()
        try:
            yield
        except BaseException:
            with contextlib.suppress(UnpoolError):
                remote.push()
            raise
        remote.push()
    finally:
        _sessions[key] -= 1
        if not _sessions[key]:
            del _sessions[key]


@contextlib.contextmanager
def _holding(work: Path, command: str, area: Area, patience: float) -> Iterator[None]:
    lock = _lock_of(work, area)
    key, thread = Path(os.path.realpath(work / LOCKS[area])), threading.get_ident()
    if _held.get(key, (0, ""))[0] == thread:
        yield
        return
    holder = _describe_self(command, is_brief=patience > 0)
    _tokens.add(holder["token"])
    try:
        _acquire(lock, holder, patience)
        _held[key] = thread, holder["token"]
        stop = threading.Event()
        threading.Thread(target=_renew, args=(lock, stop, remote_of(work)), daemon=True).start()
        try:
            yield
        finally:
            stop.set()
            del _held[key]
            _release(lock, holder["token"])
    finally:
        _tokens.discard(holder["token"])


def _lock_of(work: Path, area: Area) -> FileLock | ObjectLock:
    remote = remote_of(work)
    return FileLock(work / LOCKS[area]) if remote is None else ObjectLock(remote.objects, LOCKS[area])


def find_holder(work: Path, area: Area = "results") -> Holder | None:
    """Say who works in a workspace.

    None for nobody, or a killed process.
    """
    lock = _lock_of(outer_workspace(work), area)
    holder = _read(lock)
    return None if holder is None or _is_stale(lock, holder) else holder


def has_lock(work: Path, area: Area = "results") -> bool:
    """Whether there is a lock, of a killed process too."""
    return _lock_of(outer_workspace(work), area).read() is not None


def _remove_if_empty(work: Path) -> None:
    with contextlib.suppress(OSError):  # something is in it
        work.rmdir()


def _acquire(lock: FileLock | ObjectLock, holder: Holder, patience: float) -> None:
    lock.prepare()
    start = time.monotonic()
    while not lock.create(json.dumps(holder)):
        other = _read(lock)
        if other is not None and other["token"] == holder["token"]:  # made, and the answer was lost
            return
        if other is not None and _is_stale(lock, other):
            _remove_stale(lock, other["token"])
        elif other is None and lock.age() > STALE_SECONDS:  # half written
            lock.remove_if(lambda content: _parse(content) is None)
        elif time.monotonic() - start >= (max(patience, PATIENCE) if other and other["brief"] else patience):
            raise WorkingError(_explain(lock, other))
        else:
            time.sleep(lock.poll_seconds)


def _explain(lock: FileLock | ObjectLock, other: Holder | None) -> str:
    if other is None:
        return f"another command works in {lock.place}; wait until it is done and give the same command again"
    who = f"process {other['process']} on {other['host']}, since {other['since']}"
    remedy = "wait until it is done, or stop it, and give the same command again"
    if other["machine"] != _machine():  # whether it lives cannot be seen from here
        who += f", last sign of life {lock.age():.0f} s ago"
        remedy += f"; it counts as killed {STALE_SECONDS:.0f} s after its last sign of life"
    return f"`{other['command']}` works in {lock.place} ({who}); {remedy}"


def _release(lock: FileLock | ObjectLock, token: str) -> None:
    holder = _read(lock)
    if holder is not None and holder["token"] == token:
        lock.remove()


def _remove_stale(lock: FileLock | ObjectLock, token: str) -> None:
    """Remove the lock of a killed process, unless another process did so and works there by now."""

    def is_meant(content: str) -> bool:
        found = _parse(content)
        return found is not None and found["token"] == token

    lock.remove_if(is_meant)


def _read(lock: FileLock | ObjectLock) -> Holder | None:
    content = lock.read()
    return None if content is None else _parse(content)


def _parse(text: str) -> Holder | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict) or not content.keys() >= REQUIRED:
        return None
    holder: Holder = {"brief": False, **content}  # type: ignore[typeddict-item]
    return holder


def _is_stale(lock: FileLock | ObjectLock, holder: Holder) -> bool:
    if holder["machine"] == _machine():
        return not _is_alive(holder)
    return lock.age() > STALE_SECONDS


def _is_alive(holder: Holder) -> bool:
    process = holder["process"]
    if process == os.getpid():
        return holder["token"] in _tokens
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return _started(process) == holder["started"]


def _renew(lock: FileLock | ObjectLock, stop: threading.Event, remote: Remote | None) -> None:
    while not stop.wait(RENEW_SECONDS):
        if not lock.renew() and remote is not None and not stop.is_set():
            remote.is_lost = True
            return


def _describe_self(command: str, *, is_brief: bool = False) -> Holder:
    return Holder(
        token=uuid4().hex, command=command, process=os.getpid(), started=_started(os.getpid()), machine=_machine(),
        host=socket.gethostname(), since=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z"),
        brief=is_brief,
    )  # fmt: skip


def _started(process: int) -> str:
    """When a process began, as Linux counts; empty elsewhere."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _machine() -> str:
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with contextlib.suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))  # noqa: PTH115 - no file of a path
    return " ".join(parts)
