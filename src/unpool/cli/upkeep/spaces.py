"""`unpool spaces`: what each set of vectors takes, and one removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from unpool.cli.parameters import Common, Work, print_result

COMMON = Common()


def spaces(
    *,
    work: Work,
    remove: Annotated[str | None, Parameter(help="space to remove; that cannot be undone")] = None,
    common: Common = COMMON,
) -> None:
    """List the spaces of a workspace, and their sizes.

    The first line is of the workspace's own vectors. With --remove NAME the vectors of a space go, with groups, map,
    suggestions, model and report that came of them. Images, labels and other spaces stay. That cannot be undone, and
    neither can what was computed before it; edits by hand still can.
    """
    from unpool.actions.spaces.spaces import list_spaces, remove_space

    if remove is None:
        result = list_spaces(work)
        print_result(result, common, "\n".join(_describe(each) for each in result["spaces"]))
        return
    result = remove_space(work, remove)
    print_result(
        result, common, f"the space {remove} is removed, {result['freed'] / 1e6:.1f} MB are free; labels stay"
    )


def _describe(space: Mapping[str, Any]) -> str:
    name = space["name"] or "(own vectors)"
    vectors = (
        f"{space['images']:,} images by {space['dimension']} numbers" if space["dimension"] else "no vectors"
    )
    missing = f", {space['missing']:,} without" if space["dimension"] and space["missing"] else ""
    network = f", {space['network']}" if space["network"] else ""
    return f"{space['bytes'] / 1e6:>9.1f} MB  {name}: {vectors}{missing}{network}"
