from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.object_store import use_folders, use_machine
from unpool import Workspace
from unpool.core.objects.client import ObjectFacts, Objects, StoreError
from unpool.errors import UnpoolError, UsageError
from unpool.store import lock
from unpool.store.lock import WorkingError, find_holder, working
from unpool.store.remote import mirror
from unpool.store.remote.mirror import (
    INDEX,
    Remote,
    name_of,
    open_workspace,
    push_changes,
    remote_of,
    with_addresses,
)
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable, has_table
from unpool.store.versions import restore_version

URI = "s3://bucket/photos.unpool"


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    use_folders(monkeypatch, tmp_path)
    (tmp_path / "bucket").mkdir()
    return tmp_path / "bucket"


def remote(work: Path) -> Remote:
    found = remote_of(work)
    assert found is not None
    return found


def open_new() -> Path:
    """A workspace of a state alone."""
    work = open_workspace(URI)
    (work / "unpool.yaml").write_text("versions: {}")
    return work


def files_of(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.startswith(".remote") and file.name != "unpool.yaml"
    }


def test_other_workspaces_are_where_they_are(tmp_path: Path) -> None:
    assert open_workspace("photos.unpool") == Path("photos.unpool")
    assert open_workspace(tmp_path.as_uri()) == tmp_path
    assert remote_of(tmp_path) is None
    assert name_of(tmp_path) == str(tmp_path)
    push_changes(tmp_path)


