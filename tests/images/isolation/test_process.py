"""A decoding process answers what it is asked, and ends when nobody is left."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.mutations import make_images
from unpool.images.isolation.messages import receive, send
from unpool.images.isolation.process import answer, serve, set_alarm
from unpool.images.reading import decode


def test_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deep.tif"
    file.write_bytes(make_images()["deep.tif"])
    assert answer({"verb": "size", "file": str(file)})[0] == {"size": [40, 32]}
    found = answer({"verb": "values", "file": str(file), "nodata": []})[0]["found"]
    assert (found["kind"], found["dtype"]) == ("TIFF uint16 grey", "<u2")
    head, body = answer(
        {"verb": "picture", "file": str(file), "min_side": None, "max_pixels": 10**6, "rules": {}}
    )
    assert (head["shape"], len(body)) == ([32, 40, 3], 32 * 40 * 3)
    file.write_bytes(b"II*\0")
    assert answer({"verb": "size", "file": str(file)})[0]["problem"] in ("truncated", "corrupt")


def test_it_serves_until_there_are_no_more_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "one_large_picture", decode.one_large_picture)  # put back afterwards
    file = tmp_path / "a.tif"
    file.write_bytes(make_images()["plain.tif"])
    requests, answers = io.BytesIO(), io.BytesIO()
    for _ in range(2):
        send(requests, {"verb": "size", "file": str(file)})
    requests.seek(0)
    try:
        serve(requests, answers, 60)
    finally:
        set_alarm(0)
    answers.seek(0)
    assert [receive(answers)[0]["size"] for _ in range(2)] == [[40, 32]] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_it_ends_with_the_program_that_started_it() -> None:
    command = [sys.executable, "-m", "unpool.images.isolation.process", "60", str(4 << 30)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.send_signal(signal.SIGCONT)
    process.stdin.close()
    for _ in range(200):
        if process.poll() is not None:
            break
        time.sleep(0.05)
    assert process.returncode == 0
    assert process.stdout is not None
    process.stdout.close()
