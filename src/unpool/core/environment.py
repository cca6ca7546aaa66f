"""What libraries need of an account: folders and a name.

In containers and on clusters a process often has a number and no name, and no home folder that it may write to.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from unpool.core.user_cache import LIBRARIES, cache_folder
from unpool.errors import UnpoolError

NAME_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")
# Where libraries keep what they compute: matplotlib its list of fonts, torch and others what they compiled.
COMPUTED = {
    "MPLCONFIGDIR": "matplotlib", "NUMBA_CACHE_DIR": "numba", "TORCHINDUCTOR_CACHE_DIR": "torch-inductor",
    "TRITON_CACHE_DIR": "triton",
}  # fmt: skip
# Where they look for what was fetched, below the home folder: it may hold weights although it cannot be written to.
FETCHED = {
    "HF_HOME": ".cache/huggingface", "TORCH_HOME": ".cache/torch", "XDG_CACHE_HOME": ".cache",
}  # fmt: skip
INSTALLED = ("site-packages", "dist-packages")


def prepare_account() -> None:
    """Give libraries the name and folders an account lacks.

    Nothing changes where the home folder can be written to, and what the user set stays where it can be used.
    """
    if not _has_name():
        os.environ["USER"] = f"user-{os.getuid() if hasattr(os, 'getuid') else 'unknown'}"
    names = [name for name in COMPUTED if _is_set_in_vain(name)]
    if not _is_user_folder_usable():
        names += [name for name in COMPUTED if not os.environ.get(name)]
        names += [
            name for name, place in FETCHED.items() if not (os.environ.get(name) or _is_in_user_folder(place))
        ]
    if names:
        with contextlib.suppress(OSError):  # no room anywhere: libraries warn, and most go without
            _set_folders(names, cache_folder() / LIBRARIES)


def check_current_folder() -> None:
    """Check that the current folder is still there.

    Without it some libraries end the program.

    Raises:
        UnpoolError: it has been removed.
    """
    try:
        is_there = Path.cwd().is_dir()
    except OSError:
        is_there = False
    if not is_there:
        raise UnpoolError(
            "the current folder has been removed; change to another, and give the command again"
        )


def user_folder() -> Path | None:
    """Return the home folder, None where there is none."""
    try:
        user = Path.home()
    except RuntimeError:
        return None
    return user if user.is_absolute() else None


def can_write_below(folder: Path) -> bool:
    """Whether a folder can be written to or made."""
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False


def _set_folders(names: Iterable[str], base: Path) -> None:
    for name in names:
        folder = base / (COMPUTED.get(name) or FETCHED[name].removeprefix(".cache").strip("/"))
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(folder)


def _is_set_in_vain(name: str) -> bool:
    value = os.environ.get(name)
    return bool(value) and not can_write_below(Path(os.path.abspath(str(value))))  # noqa: PTH100 - as libraries do


def _is_in_user_folder(place: str) -> bool:
    user = user_folder()
    try:
        return user is not None and (user / place).is_dir()
    except OSError:
        return False


def _has_name() -> bool:
    if any(os.environ.get(name) for name in NAME_VARIABLES):
        return True
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError, ImportError):  # which of them differs between versions of Python
        return False


def _is_user_folder_usable() -> bool:
    """Whether settings and caches of programs can be written below the home folder."""
    user = user_folder()
    if user is None:
        return False
    if sys.platform in ("win32", "darwin"):
        return can_write_below(user)
    places = (("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config"))
    return all(can_write_below(Path(os.environ.get(name) or user / folder)) for name, folder in places)


def variables_of_another_python() -> dict[str, str]:
    """Return an environment in which a new Python finds unpool.

    This one may have found it by a path of its own, as in a notebook beside the source.
    """
    root = Path(__file__).resolve().parents[2]
    if (
        root.name in INSTALLED
    ):  # found anyway; before the standard library, others in that folder might replace parts
        return dict(os.environ)
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": paths}
