from __future__ import annotations

from pathlib import Path

import pytest

from unpool.core.objects.address import Address, is_address, parse_address, resolve_file_address
from unpool.errors import UsageError


@pytest.mark.parametrize("text", ["s3://b/a", "gs://b", "az://b/a/", Path("s3://b/a")])
def test_addresses_are_known(text: str | Path) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["photos", "/photos", "mnist:train", "s3:photos", "http://b/a", "file:///a", ""]
)
def test_other_texts_are_none(text: str) -> None:
    assert not is_address(text)


def test_slashes_do_not_count() -> None:
    expected = Address("s3", "bucket", "a/b")
    assert parse_address("s3://bucket/a//b/") == parse_address(Path("s3://bucket/a/b")) == expected
    assert expected.uri == "s3://bucket/a/b"
    assert (expected.name, parse_address("gs://bucket").name) == ("b", "bucket")


@pytest.mark.parametrize("text", ["s3://", "s3://../a", "s3://bucket/../other", "s3://bucket/a\nb"])
def test_an_address_that_leads_nowhere_is_refused(text: str) -> None:
    read = parse_address if is_address(text) else resolve_file_address  # without a bucket
    with pytest.raises(UsageError):
        read(text)


def test_file_addresses_are_paths(tmp_path: Path) -> None:
    odd = tmp_path / "100%25"
    odd.mkdir()
    assert resolve_file_address(odd.as_posix()) == odd.as_posix()
    assert resolve_file_address(f"file://{odd.as_posix()}") == odd.as_posix()
    assert resolve_file_address("file://localhost/a%20b") == "/a b"


@pytest.mark.parametrize("text", ["http://server/photos", "ftp://server", "file://server/photos"])
def test_other_addresses_are_refused_with_what_is_known(text: str) -> None:
    with pytest.raises(UsageError, match=r"s3://|file:///"):
        resolve_file_address(text)
