"""What files that hold images have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from unpool.core.file_identity import stamp_of
from unpool.core.user_cache import kept_folder
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.scan import Problem

PART_BYTES = 1 << 20  # of a member, in memory at a time
MAX_MEMBER_BYTES = 2 << 30  # a picture of 300 megapixels and 16 bits has less
MAX_RATIO = 200  # that a picture is packed by; one of a single colour may be smaller yet
SMALL_BYTES = 64 << 20  # which may be packed by any ratio
INDEX_FORMAT = 2  # of the kept indexes
INDEX_FILE = "index.json"
Count = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside another.

    `name` is its path there, `tag` changes with its content, `place` is where its bytes begin, or its row.
    """

    name: str
    bytes: int
    modified: float
    tag: str | None
    place: int


@dataclass
class Index:
    """What a container holds.

    `outside` counts the members whose names would lead out of it, `links` are members that are only links.
    """

    members: list[Member] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    outside: int = 0
    links: list[str] = field(default_factory=list)


class Container(ABC):
    """A file that holds others.

    May be used from many threads, and sent to another process.

    Args:
        file: Where it lies.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def __getstate__(self) -> dict[str, object]:
        """Leave out what another process reads itself."""
        return {"file": self.file}

    @abstractmethod
    def build_index(self, count: Count | None = None) -> Index:
        """List what it holds.

        Raises `UnpoolError` where it cannot be read.
        """

    @abstractmethod
    def parts(self, member: Member) -> Iterator[bytes]:
        """Read a member in parts.

        Raises `UnreadableImageError` where it is damaged.
        """

    @cached_property
    def index(self) -> Index:
        """What it holds."""
        return self.build_index()

    def load(self, count: Count | None = None) -> None:
        """List what it holds, unless that is known.

        `count` is called now and then with the number so far.
        """
        if "index" not in self.__dict__:
            self.__dict__["index"] = self.build_index(count)

    def read_start(self, member: Member, num_bytes: int) -> bytes:
        """Read the first bytes of a member."""
        content = bytearray()
        for part in self.parts(member):
            content += part
            if len(content) >= num_bytes:
                break
        return bytes(content[:num_bytes])

    def read_all(self, member: Member) -> bytes:
        """Read a member; raises as `write_copy` does."""
        _check_size(member)
        return b"".join(self.parts(member))

    def write_copy(self, member: Member, copy: Path) -> None:
        """Write a member to a file.

        Never more is written than it is said to hold.

        Raises:
            UnreadableImageError: It is too large, damaged or locked.
        """
        _check_size(member)
        with copy.open("wb") as stream:
            for part in self.parts(member):
                stream.write(part)


def _check_size(member: Member) -> None:
    if member.bytes > MAX_MEMBER_BYTES:
        limit = f"{MAX_MEMBER_BYTES >> 30} GiB"
        raise UnreadableImageError("too-large", f"it has {member.bytes:,} bytes, above the limit of {limit}")


def keep_index(file: Path, build: Callable[[], Index]) -> Index:
    """Return the index of a file.

    It is built once for each state of the file.

    Args:
        file: The container.
        build: Reads it from its beginning to its end.

    Returns:
        The index.
    """
    status = file.stat()
    stamp = stamp_of(status)
    if not stamp:  # it has just been written, and may change without another time
        return build()
    state = (INDEX_FORMAT, str(file.resolve()), status.st_size, status.st_mtime_ns, stamp)
    digest = blake2b(repr(state).encode(), digest_size=16).hexdigest()
    built: list[Index] = []

    def fill(folder: Path) -> None:
        built.append(build())
        (folder / INDEX_FILE).write_text(json.dumps(asdict(built[0])), "utf-8")

    folder = kept_folder(f"index-{digest}", fill)
    if built:
        return built[0]
    stored = json.loads((folder / INDEX_FILE).read_text("utf-8"))
    members = [Member(**each) for each in stored["members"]]
    return Index(
        **stored | {"members": members, "problems": [Problem(**each) for each in stored["problems"]]}
    )


def content_tag(parts: Iterable[bytes]) -> str:
    """Make the tag of a content."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def cannot_be_read(file: Path, reason: object) -> UnpoolError:
    """Say that a container cannot be read."""
    return UnpoolError(f"{file} cannot be read ({reason}); fetch or pack it again")
