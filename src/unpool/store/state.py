"""File names in a workspace, and its state.

Options and versions in unpool.yaml.
"""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from unpool.core.atomic_files import write_text
from unpool.core.file_names import MAX_NAME_BYTES, printable, shorten
from unpool.errors import UnpoolError

STATE = "unpool.yaml"
MODEL = "model"
REPORT = "report"
SEGMENTER = "segmenter"  # a segmenter of these images, where the user puts one
EXPORTS = "exports"  # folders that the page exports to
SUFFIX = ".unpool"
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

    Raises `UnpoolError` where it is damaged.
    """
    try:
        state = yaml.load((work / STATE).read_text("utf-8"), _Loader) or {}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnpoolError(f"{work / STATE} is damaged; delete it and give the same command again") from error
    if not isinstance(state, dict):
        raise UnpoolError(f"{work / STATE} holds no options; delete it and give the same command again")
    return {name: value for name, value in state.items() if value is not None}


def write_state(work: Path, **changes: object) -> dict[str, Any]:
    """Change some entries of unpool.yaml, and record versions.

    None removes an entry. Returns the whole state.
    """
    state = read_state(work) | changes | {"versions": _versions()}
    state = {name: value for name, value in state.items() if value is not None}
    write_text(work / STATE, yaml.safe_dump(state, sort_keys=False, allow_unicode=True))
    return state


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
