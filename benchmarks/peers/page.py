"""Write docs/peers.md and its pictures from the results.

python -m benchmarks.peers.page [RESULTS.json] [PAGE.md]
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.peers.catalogue import PROGRAMS, TASKS, Task
from benchmarks.peers.machine import ROOT
from benchmarks.peers.summary import is_higher_better, losses

RESULTS = ROOT / "benchmarks" / "results" / "peers.json"
PAGE = ROOT / "docs" / "peers.md"
WIDTH = 118  # characters of a line of prose
TITLES = {program.name: program.title for program in PROGRAMS}
NAMES = {
    "seconds": "seconds", "memory_mib": "peak memory, MiB", "cpu_seconds": "processor seconds", "nmi": "NMI",
    "knn": "10-NN accuracy", "miou": "mean IoU",
}  # fmt: skip
INTRO = """\
# Beside other programs

What unpool costs and how good its results are, beside what people use instead: the same images, the same machine,
one run. `make bench` repeats it; `make bench DATA=FOLDER` takes photographs, street scenes and MNIST from a folder
(`clothing/`, `camvid/`, `mnist/`), without which pictures are drawn, on which figures mean little. Each program has an
environment of its own, installed from its package by pip, and is called as its documentation shows. Times are wall
times of the whole process, its start included; peak memory is that of all its processes. Medians; the spread is the
lowest and the highest. Where a program needs weights from a hub, which a machine without a network cannot fetch, it
gets those that unpool has (EfficientNet-lite0), or says that it was not run.

