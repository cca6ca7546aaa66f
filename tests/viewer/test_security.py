"""Who may ask the viewer's server: its own page, under its own address, with the token of this run."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from unpool.viewer.security import HEADERS
from unpool.viewer.server import create_app

FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "",
    "[::2]",
    "0.0.0.0",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_host_is_refused(client: Any, host: str) -> None:
    assert client.get("/api/collection", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:1", "LOCALHOST", "[::1]:9"])
def test_its_own_names_are_answered(client: Any, host: str) -> None:
    assert client.get("/api/collection", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:81"]
)
def test_another_origin_is_refused(client: Any, origin: str) -> None:
    assert client.get("/api/collection", headers={"origin": origin}).status_code == 403
    assert client.post("/api/job/stop", headers={"origin": origin}).status_code == 403


def test_a_page_elsewhere_cannot_even_read(client: Any) -> None:
    for site in ("cross-site", "same-site"):
        assert client.get("/api/collection", headers={"sec-fetch-site": site}).status_code == 403
    assert client.get("/api/collection", headers={"sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "ü"])
def test_changes_need_the_token(client: Any, token: str) -> None:
    wish = {"revision": 1, "action": "label", "rows": [0], "label": "x"}
    answer = client.post("/api/edit", json=wish, headers={"x-unpool-token": token.encode("latin-1")})
    assert answer.status_code == 403
    assert "token" in answer.json()["detail"]
    assert client.get("/api/collection").json()["labels"] == []


def test_the_page_carries_the_token_and_fences_itself_in(client: Any) -> None:
    page = client.get("/")
    assert 'content="token-of-the-tests"' in page.text
    nonces = {
        re.search(r"'nonce-([^']+)'", client.get("/").headers["content-security-policy"])[1] for _ in range(2)
    }
    assert len(nonces) == 2  # each page has its own
    assert "unsafe" not in page.headers["content-security-policy"].split("script-src")[1].split(";")[0]
    for answer in (client.get("/api/collection"), client.get("/api/nowhere")):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value


@pytest.mark.parametrize("way", ["/assets/../server.py", "/assets/%2e%2e/server.py", "/assets/..%2Fserver.py",
                                 "/api/pictures/..%2F..%2Funpool.yaml", "/api/pictures/quality.json",
                                 "//etc/passwd", "/../../etc/passwd"])  # fmt: skip
def test_no_way_leads_out(client: Any, way: str) -> None:
    assert client.get(way).status_code in (404, 422)


def test_no_collector_that_the_environment_names_is_reported(
    viewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as collector:
        collector.settimeout(0.5)
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.getsockname()[1]}")
        testclient = pytest.importorskip("fastapi.testclient")
        app = create_app(viewed / "w.unpool", root=viewed, token="t")
        with testclient.TestClient(app, base_url="http://127.0.0.1") as client:
            assert client.get("/api/job").status_code == 200
            # Without OpenTelemetry's SDK nothing would be sent anyway, so what was asked for is looked at too.
            assert {app.inner._telemetry[name] for name in ("auto_configure", "tracing", "metrics")} == {
                False
            }
        with pytest.raises(TimeoutError):
            collector.accept()
