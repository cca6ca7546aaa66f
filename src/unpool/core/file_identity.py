"""What shows that a file is still the same.

Size and time alone do not: files that change places, and copies that keep their times, have both. What the system
knows of a file (its number, and when anything about it changed) costs no reading; where that differs, a sample of the
bytes decides.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from pathlib import Path

WHOLE_BYTES = 1 << 17  # up to this size a sample is the whole file
NUM_PARTS, PART_BYTES = 16, 1 << 13  # of a larger one: from its first byte to its last, at even distances
TAG = "tag-"  # begins the stamp of what lies on an object store
COARSEST_SECONDS = (
    2.5  # a file that changed so lately may change again without another time (FAT counts by 2 s)
)


def stamp_of(status: os.stat_result) -> str:
    """Identify a file by its number and change time.

    Returns:
        Both in one word; empty where the file changed so lately that its times prove nothing.
    """
    if time.time() - max(status.st_mtime, status.st_ctime) < COARSEST_SECONDS:
        return ""
    return f"{status.st_ino:x}-{status.st_ctime_ns:x}"


def tag_stamp(tag: str | None) -> str | None:
    """Make the stamp of an object of its tag.

    A store gives the same content the same tag, so that nothing else need be compared.

    >>> tag_stamp('"5d41"'), tag_stamp(None)
    ('tag-5d41', None)
    """
    return None if tag is None else TAG + tag.strip('"')


def is_tag(stamp: str | None) -> bool:
    """Whether a stamp is the tag of an object."""
    return stamp is not None and stamp.startswith(TAG)


def sample_of(file: Path) -> str | None:
    """Digest a sample of a file's bytes, and its size.

    Returns:
        32 hexadecimal digits; None where the file cannot be read.
    """
    try:
        with file.open("rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16)
            if size <= WHOLE_BYTES:
                digest.update(stream.read())
            else:
                for part in range(NUM_PARTS):
                    stream.seek((size - PART_BYTES) * part // (NUM_PARTS - 1))
                    digest.update(stream.read(PART_BYTES))
    except OSError:
        return None
    return digest.hexdigest()


def content_digest(file: Path) -> str | None:
    """Digest all bytes of a file.

    None where it cannot be read.
    """
    try:
        return digest_files(file)
    except OSError:
        return None


def digest_files(*files: Path) -> str:
    """Digest all bytes of some files, each by itself.

    Raises:
        OSError: one cannot be read.
    """
    digests = []
    for file in files:
        with file.open("rb") as stream:
            digests.append(digest_of(stream))
    return "-".join(digests)


def digest_of(stream: io.BytesIO | io.BufferedReader) -> str:
    """Digest all bytes of an open file."""
    stream.seek(0)
    return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
