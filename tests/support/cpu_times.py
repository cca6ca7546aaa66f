"""A plugin for pytest: processor seconds of each test, those of the processes it starts included.

On a machine that others use, wall time says little.

    pytest -p support.cpu_times --cpu-times FILE.csv tests/...

writes `seconds,test`, the most costly first (a fixture counts for the first test that needs it), and prints the sum
of each file.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

_SECONDS: dict[str, float] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu-times", metavar="FILE.csv", help="write processor seconds per test to this file")


def _used() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    before = _used()
    yield
    _SECONDS[item.nodeid] = _used() - before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    out = config.getoption("--cpu-times")
    if not out:
        return
    rows = sorted(_SECONDS.items(), key=lambda row: -row[1])
    with Path(out).open("w", newline="") as file:
        csv.writer(file).writerows((f"{seconds:.2f}", test) for test, seconds in rows)
    by_file: dict[str, float] = defaultdict(float)
    for test, seconds in rows:
        by_file[test.split("::")[0]] += seconds
    terminalreporter.section("processor seconds")
    for name, seconds in sorted(by_file.items(), key=lambda row: -row[1])[:40]:
        terminalreporter.write_line(f"{seconds:8.1f}  {name}")
    terminalreporter.write_line(f"{sum(by_file.values()):8.1f}  in all")
