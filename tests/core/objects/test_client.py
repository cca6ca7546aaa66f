from __future__ import annotations

import builtins
import itertools
import pickle
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.object_store import in_memory, use_memory
from unpool.core.objects import client
from unpool.core.objects.address import parse_address
from unpool.core.objects.client import ObjectDeniedError, Objects, StoreError, open_bucket


def fail_times(number: int, error: Exception) -> Callable[[], str]:
    """A request that fails at first."""
    left = [error] * number

    def request() -> str:
        if left:
            raise left.pop()
        return "done"

    return request


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT", 0)


def test_objects_are_listed_below_the_address_alone() -> None:
    photos = in_memory()
    other = Objects(parse_address("s3://bucket/photos-2"), photos._store)
    for objects, name in ((photos, "a.jpg"), (photos, "b/c.jpg"), (other, "d.jpg")):
        objects.write(name, b"content")
    assert [(each.name, each.bytes) for each in photos.list_all()] == [("a.jpg", 7), ("b/c.jpg", 7)]
    assert [each.name for each in photos.list_all("b")] == ["b/c.jpg"]
    folders, here = photos.list_level()
    assert (folders, [each.name for each in here]) == ({"b"}, ["a.jpg"])


def test_listing_goes_on_over_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    objects = in_memory()
    for number in range(5):
        objects.write(f"{number}.jpg", b"x")
    assert len(list(objects.list_all())) == 5


@pytest.mark.parametrize("num_good", [0, 1, 2])
def test_a_listing_that_fails_goes_on_behind_what_came(
    num_good: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import obstore
    from obstore.exceptions import GenericError

    monkeypatch.setattr(client, "PAGE", 2)
    objects = in_memory()
    for number in range(6):
        objects.write(f"{number}.jpg", b"x")
    true_list, failures = obstore.list, [True, True]

    def fail_at_first(*args: object, **options: object) -> Iterator[object]:
        yield from itertools.islice(true_list(*args, **options), num_good if failures else None)  # type: ignore[arg-type]
        if failures and failures.pop():
            raise GenericError("HTTP error: error sending request")

    monkeypatch.setattr(obstore, "list", fail_at_first)
    assert [each.name for each in objects.list_all()] == [f"{number}.jpg" for number in range(6)]
    failures += [True] * client.MAX_ATTEMPTS
    if not num_good:
        with pytest.raises(StoreError, match="cannot be reached"):
            list(objects.list_all())


def test_content_and_its_tag(tmp_path: Path) -> None:
    objects = in_memory()
    tag = objects.write("a.bin", b"0123456789")
    assert objects.read("a.bin") == b"0123456789"
    assert objects.read_start("a.bin", 4) == b"0123"
    assert objects.read_tagged("a.bin") == (b"0123456789", tag)
    objects.download("a.bin", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"0123456789"
    found = objects.find("a.bin")
    assert found is not None
    assert found.tag == tag
    objects.delete("a.bin")
    objects.delete("a.bin")
    assert objects.find("a.bin") is None
    with pytest.raises(FileNotFoundError):
        objects.read("a.bin")


def test_a_download_goes_on_after_a_part_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import obstore

    objects, asked = in_memory(), []
    objects.write("a.bin", b"0123456789")
    monkeypatch.setattr(client, "PART_BYTES", 4)

    def get_range(store: object, path: str, *, start: int, end: int) -> bytes:
        asked.append((start, end))
        if len(asked) == 2:
            raise OSError("error sending request")
        return b"0123456789"[start:end]

    monkeypatch.setattr(obstore, "get_range", get_range)
    objects.download("a.bin", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"0123456789"
    assert asked == [(0, 4), (4, 8), (4, 8), (8, 10)]


def test_a_full_disk_is_no_fault_of_the_store() -> None:
    objects = in_memory()
    objects.write("a.bin", b"0123456789" * 10_000)
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no disk that is always full")
    with pytest.raises(OSError, match="No space left"):
        objects.download("a.bin", full)
    assert objects.num_repeats == 0


def test_google_knows_generations_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import obstore

    modes: list[object] = []

    def put(store: object, path: str, content: bytes, *, mode: object) -> dict[str, str]:
        modes.append(mode)
        return {"e_tag": "tag", "version": str(len(modes))}

    monkeypatch.setattr(obstore, "put", put)
    objects = in_memory("gs://bucket/photos")
    assert objects.create("lock", b"one") == "1"
    assert objects.replace("lock", b"two", "1") == "2"
    assert modes == ["create", {"version": "1"}]


def test_conditional_writes() -> None:
    objects = in_memory()
    tag = objects.create("lock", b"one")
    assert tag is not None
    assert objects.create("lock", b"two") is None
    assert objects.replace("lock", b"three", tag) is not None
    assert objects.replace("lock", b"four", tag) is None
    assert objects.read("lock") == b"three"


def test_what_fails_for_a_while_is_repeated_and_counted() -> None:
    objects = in_memory()
    error = OSError("Generic S3 error: HTTP error: error sending request")
    assert objects._call(fail_times(3, error), "a.jpg") == "done"
    assert objects.num_repeats == 3
    with pytest.raises(StoreError, match=r"s3://bucket/photos/a\.jpg cannot be reached \(HTTP error"):
        objects._call(fail_times(client.MAX_ATTEMPTS, error), "a.jpg")


def test_an_answer_that_will_not_change_is_not_asked_for_again() -> None:
    objects = in_memory()
    with pytest.raises(StoreError):
        objects._call(fail_times(1, OSError("response status: 400 Bad Request")), "a.jpg")
    assert objects.num_repeats == 0
    for reason in (
        'Error parsing Path "a//b.jpg": Encountered',
        'Path "a//b.jpg" contained empty path segment',
    ):
        odd = OSError(f"Encountered object with invalid path: {reason}")
        with pytest.raises(StoreError, match=r"holds an object of the name 'a//b\.jpg'.*; rename it"):
            objects._call(fail_times(1, odd), "")
    with pytest.raises(StoreError, match="set AWS_ACCESS_KEY_ID"):
        objects._call(fail_times(1, OSError("error at http://169.254.169.254/latest")), "a.jpg")
    assert objects.num_repeats == 0


def test_what_may_not_be_read_is_told_apart() -> None:
    from obstore.exceptions import PermissionDeniedError

    with pytest.raises(ObjectDeniedError, match="may not be read or written with these credentials"):
        in_memory()._call(fail_times(1, PermissionDeniedError("403")), "a.jpg")


def test_another_process_opens_the_bucket_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    use_memory(monkeypatch)
    objects = Objects(parse_address("s3://bucket/photos"))
    objects.write("a.jpg", b"x")
    assert pickle.loads(pickle.dumps(objects)).read("a.jpg") == b"x"


@pytest.mark.parametrize("uri", ["s3://bucket/a", "gs://bucket/a", "az://bucket/a"])
def test_a_missing_library_is_one_line(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    true_import = builtins.__import__

    def fail(name: str, *rest: object) -> object:
        if name.startswith("obstore"):
            raise ImportError(name)
        return true_import(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(StoreError, match="pip install obstore"):
        open_bucket(parse_address(uri), None)


def test_a_store_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SILENT_SECONDS", 1)
    monkeypatch.setattr(client, "MAX_ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(StoreError, match="cannot be reached"):
            Objects(parse_address("s3://bucket/photos")).read("a.jpg")
        assert time.monotonic() - start < 10
