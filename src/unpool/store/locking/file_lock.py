"""A lock that is a file.

It is made with its content in one step.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from unpool.core.atomic_files import PARTIAL
from unpool.errors import UnpoolError


class FileLock:
    """A lock in a folder.

    >>> import tempfile
    >>> lock = FileLock(Path(tempfile.mkdtemp()) / "lock.json")
    >>> lock.create("mine"), lock.create("other's"), lock.read()
    (True, False, 'mine')
    """

    poll_seconds = 0.1  # between two looks at a lock that is held

    def __init__(self, file: Path) -> None:
        self.file = file
        self.place = str(file.parent)  # for messages

    def prepare(self) -> None:
        """Make the folder where it is missing."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise UnpoolError(f"{self.file.parent} is a file; name another workspace with --work") from error

    def create(self, content: str) -> bool:
        """Make the file; False where it is there."""
        part = self._beside("lock")
        try:
            part.write_text(content, "utf-8")
            os.link(part, self.file)
        except FileExistsError:
            return False
        except OSError:
            return self._create_without_links(content)
        finally:
            part.unlink(missing_ok=True)
        return True

    def read(self) -> str | None:
        """Return what it says, None where it is missing."""
        try:
            return self.file.read_text("utf-8")
        except (OSError, ValueError):
            return None

    def remove(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)

    def remove_if(self, is_meant: Callable[[str], bool]) -> None:
        """Remove the file, unless it has become another's meanwhile.

        Args:
            is_meant: Whether this is the content to be removed.
        """
        aside = self._beside("lock")
        with contextlib.suppress(FileNotFoundError):
            self.file.replace(aside)
            try:
                content = aside.read_text("utf-8")
            except (OSError, ValueError):
                content = ""
            if not is_meant(content):
                with contextlib.suppress(OSError):
                    os.link(aside, self.file)
            aside.unlink(missing_ok=True)

    def age(self) -> float:
        """Return the seconds since it was renewed.

        They go by the clock of its disk.
        """
        probe = self._beside("clock")
        try:
            probe.touch()
            return probe.stat().st_mtime - self.file.stat().st_mtime
        except OSError:
            return 0.0
        finally:
            with contextlib.suppress(OSError):
                probe.unlink(missing_ok=True)

    def renew(self) -> bool:
        """Show that its holder lives.

        False where it is another's now.
        """
        with contextlib.suppress(OSError):
            os.utime(self.file)
        return True

    def _create_without_links(self, content: str) -> bool:
        """The same on a disk that knows no hard links."""
        is_own = False
        try:
            with self.file.open("x", encoding="utf-8") as stream:
                is_own = True
                stream.write(content)
        except FileExistsError:
            return False
        except OSError as error:
            if is_own:  # half of a lock would keep everybody out until it is stale
                self.file.unlink(missing_ok=True)
            if error.errno == errno.ENOSPC:
                error.filename = error.filename or str(self.file)
                raise
            raise UnpoolError(
                f"{self.file} cannot be written ({error.strerror}); name a workspace that you may write with --work"
            ) from error
        return True

    def _beside(self, ending: str) -> Path:
        return self.file.with_name(f"{PARTIAL}{uuid4().hex}-{ending}")
