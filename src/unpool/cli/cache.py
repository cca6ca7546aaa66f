"""`unpool cache`: what is kept once per user."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from unpool.cli.parameters import Common, print_result
from unpool.core.user_cache import cache_folder, clear_entries, list_entries

COMMON = Common()


def cache(
    *,
    clear: Annotated[bool, Parameter(help="remove what is kept", negative="")] = False,
    common: Common = COMMON,
) -> None:
    """Show what is kept once per user.

    It says where it is, and how large. Pretrained networks are converted for ONNX Runtime, and networks of one
    structure exported, the first time that any workspace needs them. The environment variable UNPOOL_CACHE names
    another folder. Data sets that were fetched are not part of it.
    """
    freed = clear_entries() if clear else 0
    kept = list_entries()
    size = sum(entry["bytes"] for entry in kept)
    result = {"path": str(cache_folder()), "bytes": size, "entries": len(kept), "kept": kept, "freed": freed}
    lines = [f"{entry['bytes'] / 1e6:>9.1f} MB  {entry['name']}" for entry in kept]
    summary = f"{len(kept)} entries of {size / 1e6:.1f} MB in {result['path']}"
    print_result(result, common, "\n".join([*lines, f"{freed / 1e6:.1f} MB removed" if clear else summary]))
