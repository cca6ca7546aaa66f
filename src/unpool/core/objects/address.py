"""Addresses of object stores, such as `s3://bucket/folder`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from unpool.core.file_names import printable
from unpool.errors import UsageError

SCHEMES = ("s3", "gs", "az")  # Amazon S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage
FILE = "file:"
# A `Path` of an address has one slash only.
_STORE = re.compile(rf"({'|'.join(SCHEMES)}):/{{1,2}}(?!/)(.*)", re.DOTALL)
_ANY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True)
class Address:
    """A folder on an object store.

    `prefix` is its path in the bucket, without slashes around it; empty for the bucket itself.

    >>> Address("s3", "photos", "2026/may").uri
    's3://photos/2026/may'
    """

    scheme: str
    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """The address as it is typed."""
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of the address."""
        return PurePosixPath(self.prefix).name or self.bucket


def is_address(text: str | os.PathLike[str]) -> bool:
    """Whether a text is the address of an object store.

    >>> is_address("s3://bucket/photos"), is_address("photos"), is_address("mnist:train")
    (True, False, False)
    """
    return _STORE.match(os.fspath(text)) is not None


def parse_address(text: str | os.PathLike[str]) -> Address:
    """Read the address of an object store.

    Args:
        text: As `is_address` accepts it.

    Returns:
        The address.

    Raises:
        UsageError: It names no bucket, or leads out of it.

    >>> parse_address("s3://bucket/photos/")
    Address(scheme='s3', bucket='bucket', prefix='photos')
    """
    typed = os.fspath(text)
    found = _STORE.match(typed)
    assert found is not None, typed
    bucket, *parts = found[2].split("/")
    parts = [part for part in parts if part]
    if not bucket or printable(typed) != typed or {".", ".."} & {bucket, *parts}:
        raise UsageError(
            f"{printable(typed)!r} is no address of a folder; give it as {found[1]}://BUCKET/FOLDER"
        )
    return Address(found[1], bucket, "/".join(parts))


def resolve_file_address(text: str) -> str:
    """Turn a `file://` address into a path.

    Any other text stays as it is.

    Args:
        text: What was typed.

    Returns:
        The path, or `text`.

    Raises:
        UsageError: `text` is an address that nothing here can read.

    >>> resolve_file_address("file:///home/me/my%20photos"), resolve_file_address("photos")
    ('/home/me/my photos', 'photos')
    """
    if text.startswith(f"{FILE}//"):
        path = text.removeprefix(f"{FILE}//").removeprefix("localhost")
        if not path.startswith("/"):
            raise UsageError(f"{printable(text)!r} names no file of this machine; give it as file:///FOLDER")
        return path if Path(path).exists() else unquote(path)
    if _ANY.match(text) and not is_address(text) and not Path(text).exists():
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise UsageError(
            f"{printable(text)!r} cannot be read; give a folder, or an address of {known} or file://"
        )
    return text
