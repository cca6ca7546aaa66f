"""Requests that nobody thought of: never a fault of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from support.viewer_constants import TOKEN
from unpool.viewer.server import create_app

HEADERS = {"x-unpool-token": TOKEN, "host": "127.0.0.1"}
APART = {"/api/jobs", "/api/events"}  # the one starts real work, the other does not end
RUNS = settings(suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("examples", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_no_request_breaks_the_server(viewed: Path, examples: int) -> None:
    schemathesis = pytest.importorskip("schemathesis")  # here, since it takes seconds to load
    app = create_app(viewed / "w.unpool", root=viewed, token=TOKEN)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=HEADERS)
    met: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in APART:
            met[operation.label] = _fuzz(operation, examples)
    broken = {label: codes for label, codes in met.items() if max(codes) >= 500}
    assert broken == {}
    assert len(met) > 15
    assert any(200 in codes for codes in met.values())


def _speak_of_now(case: Any) -> None:
    """Most requests with an older revision end there; so that others are met too, it is often the right one."""
    for part in (case.body, case.query):
        if isinstance(part, dict) and isinstance(part.get("revision"), int) and part["revision"] % 4:
            part["revision"] = 1
    if isinstance(case.path_parameters, dict) and isinstance(case.path_parameters.get("row"), int):
        case.path_parameters["row"] %= 60


def _fuzz(operation: Any, examples: int) -> set[int]:
    """The status codes of the answers to so many requests of every kind."""
    codes = set()

    @settings(RUNS, max_examples=examples)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        _speak_of_now(case)
        codes.add(case.call(headers=HEADERS).status_code)

    ask()
    return codes
