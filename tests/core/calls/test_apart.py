"""Functions in another process: their errors come back in the same line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unpool.core.calls import apart
from unpool.errors import UnpoolError, UsageError


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)


@pytest.mark.usefixtures("without_torch")
def test_an_error_of_the_other_process_keeps_kind_and_line() -> None:
    with pytest.raises(UnpoolError, match=r"^there is no file gone\.onnx; check the path$") as found:
        apart.call_apart("unpool.networks.encoders.onnx_file", "check_onnx_file", "gone.onnx")
    assert not isinstance(found.value, UsageError)


@pytest.mark.usefixtures("without_torch")
def test_what_else_goes_wrong_there_is_one_line() -> None:
    with pytest.raises(UnpoolError, match=r"^loads raised JSONDecodeError: Expecting value: line 1 column 1"):
        apart.call_apart("json", "loads", "no JSON")


def test_with_torch_loaded_this_process_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setitem(sys.modules, "torch", sys)
    monkeypatch.setattr(apart, "probe", called.append, raising=False)
    apart.call_apart(apart.__name__, "probe", Path("a"), None)
    assert called == ["a"]


@pytest.mark.usefixtures("without_torch")
def test_where_no_process_starts_this_one_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "python3")

    called: list[str] = []
    monkeypatch.setattr(apart.subprocess, "run", fail)
    monkeypatch.setattr(apart, "probe", called.append, raising=False)
    apart.call_apart(apart.__name__, "probe", "a")
    assert called == ["a"]
