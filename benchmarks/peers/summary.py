"""Medians and spreads of runs, comparisons of programs, and of two results of the benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.peers.catalogue import TASKS

MEASURED = ("seconds", "cpu_seconds", "memory_mib")
Record = dict[str, Any]


def summarise(record: Record) -> Record:
    """Add median, lowest and highest of each figure to the runs of a program."""
    runs = record.get("runs")
    if not runs:
        return {"problem": record.get("problem") or "it did not run"}
    values: dict[str, list[float]] = {}
    for run in runs:
        figures = {name: run[name] for name in MEASURED}
        figures |= {f"{name} seconds": value for name, value in run["stages"].items()}
        for name, value in {**figures, **run["quality"]}.items():
            values.setdefault(name, []).append(float(value))
    spread = {
        name: {"median": statistics.median(found), "low": min(found), "high": max(found)}
        for name, found in values.items()
    }
    return {**record, "figures": spread}


def is_higher_better(figure: str) -> bool:
    """Whether a figure is a quality, not a cost."""
    return not (figure in MEASURED or figure.endswith(" seconds") or figure.startswith("other "))


def losses(result: Record) -> Iterator[tuple[str, str, str, float, float]]:
    """Where a peer is better than unpool, beyond the spread of both.

    Yields:
        Task, figure, program, unpool's median and the other's.
    """
    for task in TASKS:
        programs = result["tasks"].get(task.name, {}).get("programs", {})
        own = programs.get("unpool", {}).get("figures")
        for figure in (*MEASURED, *task.figures) if own else ():
            for name, found in programs.items():
                other = found.get("figures", {}).get(figure)
                if name == "unpool" or not other or figure not in own or figure in ("groups", "steps"):
                    continue
                higher = is_higher_better(figure)
                better = other["low"] > own[figure]["high"] if higher else other["high"] < own[figure]["low"]
                if better:
                    yield task.name, figure, name, own[figure]["median"], other["median"]


def differences(old: Record, new: Record) -> list[str]:
    """Figures of two results whose ranges do not meet; costs and qualities of the same task and program."""
    found = []
    for task, measured in new["tasks"].items():
        for name, program in measured["programs"].items():
            before = old["tasks"].get(task, {}).get("programs", {}).get(name, {}).get("figures", {})
            for figure, now in program.get("figures", {}).items():
                then = before.get(figure)
                if then and (now["low"] > then["high"] or now["high"] < then["low"]):
                    found.append(
                        f"{task}, {name}, {figure}: {then['low']:.4g} to {then['high']:.4g}, "
                        f"now {now['low']:.4g} to {now['high']:.4g}"
                    )
    return found
