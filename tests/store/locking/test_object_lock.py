from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.object_store import in_memory
from unpool.core.objects.client import Objects, StoreError
from unpool.store.locking.object_lock import ObjectLock


def two_machines() -> tuple[ObjectLock, ObjectLock]:
    objects = in_memory()
    return ObjectLock(objects, "lock.json"), ObjectLock(objects, "lock.json")


def test_one_of_many_gets_it() -> None:
    objects = in_memory()
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: ObjectLock(objects, "lock.json").create(str(number)), range(8)))
    assert got.count(True) == 1
    assert ObjectLock(objects, "lock.json").read() == str(got.index(True))


def test_it_is_renewed_until_another_has_taken_it() -> None:
    one, other = two_machines()
    assert one.create("one")
    assert one.renew()
    assert one.renew()
    other.remove_if(lambda content: content == "one")
    assert other.create("other")
    assert not one.renew()
    assert other.read() == "other"
    assert other.renew()


def test_what_was_renewed_meanwhile_is_not_removed() -> None:
    one, other = two_machines()
    assert one.create("one")

    def is_meant(content: str) -> bool:
        assert one.renew()  # between the look at it and its removal
        return True

    other.remove_if(is_meant)
    assert one.read() == "one"


def test_an_answer_that_was_lost_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = two_machines()
    assert one.create("one")
    one.objects.replace("lock.json", b"one", one._tag)  # which came through, unseen
    assert one.renew()
    assert one.renew()

    def fail(*_: object) -> None:
        raise StoreError("no network")

    monkeypatch.setattr(Objects, "replace", fail)
    assert one.renew()


def test_its_age_goes_by_the_clock_of_the_store() -> None:
    one, _ = two_machines()
    assert one.create("one")
    assert 0 <= one.age() < 60
    one.remove()
    assert one.read() is None
    assert one.age() == 0
    assert [each.name for each in one.objects.list_all()] == []
