from __future__ import annotations

from pathlib import Path

import pytest

from unpool.core.objects.address import parse_address
from unpool.core.objects.credentials import client_settings, lance_settings, store_settings

S3, GS = parse_address("s3://bucket/a"), parse_address("gs://bucket/a")


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "ACCESS_KEY_ID",
        "ENDPOINT",
        "ENDPOINT_URL",
        "ENDPOINT_URL_S3",
        "REGION",
        "DEFAULT_REGION",
        "PROFILE",
    ):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def test_without_settings_the_region_is_given_alone() -> None:
    assert store_settings(S3) == {"aws_region": "us-east-1"}
    assert store_settings(GS) == {}
    assert "allow_http" not in client_settings(S3)


def test_an_endpoint_without_encryption_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    settings = lance_settings(S3)
    assert settings["aws_endpoint"] == "http://127.0.0.1:9000"
    assert (settings["allow_http"], settings["aws_region"]) == ("true", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example")
    assert "allow_http" not in lance_settings(S3)


def test_a_profile_gives_keys_where_the_environment_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[profile work]\nregion = eu-west-1\nendpoint_url = https://own.example\n"
    )
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = D\naws_secret_access_key = S\n[work]\naws_access_key_id = W\n"
    )
    assert store_settings(S3)["aws_access_key_id"] == "D"
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert store_settings(S3) == {
        "aws_access_key_id": "W", "aws_endpoint": "https://own.example", "aws_region": "eu-west-1",
    }  # fmt: skip
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "E")
    # Keys alone come from the environment then.
    assert store_settings(S3) == {"aws_endpoint": "https://own.example", "aws_region": "eu-west-1"}
