"""Where things lie in a workspace, and what it remembers of how it was made (unpool.yaml)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from unpool.core.atomic_files import write_text
from unpool.errors import UnpoolError

STATE = "unpool.yaml"
MODEL = "model"
REPORT = "report"
SEGMENTER = "segmenter"  # a segmenter of these images, where the user puts one
EXPORTS = "exports"  # what the page was told to copy
SUFFIX = ".unpool"
TOLD = ("unpool", "torch", "onnxruntime", "lancedb", "faiss-cpu", "openTSNE", "scikit-learn", "timm")


def default_workspace(place: str) -> Path:
    """The workspace of a folder or named set, in the current folder.

    >>> default_workspace("holiday photos/").name, default_workspace("mnist:train").name
    ('holiday photos.unpool', 'mnist-train.unpool')
    """
    name = Path(place).name or Path(place).resolve().name or "images"
    return Path(name.replace(":", "-") + SUFFIX)


def read_state(work: Path) -> dict[str, Any]:
    """What unpool.yaml says, empty where there is none; UnpoolError where it is damaged."""
    try:
        state = yaml.safe_load((work / STATE).read_text("utf-8")) or {}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnpoolError(f"{work / STATE} is damaged; delete it and give the same command again") from error
    if not isinstance(state, dict):
        raise UnpoolError(f"{work / STATE} holds no options; delete it and give the same command again")
    return state


def write_state(work: Path, **changes: Any) -> dict[str, Any]:
    """Change some entries of unpool.yaml and note the versions at work; the whole state is returned."""
    state = read_state(work) | changes | {"versions": _versions()}
    write_text(work / STATE, yaml.safe_dump(state, sort_keys=False, allow_unicode=True))
    return state


def new_grouping_id(work: Path) -> None:
    """Note that groups are made anew: edits of the former ones cannot be taken back any more."""
    write_state(work, grouped=uuid4().hex)


def groups_stamp(work: Path) -> str:
    """Which grouping the numbers in the table belong to."""
    return str(read_state(work).get("grouped", ""))


def _versions() -> dict[str, str]:
    found = {}
    for name in TOLD:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
