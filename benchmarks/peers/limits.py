"""How near unpool is to what the machine can do, and what ten times the work costs."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers import machine, own
from benchmarks.peers.measuring import measure
from benchmarks.peers.runner import LIMIT, Bench, say
from benchmarks.peers.tasks import QUICK, prepare

BENCHMARKS = Path(__file__).parents[1]
FILES, SIDE = 200, 224
READER = """
import statistics, sys, time
from pathlib import Path
import simplejpeg
from unpool.images.reading.decode import read_picture

def own(file):
    return read_picture(file, min_side={side})

def decoder(file):
    content = file.read_bytes()
    return simplejpeg.decode_jpeg(content, min_height={side}, min_width={side}, min_factor=1)

for name in sys.argv[1:]:
    file = Path(name)
    own(file)
    best = []
    for read in (own, decoder):
        times = []
        for _ in range(3):
            start = time.process_time()
            read(file)
            times.append(time.process_time() - start)
        best.append(min(times))
    print(*best)
"""
Record = dict[str, Any]


def measure_limits(bench: Bench, result: Record) -> Record:
    """Shares of the machine's rates, by the scripts beside this package, and the cost of growth."""
    quick = bench.size == QUICK
    rounds = ["--rounds", "1"] if quick else ["--rounds", "2"]
    found: Record = {}
    for name, arguments in (("vgg_flops", ["--steps", "4"]), ("training_speed", ["--images", "5000"])):
        say(f"limits: {name}")
        found[name] = _run_script(name, [*arguments, *rounds])
    say("limits: embedding, reading, ten times as much")
    found["embedding"] = _embedding_share(result)
    found["reading"] = _reading(bench)
    found["growth"] = _growth(bench)
    return found


def _run_script(name: str, arguments: list[str]) -> Record:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=machine.ROOT)
    if done.returncode:
        return {"problem": (done.stderr.strip().splitlines() or ["failed"])[-1]}
    found: Record = json.loads(done.stdout)
    return found


def _embedding_share(result: Record) -> Record:
    """The network's operations in the embedding stage, over the rate of matrix products.

    The stage decodes, makes thumbnails and writes the table too.
    """
    import timm
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    task = result["tasks"].get("embed", {})
    figures = task.get("programs", {}).get("unpool", {}).get("figures", {})
    if "embed seconds" not in figures:
        return {"problem": "unpool did not embed"}
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.rand(1, 3, SIDE, SIDE))
    per_image = counter.get_total_flops() / 1e9
    rate = task["images"] / figures["embed seconds"]["median"]
    return {
        "images_per_second": rate, "gflop_per_image": per_image,
        "share": rate * per_image / result["matrix_product_gflops"][0],
    }  # fmt: skip


def _reading(bench: Bench) -> Record:
    """Processor time to read a JPEG for the network, and that of the decoder alone at the same scale."""
    folder = Path(prepare("embed", bench.data, bench.scratch, bench.size).request["folder"])
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg"))[:FILES]
    command = [sys.executable, "-c", READER.format(side=SIDE), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=machine.ROOT)
    if done.returncode:
        return {"problem": (done.stderr.strip().splitlines() or ["failed"])[-1]}
    pairs = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    own_ms, decoder_ms = (1000 * statistics.mean(times) for times in zip(*pairs, strict=True))
    return {
        "files": len(files),
        "milliseconds": own_ms,
        "decoder_milliseconds": decoder_ms,
        "share": decoder_ms / own_ms,
    }


def _growth(bench: Bench) -> Record:
    """Seconds of a tenth of the work and of all of it; one run each, the process included."""
    found: Record = {}
    for task, command in (("group", "run"), ("map", "group"), ("map", "map")):
        prepared = prepare(task, bench.data, bench.scratch, bench.size)
        seconds: dict[int, float] = {}
        # The first run of all may have to write the network as ONNX, which is no cost of growth.
        for part in (10, 10, 1) if command == "run" else (10, 1):
            out = bench.scratch / "out" / f"growth-{command}-{part}"
            shutil.rmtree(out, ignore_errors=True)  # a second run would find nothing to do
            out.mkdir(parents=True)
            groups = max(2, min(10, prepared.images // 20))  # a tenth of the images has as many
            request = _part({**prepared.request, "seed": 0, "out": str(out), "num_groups": groups}, part)
            own.prepare(request)
            commands = own.commands(request)
            if command == "group":
                commands = [
                    [*own.UNPOOL, "group", "--work", str(out / own.WORK), "--groups", str(groups), "--json"]
                ]
            done = measure(commands, out, {"UNPOOL_CACHE": str(bench.scratch / "cache")}, LIMIT)
            if done.problem:
                return {"problem": f"{command}: {done.problem}"}
            seconds[part] = done.seconds
        found[command] = {"images": prepared.images, "tenth": seconds[10], "whole": seconds[1]}
    return found


def _part(request: Record, part: int) -> Record:
    """The request with every N-th of its images or vectors."""
    import numpy as np

    if part == 1:
        return request
    out = Path(request["out"])
    if "vectors" in request:
        np.save(out / "part.npy", np.load(request["vectors"])[::part])
        return {**request, "vectors": str(out / "part.npy")}
    folder = Path(request["folder"])
    files = sorted(file for file in folder.rglob("*") if file.is_file())[::part]
    for file in files:
        target = out / "part" / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(file)
    return {**request, "folder": str(out / "part")}
