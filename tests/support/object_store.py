"""Buckets in memory, as folders of this machine, and of a server of S3."""

from __future__ import annotations

import contextlib
import os
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from unpool.core.objects import client
from unpool.core.objects.address import Address, parse_address
from unpool.core.objects.client import Objects
from unpool.store import lance_rows
from unpool.store.remote import mirror
from unpool.store.remote.mirror import Remote


def in_memory(uri: str = "s3://bucket/photos") -> Objects:
    """An empty bucket of its own."""
    from obstore.store import MemoryStore

    return Objects(parse_address(uri), MemoryStore())


def use_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every bucket be one in memory, the same for all who open it."""
    from obstore.store import MemoryStore

    buckets: defaultdict[str, MemoryStore] = defaultdict(MemoryStore)
    monkeypatch.setattr(client, "open_bucket", lambda address, _: buckets[address.bucket])


def use_folders(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Let buckets be folders, tables of workspaces too, and every machine have an empty cache."""
    from obstore.store import LocalStore

    def open_bucket(address: Address, _: int | None) -> LocalStore:
        return LocalStore(place / address.bucket, mkdir=True)

    def table(remote: Remote) -> str:
        return str(place / remote.address.bucket / remote.address.prefix / "images.lance")

    monkeypatch.setattr(client, "open_bucket", open_bucket)
    monkeypatch.setattr(Remote, "table", property(table))
    monkeypatch.setattr(lance_rows, "lance_settings", lambda _: {})
    use_machine(monkeypatch, place / "machine")


def use_machine(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Go on as another machine, with a cache of its own."""
    cache.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("UNPOOL_CACHE", str(cache))
    monkeypatch.setattr(mirror, "_opened", {})


@contextlib.contextmanager
def serve_s3(monkeypatch: pytest.MonkeyPatch, *buckets: str) -> Iterator[None]:
    """A server with these buckets, empty, which the environment names; skips the test where it is not installed."""
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    try:
        for path, method in (("moto-api/reset", "POST"), *((bucket, "PUT") for bucket in buckets)):
            url = f"http://{host}:{port}/{path}"
            urllib.request.urlopen(urllib.request.Request(url, b"", method=method)).close()
        yield
    finally:
        server.stop()


def upload(objects: Objects, folder: Path) -> None:
    """Copy the files of a folder, as a tool for it would: no folders, no links."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            objects.write(file.relative_to(folder).as_posix(), file.read_bytes())
