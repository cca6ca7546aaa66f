"""The page's teacher knows the rows, follows the labels, and begins again where images change."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.kinds import make_kinds, make_workspace
from unpool.actions.curation import edit
from unpool.errors import UnpoolError
from unpool.store.table import ImageTable
from unpool.viewer.session import Session, StaleError
from unpool.viewer.teaching.classroom import Classroom

NAMES = ("hat", "shoe")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Forty images of two kinds, twelve of them labelled; rows of the page begin with one that has no vector."""
    unit_ND, kind_N = make_kinds((25, 15), spread=0.2)
    labels: list[str | None] = [NAMES[kind] for kind in kind_N[:12]]
    make_workspace(tmp_path / "w.unpool", unit_ND, [*labels, *[None] * 28])
    ImageTable(tmp_path / "w.unpool").upsert([{"path": "-.png", "status": "ok"}])
    return tmp_path / "w.unpool"


def test_answers_are_in_rows_of_the_page(work: Path) -> None:
    session = Session(work)
    answer = Classroom(session).advise(1, 5, patience=None)
    kind_N = make_kinds((25, 15), spread=0.2)[1]
    assert len(answer["images"]) == 5
    for image in answer["images"]:
        at = int(session.paths(1, [image["row"]])[0][:4])
        assert at >= 12
        assert image["label"] == NAMES[kind_N[at]]
    assert [(name["name"], name["count"]) for name in answer["names"]] == [
        (name, int((kind_N[:12] == kind).sum())) for kind, name in enumerate(NAMES)
    ]
    assert answer["accuracy"] is not None
    assert answer["accuracy"]["labels"] == 12
    assert (answer["labelled"], answer["left"], answer["compared"], answer["learnt"]) == (12, 29, 40, 12)
    for batch in answer["batches"]:
        assert {NAMES[kind_N[int(path[:4])]] for path in session.paths(1, batch["rows"])} == {batch["label"]}


def test_labelled_images_are_gone_at_once(work: Path) -> None:
    session = Session(work)
    classroom = Classroom(session)
    rows = [image["row"] for image in classroom.advise(1, 20, patience=None)["images"]]
    edit.label(work, session.paths(1, rows[:3]), "hat")
    edit.mark(work, session.paths(1, rows[3:4]))
    session.reload()
    answer = classroom.advise(1, 20, patience=0)  # nothing new is learnt yet
    assert (answer["labelled"], answer["left"], answer["learnt"]) == (15, 25, 12)
    assert not {image["row"] for image in answer["images"]} & set(rows[:4])
    assert classroom.advise(1, 20, patience=None)["learnt"] == 15


def test_other_vectors_are_read_again(work: Path) -> None:
    session = Session(work)
    classroom = Classroom(session)
    before = classroom.advise(1, 20, patience=None)
    table = ImageTable(work)
    paths, vectors_ND = table.vectors()
    table.update(paths, {"vector": vectors_ND[::-1].copy()})
    session.reload()
    assert session.revision == 1
    after = classroom.advise(1, 20, patience=None)
    assert [image["row"] for image in before["images"]] != [image["row"] for image in after["images"]]


def test_of_many_images_a_sample_is_taught(work: Path) -> None:
    session = Session(work)
    classroom = Classroom(session, max_numbers=20 * 16)
    answer = classroom.advise(1, 30, patience=None)
    assert (answer["compared"], answer["labelled"], answer["learnt"]) == (20, 12, 10)
    first = {image["row"] for image in answer["images"]}
    assert len(first) == 10
    edit.label(work, session.paths(1, sorted(first)[:5]), "hat")
    session.reload()
    assert {image["row"] for image in classroom.advise(1, 30, patience=None)["images"]} == {
        *sorted(first)[5:]
    }
    edit.label(work, session.paths(1, sorted(first)[5:8]), "hat")  # hardly any is left: others come
    session.reload()
    answer = classroom.advise(1, 30, patience=None)
    assert (answer["labelled"], answer["learnt"]) == (20, 10)
    assert len({image["row"] for image in answer["images"]} - first) >= 6


def test_wrong_requests(work: Path, tmp_path: Path) -> None:
    with pytest.raises(StaleError):
        Classroom(Session(work)).advise(2, 5)
    table = ImageTable.create(tmp_path / "empty.unpool")
    table.upsert([{"path": "a.png", "status": "ok"}])
    with pytest.raises(UnpoolError, match=r"nothing in .* is embedded yet"):
        Classroom(Session(table.work)).advise(1, 5)
