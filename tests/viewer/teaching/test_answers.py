"""What the page reads is what the server declares."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from support.kinds import make_kinds, make_workspace
from unpool.viewer.session import Session
from unpool.viewer.teaching.answers import Teaching
from unpool.viewer.teaching.classroom import Classroom


def test_an_answer_is_as_declared(tmp_path: Path) -> None:
    unit_ND, kind_N = make_kinds((40, 30), spread=0.2)
    labels = ["hat" if kind else "shoe" for kind in kind_N[:20]]
    make_workspace(tmp_path / "w.unpool", unit_ND, [*labels, *[None] * 50])
    answer = Classroom(Session(tmp_path / "w.unpool")).advise(1, 3, patience=None)
    assert TypeAdapter(Teaching).validate_python(answer, strict=True) == answer
    assert answer["batches"]
    assert set(answer) == set(Teaching.__annotations__)
