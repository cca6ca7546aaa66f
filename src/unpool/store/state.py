"""File names in a workspace, and its state.

Options and versions in unpool.yaml.
"""

from __future__ import annotations

import functools
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from unpool.core.atomic_files import write_text
from unpool.core.file_names import MAX_NAME_BYTES, printable, shorten
from unpool.core.markers import WORKSPACE_STATE
from unpool.errors import UnpoolError
from unpool.store.remote.mirror import push_changes
from unpool.store.spaces.paths import outer_workspace

STATE = WORKSPACE_STATE
MODEL = "model"
REPORT = "report"
SEGMENTER = "segmenter"  # a segmenter of these images, where the user puts one
EXPORTS = "exports"  # folders that the page exports to
SUFFIX = ".unpool"
FORMAT = 1  # of workspaces; those of version 0.1.0 do not say theirs, and have this one
END = "# end\n"  # without which the file was cut, though what is left may be YAML; since version 0.2
# What is of the images, and with that of all spaces.
SHARED = frozenset(
    {"images", "place", "beside", "inside", "data", "values", "captures", "inspector", "inspection_threshold"}
)
_STATED_FORMAT = re.compile(r"^format: (\d+)\s*$", re.MULTILINE)
_STATED_VERSION = re.compile(r"^  unpool: (\S+)\s*$", re.MULTILINE)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # that of C is ten times as fast
RECORDED_PACKAGES = (
    "unpool",
    "torch",
    "onnxruntime",
    "pylance",
    "faiss-cpu",
    "openTSNE",
    "scikit-learn",
    "timm",
)


class NewerVersionError(UnpoolError):
    """A newer version of unpool or Lance wrote this."""


def default_workspace(source: str) -> Path:
    """Name the workspace of a folder or named set.

    It lies in the current folder.

    >>> default_workspace("holiday photos/").name, default_workspace("mnist:train").name
    ('holiday photos.unpool', 'mnist-train.unpool')
    """
    name = Path(source).name or Path(source).resolve().name or "images"
    name = printable(name)  # Lance takes valid Unicode in one line only
    return Path(shorten(name.replace(":", "-"), MAX_NAME_BYTES - len(SUFFIX)) + SUFFIX)


def read_state(work: Path) -> dict[str, Any]:
    """Read unpool.yaml, empty where there is none.

    That of a space has what is said of the images from the workspace around it. Raises `UnpoolError` where it is
    damaged, or of a newer version.
    """
    if (outer := outer_workspace(work)) == work:
        return _read_state(work)
    of_images = {name: value for name, value in _read_state(outer).items() if name in SHARED}
    return {name: value for name, value in _read_state(work).items() if name not in SHARED} | of_images


def _read_state(work: Path) -> dict[str, Any]:
    check_format(work)
    try:
        text = (work / STATE).read_text("utf-8")
        # As a power cut may leave it: nothing is guessed from a part.
        if not text.strip() or (is_cut(text) and not text.endswith("\n")):
            raise UnpoolError(f"{work / STATE} is cut off; {_remedy(work)}")
        state = yaml.load(text, _Loader) or {}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnpoolError(f"{work / STATE} is damaged; {_remedy(work)}") from error
    if not isinstance(state, dict):
        raise UnpoolError(f"{work / STATE} holds no options; {_remedy(work)}")
    return {name: value for name, value in state.items() if value is not None}


def is_cut(text: str) -> bool:
    """Whether unpool.yaml has lost its end."""
    return _STATED_FORMAT.search(text) is not None and END not in text


def _remedy(work: Path) -> str:
    return f"`unpool doctor --work {work}` rebuilds it from the table"


def check_format(work: Path) -> None:
    """Check that this version can read a workspace.

    Raises `UnpoolError` where a newer version has written it in another format. It takes no YAML to see that.
    """
    try:
        text = (work / STATE).read_bytes().decode("utf-8", "replace")
    except OSError:
        return
    stated = _STATED_FORMAT.search(text)
    if stated is not None and int(stated[1]) > FORMAT:
        version = _STATED_VERSION.search(text)
        raise NewerVersionError(newer_format(work, stated[1], version[1] if version else "", FORMAT))


def newer_format(path: Path, stated: object, version: object, known: int) -> str:
    """Write the error for files of a newer version.

    Args:
        path: What cannot be read.
        stated: Its format.
        version: The version of unpool that wrote it, where that is known.
        known: The newest format that can be read.

    Returns:
        One line.
    """
    writer = f"unpool {version}" if version else "a newer version of unpool"
    return (
        f"{path} was written by {writer} in format {stated}, and this version reads up to format {known}; "
        "upgrade it: pip install --upgrade unpool"
    )


def write_state(work: Path, **changes: object) -> dict[str, Any]:
    """Change some entries of unpool.yaml, and record format and versions.

    None removes an entry. What is said of the images goes to the workspace around a space. Returns the whole state.
    """
    if (outer := outer_workspace(work)) != work:
        of_images = {name: value for name, value in changes.items() if name in SHARED}
        if of_images:
            write_state(outer, **of_images)
        changes = {name: value for name, value in changes.items() if name not in SHARED}
    state = _read_state(work) | changes | {"format": FORMAT, "versions": _versions()}
    state = {name: value for name, value in state.items() if value is not None}
    write_text(work / STATE, yaml.safe_dump(state, sort_keys=False, allow_unicode=True) + END)
    push_changes(work)
    return state if outer == work else read_state(work)


def new_grouping_id(work: Path) -> None:
    """Record that groups are new.

    Edits of the former ones can no longer be undone.
    """
    write_state(work, grouped=uuid4().hex)


def groups_stamp(work: Path) -> str:
    """Identifier of the grouping in the table."""
    return str(read_state(work).get("grouped", ""))


@functools.cache
def _versions() -> dict[str, str]:
    """Of the packages, which stay the same while a process runs; reading them takes longer than the state."""
    found = {}
    for name in RECORDED_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
