"""A lock that is an object of a store.

It is made by a conditional write: the store refuses a second one (`If-None-Match: *`), and a renewal of what has
changed (`If-Match`). So it holds between machines that share nothing but the store.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from uuid import uuid4

from unpool.core.atomic_files import PARTIAL
from unpool.core.objects.client import Objects, StoreError


class ObjectLock:
    """A lock on an object store.

    Args:
        objects: The workspace.
        name: Of the lock.
    """

    poll_seconds = 1.0  # between two looks at a lock that is held

    def __init__(self, objects: Objects, name: str) -> None:
        self.objects, self.name = objects, name
        self.place = objects.address.uri  # for messages
        self._content, self._tag = b"", ""

    def prepare(self) -> None:
        """A store needs no folders."""

    def create(self, content: str) -> bool:
        """Make the object; False where it is there."""
        tag = self.objects.create(self.name, content.encode())
        if tag is None:
            return False
        self._content, self._tag = content.encode(), tag
        return True

    def read(self) -> str | None:
        """Return what it says, None where it is missing."""
        try:
            content, self._tag = self.objects.read_tagged(self.name)
        except FileNotFoundError:
            return None
        self._content = content
        return content.decode("utf-8", "replace")

    def remove(self) -> None:
        """Delete the object."""
        self.objects.delete(self.name)

    def remove_if(self, is_meant: Callable[[str], bool]) -> None:
        """Delete the object, unless it has become another's meanwhile.

        Nobody else can write it between the two steps: it is there, and its tag is a new one.

        Args:
            is_meant: Whether this is the content to be removed.
        """
        content = self.read()
        if content is None or not is_meant(content):
            return
        # Another content each time: its tag differs for each of two who remove the same lock.
        abandoned = json.dumps({"abandoned": uuid4().hex}).encode()
        if self.objects.replace(self.name, abandoned, self._tag) is not None:
            self.objects.delete(self.name)

    def age(self) -> float:
        """Return the seconds since it was renewed.

        They go by the clock of the store.
        """
        probe = f"{PARTIAL}{uuid4().hex}-clock"
        try:
            self.objects.write(probe, b"")
            now, own = self.objects.find(probe), self.objects.find(self.name)
            self.objects.delete(probe)
        except StoreError:
            return 0.0
        return 0.0 if now is None or own is None else now.modified - own.modified

    def renew(self) -> bool:
        """Show that its holder lives.

        False where it is another's now.
        """
        with contextlib.suppress(StoreError):  # the next time may succeed
            tag = self.objects.replace(self.name, self._content, self._tag)
            if tag is None:
                return self._is_own()
            self._tag = tag
        return True

    def _is_own(self) -> bool:
        """Whether the object is still ours: the answer to a renewal may have been lost, not the renewal itself."""
        before = self._content
        return self.read() is not None and self._content == before
