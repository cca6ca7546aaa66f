"""What a command has done so far lies beside its result, hidden."""

from __future__ import annotations

from pathlib import Path

from unpool.actions.teaching.scratch import scratch_of


def test_folder_is_hidden_and_of_this_result() -> None:
    assert scratch_of(Path("a/b.csv")) == Path("a/.b.csv.unpool")
    assert scratch_of(Path("model")) == Path(".model.unpool")