def test_files_go_there_and_to_another_machine(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    work = open_new()
    assert work.name == "photos.unpool"
    (work / "report").mkdir()
    (work / "report" / "index.html").write_text("page")
    (work / "groups.csv").write_text("path")
    (work / ".partial-1-x").write_text("half written")
    (work / "decoding.trail").write_text("of one process")
    push_changes(work)
    expected = {"report/index.html": "page", "groups.csv": "path"}
    assert files_of(bucket / "photos.unpool") == expected
    use_machine(monkeypatch, tmp_path / "other")
    other = open_workspace(f"{URI}/")
    assert other != work
    assert files_of(other) == expected
    (other / "groups.csv").unlink()
    (other / "report" / "index.html").write_text("another")
    push_changes(other)
    Remote(work, remote(work).address).pull()
    assert files_of(work).keys() == {"report/index.html", ".partial-1-x", "decoding.trail"}
    assert files_of(work)["report/index.html"] == "another"


def test_only_what_has_changed_is_sent_and_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    work = open_new()
    (work / "a").write_text("a")
    (work / "b").write_text("b")
    push_changes(work)
    sent: list[str] = []
    true_send = Remote._send
    monkeypatch.setattr(Remote, "_send", lambda self, name: sent.append(name) or true_send(self, name))
    monkeypatch.setattr(Remote, "_fetch", lambda *_: pytest.fail("it is here"))
    push_changes(work)
    assert sent == []
    (work / "b").write_text("longer")
    push_changes(work)
    assert sent == ["b"]
    open_workspace(URI)


def test_the_state_goes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    work = open_workspace(URI)
    (work / "unpool.yaml").write_text("versions: {}")
    (work / "z").write_text("z")
    monkeypatch.setattr(Remote, "_send", _failing_at("z"))
    with pytest.raises(StoreError):
        push_changes(work)
    assert remote(work).objects.find("unpool.yaml") is None


def _failing_at(name: str) -> object:
    true_send = Remote._send

    def send(self: Remote, file: str) -> object:
        if file == name:
            raise StoreError("no network")
        return true_send(self, file)

    return send


def test_what_a_killed_command_has_not_sent_is_kept(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    work = open_new()
    (work / "a").write_text("a")
    push_changes(work)
    (work / "a").write_text("changed here")
    (work / "new").write_text("new")
    assert files_of(open_workspace(URI)) == {"a": "changed here", "new": "new"}
    use_machine(monkeypatch, tmp_path / "other")
    other = open_workspace(URI)
    (other / "a").write_text("changed there")
    push_changes(other)
    Remote(work, remote(other).address).pull()  # where both have changed, what was sent counts
    assert files_of(work) == {"a": "changed there", "new": "new"}


def test_what_was_tidied_away_here_is_fetched_again(bucket: Path) -> None:
    work = open_new()
    (work / "a").write_text("a")
    push_changes(work)
    (work / "a").unlink()
    with working(open_workspace(URI), "unpool group"):
        assert files_of(work) == {"a": "a"}
    assert (bucket / "photos.unpool" / "a").exists()


def test_a_folder_of_other_things_is_refused(bucket: Path) -> None:
    (bucket / "photos").mkdir()
    (bucket / "photos" / "a.jpg").write_text("x")
    with pytest.raises(UsageError, match=r"--work s3://bucket/photos is no workspace and holds a\.jpg"):
        open_workspace("s3://bucket/photos")
    with pytest.raises(UsageError, match="is a whole bucket"):
        open_workspace("s3://bucket")


def test_the_table_lies_on_the_store(bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work = open_workspace(URI)
    assert not has_table(work)
    with pytest.raises(UnpoolError, match="no workspace at"):
        ImageTable(work)
    ImageTable.create(work).upsert([{"path": "a.png", "status": "ok"}])
    assert (bucket / "photos.unpool" / "images.lance" / "_versions").is_dir()
    assert list((work / "images.lance").iterdir()) == []
    use_machine(monkeypatch, tmp_path / "other")
    assert len(ImageTable(open_workspace(URI))) == 1


def test_a_missing_data_file_is_reported(bucket: Path) -> None:
    work = open_workspace(URI)
    ImageTable.create(work).upsert([{"path": "a.png", "status": "ok"}])
    for file in (bucket / "photos.unpool" / "images.lance" / "data").iterdir():
        file.unlink()
    with pytest.raises(UnpoolError, match=r"its file data/.* is missing"):
        ImageTable(work)


def test_the_state_is_sent_when_it_is_written(bucket: Path) -> None:
    work = open_workspace(URI)
    write_state(work, network="conv")
    assert "conv" in (bucket / "photos.unpool" / "unpool.yaml").read_text()


def test_the_lock_lies_on_the_store_too(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    work = open_workspace(URI)
    with working(work, "unpool run", create=True):
        (work / "a").write_text("a")
        held = bucket / "photos.unpool" / "lock-results.json"
        assert json.loads(held.read_text())["command"] == "unpool run"
        with monkeypatch.context() as there:
            use_machine(there, tmp_path / "other")
            there.setattr(lock, "_machine", lambda: "another")
            other = open_workspace(URI)
            with (
                pytest.raises(WorkingError, match=rf"`unpool run` works in {URI}"),
                working(other, "unpool group"),
            ):
                pytest.fail("two at once")
        assert not (bucket / "photos.unpool" / "a").exists()
    assert find_holder_in(bucket) == []


def find_holder_in(bucket: Path) -> list[str]:
    return [file.name for file in (bucket / "photos.unpool").glob("lock-*")]


def test_who_holds_it_has_what_the_last_one_sent(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    work = open_workspace(URI)
    use_machine(monkeypatch, tmp_path / "other")
    other = open_workspace(URI)
    with working(other, "unpool run", create=True):
        write_state(other, network="conv")
    with working(work, "unpool group"):
        assert read_state(work)["network"] == "conv"
        with working(work, "unpool group"):
            (work / "groups.csv").write_text("path")
        assert not (bucket / "photos.unpool" / "groups.csv").exists()
    assert (bucket / "photos.unpool" / "groups.csv").exists()


def test_an_error_inside_sends_what_is_whole(bucket: Path) -> None:
    work = open_workspace(URI)

    def fail() -> None:
        with working(work, "unpool run", create=True):
            (work / "a").write_text("a")
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert (bucket / "photos.unpool" / "a").exists()
    assert find_holder(work) is None


def test_who_has_lost_the_workspace_sends_nothing(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.01)
    lost = threading.Event()
    monkeypatch.setattr(lock.ObjectLock, "renew", lambda self: lost.set() or False)
    work = open_workspace(URI)

    def work_on() -> None:
        with working(work, "unpool run", create=True):
            (work / "a").write_text("a")
            assert lost.wait(10)
            while not remote(work).is_lost:
                time.sleep(0.001)

    with pytest.raises(UnpoolError, match=rf"another command has taken {URI}"):
        work_on()
    assert not (bucket / "photos.unpool" / "a").exists()


def test_who_has_lost_the_workspace_leaves_its_table_alone(bucket: Path) -> None:
    work = open_workspace(URI)
    table = ImageTable.create(work)
    table.upsert([{"path": "a.png", "status": "ok"}])
    version = table.version
    remote(work).is_lost = True
    changes: list[Callable[[], object]] = [
        lambda: table.upsert([{"path": "b.png", "status": "ok"}]),
        lambda: table.append([{"path": "b.png", "status": "ok"}]),
        lambda: table.update(["a.png"], {"label": ["x"]}),
        lambda: table.delete(["a.png"]),
        lambda: table.reset_vectors(2),
        table.compact,
        lambda: restore_version(work, 1),
    ]
    for change in changes:
        with pytest.raises(UnpoolError, match="another command has taken"):
            change()
    assert ImageTable(work).version == version


def test_objects_that_stand_for_folders_are_no_files(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = open_new()
    (work / "model").mkdir()
    (work / "model" / "a").write_text("a")
    push_changes(work)
    found = remote(work).objects.list_level

    def with_markers(folder: str = "") -> tuple[set[str], list[ObjectFacts]]:
        folders, objects = found(folder)
        return folders, [*objects, ObjectFacts("", 0, 0.0, "t"), ObjectFacts("model", 0, 0.0, "t")]

    monkeypatch.setattr(remote(work).objects, "list_level", with_markers)
    remote(work).pull()
    assert files_of(work) == {"model/a": "a"}


def test_what_is_removed_while_it_is_fetched_is_no_error(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    work = open_new()
    for name in ("a", "b"):
        (work / name).write_text(name)
    push_changes(work)
    use_machine(monkeypatch, tmp_path / "other")
    download = Objects.download

    def lose(self: Objects, name: str, file: Path) -> None:
        if name == "a":
            raise FileNotFoundError(name)
        download(self, name, file)

    monkeypatch.setattr(Objects, "download", lose)
    assert files_of(open_workspace(URI)) == {"b": "b"}


def test_what_was_sent_before_an_error_is_known_as_sent(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = open_new()
    push_changes(work)
    for name in ("a", "b"):
        (work / name).write_text(name)
    write = Objects.write

    def fail(self: Objects, name: str, content: bytes | Path) -> str | None:
        if name == "b":
            raise StoreError("b cannot be reached")
        return write(self, name, content)

    monkeypatch.setattr(mirror, "NUM_TRANSFERS", 1)
    monkeypatch.setattr(Objects, "write", fail)
    monkeypatch.setattr(Remote, "_local_files", lambda self: ["a", "b", "unpool.yaml"])
    with pytest.raises(StoreError, match="b cannot be reached"):
        push_changes(work)
    (work / "a").write_text("changed since")
    remote(work).pull()
    assert (work / "a").read_text() == "changed since"


def test_another_process_knows_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    work = open_workspace(URI)
    monkeypatch.setattr(mirror, "_opened", {})
    assert name_of(work) == URI
    assert with_addresses(json.dumps({"work": str(work)})) == json.dumps({"work": URI})
    assert with_addresses(f"{work / 'report'}") == f"{URI}/report"


def test_errors_name_the_address() -> None:
    workspace = Workspace(URI)
    calls: list[Callable[[], object]] = [
        workspace.group, workspace.table, lambda: workspace.label(["a.png"], "x"), lambda: workspace.search("a.png"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(UnpoolError, match=f"no workspace at {URI}: create one"):
            call()


def test_a_damaged_index_is_made_anew(bucket: Path) -> None:
    work = open_new()
    (work / "a").write_text("a")
    push_changes(work)
    (work / INDEX).write_text("{")
    os.utime(work / "a")
    assert files_of(open_workspace(URI)) == {"a": "a"}
