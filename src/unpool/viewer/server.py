"""`unpool view`: the server on loopback. Everything it does is an action; nothing is fetched from elsewhere."""

from __future__ import annotations

import contextlib
import html
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from unpool import __version__
from unpool.errors import UnpoolError
from unpool.viewer.folders import Places
from unpool.viewer.jobs import JobRunningError, Jobs
from unpool.viewer.read_routes import reading_routes
from unpool.viewer.security import POLICY, Guard
from unpool.viewer.session import Session, StaleError
from unpool.viewer.write_routes import changing_routes, reload_after

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# FastAPI would export traces where the environment names a collector; ours tells nobody anything.
NO_TELEMETRY: Any = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
ASSETS = {"page.js": "text/javascript", "page.css": "text/css"}


def create_app(
    work: Path, *, root: Path | None = None, token: str | None = None, segmenter: Path | None = None,
    host: str = "127.0.0.1",
) -> Any:  # fmt: skip
    """The viewer of a workspace as an ASGI application.

    `root` is the folder under which runs may be started from the page, the current one unless given; `token` what
    changes must carry, drawn anew unless given. Raises `UnpoolError` where there is no workspace.
    """
    token = token or secrets.token_urlsafe(24)
    desk = Session(work, segmenter=segmenter)
    jobs = Jobs(reload_after(desk))
    app = FastAPI(
        title="unpool", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
        telemetry=NO_TELEMETRY, lifespan=_ending(jobs), separate_input_output_schemas=False,
    )  # fmt: skip
    app.include_router(reading_routes(desk))
    app.include_router(changing_routes(desk, jobs, Places(root or Path.cwd())))
    _page_routes(app, token)
    _error_answers(app)
    return Guard(app, hosts={*LOOPBACK, host}, token=token, let_go=jobs.let_go, close=jobs.close)


def _ending(jobs: Jobs) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()

    return lifespan


def _page_routes(app: FastAPI, token: str) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> Response:
        text = (files("unpool.viewer") / "static" / "index.html").read_text("utf-8")
        # The map's drawing functions are written at run time; the nonce lets them, and nothing else, become code.
        nonce = secrets.token_urlsafe(16)
        for place, known in (
            ('name="unpool-token" content="', token),
            ('property="csp-nonce" nonce="', nonce),
        ):
            text = text.replace(place, place + html.escape(known), 1)
        policy = POLICY.replace("script-src 'self'", f"script-src 'self' 'nonce-{nonce}'")
        headers = {"cache-control": "no-store", "content-security-policy": policy}
        return Response(text, media_type="text/html", headers=headers)

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name not in ASSETS:
            return JSONResponse({"detail": "there is no such file"}, 404)
        content = (files("unpool.viewer") / "static" / "assets" / name).read_bytes()
        return Response(content, media_type=ASSETS[name], headers={"cache-control": "no-cache"})


def _error_answers(app: FastAPI) -> None:
    """Whatever goes wrong is one line in `detail`; what the user can mend is never a fault of the server."""

    @app.exception_handler(UnpoolError)
    async def told(_: Request, error: UnpoolError) -> JSONResponse:
        status = 409 if isinstance(error, StaleError) else 423 if isinstance(error, JobRunningError) else 422
        return JSONResponse({"detail": str(error)}, status)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first.get("loc", ()))
        return JSONResponse({"detail": f"{place[:200]}: {str(first.get('msg'))[:300]}"}, 422)

    @app.exception_handler(OSError)
    async def refused(_: Request, error: OSError) -> JSONResponse:
        return JSONResponse({"detail": f"{error.filename or ''}: {error.strerror or error}"}, 422)


def serve(
    work: Path, *, host: str = "127.0.0.1", port: int = 0, segmenter: Path | None = None,
    ready: Callable[[str], None],
) -> None:  # fmt: skip
    """Serve the viewer until Ctrl-C; `ready` is called with its address once it can be opened.

    Port 0 takes a free one. Raises `UnpoolError` where the port is taken or there is no workspace.
    """
    import uvicorn

    app = create_app(work, segmenter=segmenter, host=f"[{host}]" if ":" in host else host)
    listening = _listen(host, port)
    address, bound = listening.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    started, ended = server.startup, server.handle_exit

    async def startup(sockets: Any = None) -> None:
        await started(sockets)
        ready(f"http://{shown}:{bound}/")

    def handle_exit(number: int, frame: Any) -> None:
        app.let_go()  # pages that wait for news would keep the server waiting for them
        ended(number, frame)

    server.startup, server.handle_exit = startup, handle_exit  # type: ignore[method-assign, assignment]
    with listening, contextlib.suppress(KeyboardInterrupt):
        try:
            server.run(sockets=[listening])
        finally:  # a second Ctrl-C skips what the application would do at its end
            app.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UnpoolError(
            f"{host}:{port} cannot be listened on: {error.strerror}; name another --port"
        ) from error
    return listening