This page is written by `python -m benchmarks.peers.page` from the results, which lie in the repository as JSON
(peers.json in benchmarks/results).
"""
Record = dict[str, Any]


def write(result: Record, page: Path = PAGE) -> None:
    """Write the page, and a picture for each task beside it in images/."""
    folder = page.parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    parts = [INTRO, *_machine(result), *_losses(result)]
    for task in TASKS:
        if measured := result["tasks"].get(task.name):
            parts += [f"## {task.title}\n", _wrap(task.text) + "\n", *_task(task, measured)]
            if measured.get("commit") != result["commit"]:
                parts.append(f"Measured on {measured['date'][:10]}, commit {measured['commit']}.\n")
            if picture := draw(task, measured, folder):
                parts.append(f"![{task.title}: time and quality of each program](images/{picture.name})\n")
    parts += [*_limits(result), *_environments(result)]
    page.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def _machine(result: Record) -> Iterator[str]:
    machine, rates = result["machine"], result["matrix_product_gflops"]
    loads = [load for load in result["load"] if load is not None]
    when = "before, after" if len(rates) > 1 else "before"
    changed = ", with changes" if result["changed"] else ""
    yield (
        f"Measured on {result['date'][:10]}, commit {result['commit']}{changed}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}.\n"
        f"Product of fp32 matrices {' and '.join(f'{rate:.0f}' for rate in rates)} GFLOP/s ({when});\n"
        f"load ({when}) {' and '.join(f'{load:.1f}' for load in loads)};\n"
        f"the benchmark took {result['seconds'] / 60:.0f} minutes, "
        f"{result['install_seconds'] / 60:.1f} of them installing.\n"
    )
    if "limits" not in result:
        yield "It was stopped before it came to the limits of the machine, which are not shown here.\n"
    if result.get("quick"):
        yield "**A quick run, with few images and one round: it shows that everything runs, and no figure of use.**\n"


def _losses(result: Record) -> Iterator[str]:
    found = [row for row in losses(result) if row[1] != "cpu_seconds"]
    yield "## Where another is better\n"
    yield "Figures in which another program is better than unpool, beyond the spread of both.\n"
    if not found:
        yield "None in this run.\n"
        return
    titles = {task.name: task.title for task in TASKS}
    rows = [
        [titles[task], NAMES.get(figure, figure), TITLES[name], _number(other), _number(own)]
        for task, figure, name, own, other in found
    ]
    yield _table(["task", "figure", "program", "its figure", "unpool's"], rows)


def _task(task: Task, measured: Record) -> Iterator[str]:
    minutes = f", {measured['minutes']:g} minutes each" if measured["minutes"] else ""
    yield f"{measured['images']:,} images or vectors ({measured['source']}){minutes}.\n"
    columns = ["seconds", "memory_mib", *task.figures]
    columns = [c for c in columns if any(c in p.get("figures", {}) for p in measured["programs"].values())]
    rows, absent = [], []
    for name, program in measured["programs"].items():
        if "figures" not in program:
            absent.append(_wrap(f"- {TITLES[name]}: not run, {program['problem']}", "  "))
            continue
        if "problem" in program:
            absent.append(_wrap(f"- {TITLES[name]}: a further round failed, {program['problem']}", "  "))
        cells = [_cell(program["figures"].get(column), _best(column, measured)) for column in columns]
        rows.append([TITLES[name], str(len(program["runs"])), *cells])
    yield _table(["", "runs", *(NAMES.get(column, column) for column in columns)], rows)
    notes = [
        _wrap(f"- {p.title}: {p.note}", "  ")
        for p in PROGRAMS
        if p.note and "figures" in measured["programs"].get(p.name, {})
    ]
    if absent or notes:
        yield "\n".join(absent + notes) + "\n"


def _best(figure: str, measured: Record) -> float | None:
    medians = [
        p["figures"][figure]["median"]
        for p in measured["programs"].values()
        if figure in p.get("figures", {})
    ]
    if figure in ("groups", "steps") or len(medians) < 2:
        return None
    best: float = (max if is_higher_better(figure) else min)(medians)
    return best


def _cell(found: Record | None, best: float | None) -> str:
    if not found:
        return ""
    median = _number(found["median"])
    text = f"**{median}**" if found["median"] == best else median
    low, high = _number(found["low"]), _number(found["high"])
    return text if low == high else f"{text} ({low} to {high})"


def _number(value: float) -> str:
    if value and abs(value) < 1:
        return f"{value:.3f}" if value < 0.9995 else f"{value:.5f}"
    return f"{value:.1f}" if abs(value) < 100 and value % 1 else f"{value:,.0f}"


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _limits(result: Record) -> Iterator[str]:
    if not (limits := result.get("limits")):
        return
    yield "## Beside the limits of the machine\n"
    rows = []
    training, textbook = limits["vgg_flops"], limits["training_speed"]
    if "share" in training:
        rows.append(
            ["Training the mirrored VGG-16-BN, of the rate of matrix products", f"{training['share']:.0%}"]
        )
    if "ratio" in textbook:
        rows.append(
            ["Training a small network, times as fast as a textbook loop", f"{textbook['ratio']:.1f}"]
        )
    if "share" in (embedding := limits["embedding"]):
        text = "Embedding photographs (decoding and table included), of the rate of matrix products"
        rows.append([text, f"{embedding['share']:.0%}"])
    if "share" in (reading := limits["reading"]):
        text = (
            f"Reading a JPEG ({reading['milliseconds']:.2f} ms of processor time, damage looked for), "
            "of the decoder's own rate"
        )
        rows.append([text, f"{reading['share']:.0%}"])
    yield _table(["", ""], rows)
    growth = limits["growth"]
    if "problem" not in growth:
        yield "What ten times the work costs, one run each, the start of the process included:\n"
        rows = [
            [f"`unpool {command}`, {each['images'] // 10:,} and {each['images']:,} images", f"{each['tenth']:.1f} s",
             f"{each['whole']:.1f} s", f"{each['whole'] / each['tenth']:.1f}"]
            for command, each in growth.items()
        ]  # fmt: skip
        yield _table(["", "a tenth", "all", "factor"], rows)
    problems = [
        _wrap(f"- {name}: {each['problem']}", "  ") for name, each in limits.items() if "problem" in each
    ]
    if problems:
        yield "\n".join(["Not measured:\n", *problems]) + "\n"


def _environments(result: Record) -> Iterator[str]:
    yield "## Versions\n"
    rows = []
    for package, each in result["environments"].items():
        versions = each["versions"]
        shown = ", ".join(
            f"{name} {versions[name]}" for name in ("torch", "numpy", "pillow") if name in versions
        )
        state = each["problem"] or each["version"]
        rows.append([package, state, shown, f"{each['megabytes']:,}", f"{each['seconds']:.0f}"])
    yield _table(["package", "version", "with", "own files, MB", "seconds to install"], rows)


def draw(task: Task, measured: Record, folder: Path) -> Path | None:
    """Draw time against quality; None where fewer than two programs have both."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    programs = {
        name: program["figures"]
        for name, program in measured["programs"].items()
        if task.best in program.get("figures", {})
    }
    if len(programs) < 2:
        return None
    figure, axes = plt.subplots(figsize=(6.4, 3.2), dpi=110, layout="constrained")
    for name, figures in programs.items():
        time, quality = figures["seconds"], figures[task.best]
        errors = {
            "xerr": [[time["median"] - time["low"]], [time["high"] - time["median"]]],
            "yerr": [[quality["median"] - quality["low"]], [quality["high"] - quality["median"]]],
        }
        colour = "#c2410c" if name == "unpool" else "#475569"
        axes.errorbar(time["median"], quality["median"], **errors, fmt="o", color=colour, capsize=3)
        axes.annotate(
            TITLES[name],
            (time["median"], quality["median"]),
            (6, 5),
            textcoords="offset points",
            color=colour,
            size=8,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("seconds, whole process")
    axes.set_ylabel(NAMES.get(task.best, f"{task.best} duplicates found"))
    axes.margins(0.18)
    axes.grid(alpha=0.25)
    path = folder / f"peers-{task.name}.png"
    figure.savefig(path)
    plt.close(figure)
    return path


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:]]
    write(
        json.loads((given[0] if given else RESULTS).read_text("utf-8")), given[1] if len(given) > 1 else PAGE
    )
