"""Processes that find each other: late ones are waited for, and who never comes is an error that says where."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import pytest
import torch.distributed as dist

from unpool.errors import UnpoolError
from unpool.training.processes import rendezvous
from unpool.training.processes.rendezvous import join_processes


def test_who_waits_in_vain_for_the_others_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    values = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UNPOOL_JOIN_SECONDS", "0.6")
    with pytest.raises(
        UnpoolError, match=f"process 0 of 2 waited 1 seconds .* at 127.0.0.1:{port}: one was killed"
    ):
        join_processes()


def test_processes_that_a_launcher_started_again_end_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "TORCHELASTIC_RESTART_COUNT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnpoolError, match="leave out --max-restarts, and start all of them with --resume"):
        join_processes()


def test_processes_that_come_late_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    store = dist.TCPStore(
        "127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=20)
    )
    monkeypatch.setattr(rendezvous, "_stores", {})
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    values = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    late = threading.Timer(0.3, lambda: store.set("unpool/joined/1", "elsewhere"))
    late.start()
    join_processes()
    late.join()
    assert list(rendezvous._stores) == [f"127.0.0.1:{store.port}"]


def test_launchers_that_have_met_do_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendezvous._join_seconds() == rendezvous.LATE_JOIN_SECONDS
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "7")
    assert rendezvous._join_seconds() == rendezvous.JOIN_SECONDS < 60
    for text, seconds in {"90": 90.0, "soon": rendezvous.JOIN_SECONDS, "0": rendezvous.JOIN_SECONDS}.items():
        monkeypatch.setenv("UNPOOL_JOIN_SECONDS", text)
        assert rendezvous._join_seconds() == seconds
