"""Read and write objects; all errors are of one kind.

A request that fails for a passing reason is repeated a few times; how often is counted.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from unpool.core.objects.address import Address
from unpool.core.objects.credentials import (
    SILENT_SECONDS,
    client_settings,
    credentials_hint,
    store_settings,
)
from unpool.errors import UnpoolError

if TYPE_CHECKING:
    from obstore import ObjectMeta, UpdateVersion
    from obstore.store import ObjectStore

NUM_REQUESTS = 16  # at a time: most of the time they wait
MAX_ATTEMPTS = 5
FIRST_WAIT = 0.2  # seconds, twice as long after each attempt
PAGE = 1000  # objects in one answer to a listing
PART_BYTES = 8 << 20  # of a large object that is copied to a file
MAX_REASON = 200  # characters
R = TypeVar("R")


class StoreError(UnpoolError):
    """A store gives no answer, or refuses one."""


class ObjectDeniedError(StoreError):
    """An object may not be read or written."""


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a listing says of an object.

    `name` is its path below the address, `modified` its time in seconds since 1970, `tag` changes with its content.
    """

    name: str
    bytes: int
    modified: float
    tag: str | None


class Objects:
    """The objects below an address.

    `num_repeats` counts the requests that were repeated. May be used from many threads.

    Args:
        address: Where they lie.
        store: The bucket; opened where None.
    """

    def __init__(self, address: Address, store: ObjectStore | None = None) -> None:
        self.address, self.num_repeats = address, 0
        self._store = open_bucket(address, SILENT_SECONDS) if store is None else store
        self._given = store
        self._lock = threading.Lock()

    @cached_property
    def _patient_store(self) -> ObjectStore:
        """The bucket for large writes, during which a store says nothing."""
        return self._given or open_bucket(self.address, None)

    def __reduce__(self) -> tuple[type[Objects], tuple[Address]]:
        """Another process opens the bucket itself."""
        return Objects, (self.address,)

    def list_all(self, folder: str = "") -> Iterator[ObjectFacts]:
        """List all objects of a folder and those inside it."""
        last: str | None = None
        while True:
            pages = self._open_pages(folder, last)
            while True:
                try:
                    page = next(pages, None)
                except Exception:  # a stream that has failed ends: it is opened again, behind what came
                    break
                if page is None:
                    return
                yield from map(self._facts, page)
                last = page[-1]["path"] if page else last

    def _open_pages(self, folder: str, start: str | None) -> Iterator[Sequence[ObjectMeta]]:
        """List in pages; the first one is there, so that a store without an answer has been seen."""
        import obstore

        prefix = self._full(folder) or None

        def open_once() -> Iterator[Sequence[ObjectMeta]]:
            pages = iter(obstore.list(self._store, prefix, offset=start, chunk_size=PAGE))
            first = next(pages, [])
            return itertools.chain([first], pages)

        return self._call(open_once, folder)

    def list_level(self, folder: str = "") -> tuple[set[str], list[ObjectFacts]]:
        """List the folders and objects directly in a folder."""
        import obstore

        prefix = self._full(folder) or None
        found = self._call(lambda: obstore.list_with_delimiter(self._store, prefix), folder)
        names = {path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"]}
        return names, [self._facts(meta) for meta in found["objects"]]

    def find(self, name: str) -> ObjectFacts | None:
        """Ask for one object, None where it is missing."""
        import obstore

        try:
            return self._facts(self._call(lambda: obstore.head(self._store, self._full(name)), name))
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes:
        """Read an object; `FileNotFoundError` where it is missing."""
        import obstore

        return self._call(lambda: bytes(obstore.get(self._store, self._full(name)).bytes()), name)

    def read_tagged(self, name: str) -> tuple[bytes, str]:
        """Read an object and its tag.

        `FileNotFoundError` where it is missing.
        """
        import obstore

        def read() -> tuple[bytes, str]:
            answer = obstore.get(self._store, self._full(name))
            tag = self._tag_of(answer.meta)
            return bytes(answer.bytes()), tag

        return self._call(read, name)

    def read_start(self, name: str, num_bytes: int) -> bytes:
        """Read the first bytes of an object that has some."""
        import obstore

        def read() -> bytes:
            return bytes(obstore.get_range(self._store, self._full(name), start=0, end=num_bytes))

        return self._call(read, name)

    def download(self, name: str, file: Path) -> None:
        """Copy an object to a file, in parts."""
        import obstore

        full = self._full(name)
        size = self._call(lambda: obstore.head(self._store, full)["size"], name)
        with file.open("wb") as stream:  # outside of what is repeated: a full disk is no fault of the store
            for start in range(0, size, PART_BYTES):
                end = min(start + PART_BYTES, size)
                read = partial(obstore.get_range, self._store, full, start=start, end=end)
                stream.write(bytes(self._call(read, name)))

    def write(self, name: str, content: bytes | Path) -> str | None:
        """Write an object; returns its tag."""
        import obstore

        store = self._store if isinstance(content, bytes) else self._patient_store
        return self._call(lambda: obstore.put(store, self._full(name), content)["e_tag"], name)

    def create(self, name: str, content: bytes) -> str | None:
        """Write an object that must not be there.

        Returns:
            Its tag; None where it is there.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            put = self._call(lambda: obstore.put(self._store, self._full(name), content, mode="create"), name)
        except (AlreadyExistsError, PreconditionError):
            return None
        return self._tag_of(put)

    def replace(self, name: str, content: bytes, tag: str) -> str | None:
        """Write an object that must not have changed.

        Args:
            name: The object.
            content: Its new content.
            tag: What it had when it was read.

        Returns:
            Its new tag; None where it has changed or is gone.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        full = self._full(name)
        mode: UpdateVersion = {"version": tag} if self._has_generations else {"e_tag": tag}
        try:
            return self._tag_of(self._call(lambda: obstore.put(self._store, full, content, mode=mode), name))
        except (AlreadyExistsError, PreconditionError, FileNotFoundError):
            return None

    def delete(self, name: str) -> None:
        """Delete an object; one that is missing is no error."""
        import obstore

        try:
            self._call(lambda: obstore.delete(self._store, self._full(name)), name)
        except FileNotFoundError:
            return

    @property
    def _has_generations(self) -> bool:
        """Whether a conditional write names a generation of an object: Google's store knows no tag there."""
        return self.address.scheme == "gs"

    def _tag_of(self, facts: Mapping[str, Any]) -> str:
        """What a conditional write names."""
        return facts.get("version" if self._has_generations else "e_tag") or ""

    def _full(self, name: str) -> str:
        return "/".join(part for part in (self.address.prefix, name) if part)

    def _facts(self, meta: ObjectMeta) -> ObjectFacts:
        name = meta["path"].removeprefix(self.address.prefix).lstrip("/")
        return ObjectFacts(name, meta["size"], meta["last_modified"].timestamp(), meta["e_tag"])

    def _call(self, request: Callable[[], R], name: str) -> R:
        from obstore import exceptions

        final = (exceptions.AlreadyExistsError, exceptions.PreconditionError, exceptions.NotModifiedError)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return request()
            except (FileNotFoundError, *final) as error:
                if _lacks_bucket(str(error)):
                    raise self._explain(error, name) from error
                raise
            except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
                raise ObjectDeniedError(self._denied(name)) from error
            except (exceptions.BaseError, OSError) as error:
                if attempt == MAX_ATTEMPTS or not _may_pass(error):
                    raise self._explain(error, name) from error
            with self._lock:
                self.num_repeats += 1
            time.sleep(FIRST_WAIT * 2 ** (attempt - 1))
        raise AssertionError

    def _denied(self, name: str) -> str:
        place = f"{self.address.uri}/{name}".rstrip("/")
        return f"{place} may not be read or written with these credentials; {credentials_hint(self.address)}"

    def _explain(self, error: Exception, name: str) -> StoreError:
        place, text = f"{self.address.uri}/{name}".rstrip("/"), str(error)
        if _lacks_bucket(text):
            return StoreError(f"there is no bucket {self.address.bucket!r} for {place}; check the address")
        if name_of_object := _find_odd_name(text):
            return StoreError(
                f"{self.address.uri} holds an object of the name {name_of_object!r}, which no path can have; rename it"
            )
        if _lacks_credentials(text):
            return StoreError(f"no credentials were found for {place}; {credentials_hint(self.address)}")
        return StoreError(
            f"{place} cannot be reached ({_reason(text)}); check the address and the network, and give the same "
            "command again"
        )


def open_bucket(address: Address, silent_seconds: int | None) -> ObjectStore:
    """Open the bucket of an address.

    Nothing is requested yet.

    Args:
        address: In the bucket.
        silent_seconds: A request fails after so long without a byte of an answer.

    Returns:
        The bucket.

    Raises:
        StoreError: The library is missing, or a setting is wrong.
    """
    try:
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError as error:
        raise StoreError(f"{address.uri} needs a library: pip install obstore") from error
    # Repeated here, where it is counted.
    client = client_settings(address) | (
        {} if silent_seconds is None else {"read_timeout": f"{silent_seconds}s"}
    )
    common = {"client_options": client, "retry_config": {"max_retries": 0}}
    kinds: dict[str, Callable[..., ObjectStore]] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
    try:
        return kinds[address.scheme](address.bucket, config=store_settings(address), **common)
    except Exception as error:
        raise StoreError(
            f"{address.uri} cannot be opened ({_reason(str(error))}); {credentials_hint(address)}"
        ) from error


def _may_pass(error: Exception) -> bool:
    """Whether a repeated request may succeed: not after an answer of 400 to 499, save those that ask to wait."""
    text = str(error)
    if _lacks_credentials(text) or _find_odd_name(text):
        return False
    status = re.search(r"status(?: code)?:? (\d{3})|with status (\d{3})", text)
    code = int(status[1] or status[2]) if status else 500
    return code >= 500 or code in (408, 409, 429)


def _find_odd_name(text: str) -> str:
    """The name of an object that the library cannot list: with `//`, `/./` or control characters; else nothing."""
    found = re.search(r'invalid path: .*?Path "(.*?)"[: ]', text, re.DOTALL)
    return found[1] if found else ""


def _lacks_bucket(text: str) -> bool:
    return "NoSuchBucket" in text or "ContainerNotFound" in text


def _lacks_credentials(text: str) -> bool:
    return "169.254.169.254" in text or "metadata.google.internal" in text or "credentials" in text.lower()


def _reason(text: str) -> str:
    """The first line of a library's error, without what people do not need."""
    line = " ".join(text.split("Debug source")[0].split())
    line = re.sub(r"^Generic \w+ error: ", "", line)
    line = re.sub(r" in [\d.]+[nµm]?s\b", "", line)
    return line[:MAX_REASON].strip()
