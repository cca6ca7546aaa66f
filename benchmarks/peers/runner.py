"""Run the programs of each task side by side, round by round."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.peers import environments, machine, own, scoring
from benchmarks.peers.catalogue import PROGRAMS, TASKS, Program, Task
from benchmarks.peers.environments import Environment
from benchmarks.peers.measuring import Run, measure
from benchmarks.peers.summary import summarise
from benchmarks.peers.tasks import Prepared, Size, prepare

SCRIPTS = Path(__file__).parent / "programs"
LIMIT = 600.0  # seconds of a run, above the minutes given to it
LONG = 40.0  # seconds; a program that takes longer runs twice
REFERENCE = "plain"  # whose vectors those of the same weights are compared with

Record = dict[str, Any]


@dataclass
class Bench:
    """What a benchmark runs, on what, and where."""

    scratch: Path
    data: Path | None
    size: Size
    only: Sequence[str] = ()

    def programs(self, task: Task) -> list[Program]:
        """Programs of a task; `only` holds names of programs, of tasks, or both joined by a colon."""
        return [
            program
            for program in PROGRAMS
            if task.name in program.tasks
            and (not self.only or {program.name, task.name, f"{task.name}:{program.name}"} & set(self.only))
        ]

    def tasks(self) -> list[Task]:
        return [task for task in TASKS if self.programs(task)]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def install_all(bench: Bench) -> dict[str, Environment]:
    """Install what the programs need; return environments by package."""
    found = {"": environments.own_environment()}
    for task in bench.tasks():
        for package in [program.package for program in bench.programs(task)]:
            if package not in found:
                say(f"install {package}")
                found[package] = environments.install(package, bench.scratch / "environments" / package)
                if found[package].problem:
                    say(f"  not installed: {found[package].problem}")
    return found


def run_task(bench: Bench, task: Task, installed: dict[str, Environment]) -> Record:
    """Run all programs of a task in turn, as often as it says; return what was measured."""
    prepared = prepare(task.name, bench.data, bench.scratch, bench.size)
    programs = bench.programs(task)
    records: dict[str, Record] = {
        program.name: {"problem": f"not installed: {problem}"} if problem else {"runs": []}
        for program in programs
        if (problem := installed[program.package].problem) is not None
    }
    vectors: dict[str, tuple[list[str], np.ndarray]] = {}
    rounds = bench.size.training_rounds if task.trains else bench.size.rounds
    loads = [machine.load()]
    for seed in range(rounds):
        for program in programs:
            record = records[program.name]
            done = [run["seconds"] for run in record.get("runs", [])]
            if "problem" in record or (len(done) > 1 and max(done) > LONG):
                continue
            _run_once(bench, program, installed[program.package], prepared, seed, record, vectors)
            say(f"{task.name}: {program.name}, round {seed + 1}: {_line(record)}")
    _compare_vectors(records, vectors)
    loads.append(machine.load())
    return {
        "title": task.title, "images": prepared.images, "source": prepared.source,
        "minutes": prepared.request.get("minutes") if task.trains else None, "load": loads,
        "programs": {name: summarise(record) for name, record in records.items()},
    }  # fmt: skip


def _run_once(
    bench: Bench, program: Program, environment: Environment, prepared: Prepared, seed: int, record: Record,
    vectors: dict[str, tuple[list[str], np.ndarray]],
) -> None:  # fmt: skip
    """Run a program once; add the run to its record, and what it embedded to the vectors."""
    out = bench.scratch / "out" / f"{prepared.request['task']}-{program.name}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    request = {**prepared.request, "seed": seed, "out": str(out), "variant": program.variant}
    run = _execute(bench, program, environment, request)
    if run.problem:
        record["problem"] = run.problem
        return
    try:
        fields, arrays = own.read(request) if not program.script else _answer(out)
        quality = prepared.score({**fields, "out": str(out)}, arrays)
    except Exception as error:
        record["problem"] = f"its answer could not be scored: {type(error).__name__}: {error}"
        return
    if fields.get("steps"):
        quality["steps"] = fields["steps"]
    record["runs"].append({**run.as_dict(), "stages": fields["seconds"], "quality": quality})
    if request["task"] == "embed":
        vectors[program.name] = (fields["paths"], arrays["vectors"])
    shutil.rmtree(out)


def _execute(bench: Bench, program: Program, environment: Environment, request: Record) -> Run:
    out = Path(request["out"])
    (out / "request.json").write_text(json.dumps(request))
    if program.script:
        commands = [[environment.python, str(SCRIPTS / f"{program.script}.py"), str(out / "request.json")]]
    else:
        own.prepare(request)
        commands = own.commands(request)
    # nothing is fetched, reported or left in the home folder
    variables = {
        "UNPOOL_CACHE": str(bench.scratch / "cache"), "HF_HUB_OFFLINE": "1", "TORCH_HOME": str(bench.scratch),
        "MPLBACKEND": "agg", "SENTRY_OPT_OUT": "1", "FIFTYONE_DO_NOT_TRACK": "true", "TQDM_DISABLE": "1",
        "FIFTYONE_DATABASE_DIR": str(bench.scratch / "fiftyone"),
    }  # fmt: skip
    return measure(commands, out, variables, LIMIT + 60 * request.get("minutes", 0))


def _answer(out: Path) -> tuple[Record, dict[str, np.ndarray]]:
    with np.load(out / "arrays.npz") as arrays:
        return json.loads((out / "answer.json").read_text()), dict(arrays)


def _compare_vectors(records: dict[str, Record], vectors: dict[str, tuple[list[str], np.ndarray]]) -> None:
    """Compare vectors with the reference's, where both are those of one network."""
    if REFERENCE not in vectors:
        return
    paths, reference_ND = vectors[REFERENCE]
    row_by_path = {path: row for row, path in enumerate(paths)}
    for name, (others, vectors_ND) in vectors.items():
        if name != REFERENCE and vectors_ND.shape == reference_ND.shape:
            cosine = scoring.smallest_cosine(vectors_ND, reference_ND[[row_by_path[path] for path in others]])
            records[name]["runs"][-1]["quality"]["smallest cosine"] = cosine


def _line(record: Record) -> str:
    if "problem" in record:
        return f"not run: {record['problem']}"
    run = record["runs"][-1]
    figures = ", ".join(f"{name} {value:.4g}" for name, value in run["quality"].items())
    return f"{run['seconds']:.1f} s, {run['memory_mib']:.0f} MiB, {figures}"
