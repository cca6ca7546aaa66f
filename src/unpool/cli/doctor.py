"""`unpool doctor`: what is wrong with a workspace."""

from __future__ import annotations

from unpool.cli.parameters import Common, Work, print_result, report_progress
from unpool.errors import UnpoolError

COMMON = Common()


def doctor(*, work: Work, common: Common = COMMON) -> None:
    """Find what is wrong with a workspace, and repair it.

    Locks and files that killed commands left, damaged or missing files of the table, the model, the state and the
    report, rows that are there twice, lists and groups that do not match. Damaged files are kept in WORK/damaged.
    Exit code 0 where nothing is wrong, or all is repaired.
    """
    from unpool.actions.health.doctor import doctor as examine

    result = examine(work, progress=report_progress())
    problems, left = result["problems"], result["left"]
    lines = [
        f"{'repaired' if each['repaired'] else 'LEFT':>8}  {each['where']}: {each['what']}; {each['remedy']}"
        for each in problems
    ]
    print_result(result, common, "\n".join(lines) or f"nothing is wrong with {work}")
    if left:
        first = next(each for each in problems if not each["repaired"])
        raise UnpoolError(
            f"{left} of {len(problems)} problems of {work} are left, first {first['where']}: {first['what']}; "
            f"{first['remedy']}"
        )
