"""`unpool view`: the server on loopback, which fetches nothing from elsewhere."""

from __future__ import annotations

import contextlib
import html
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from unpool import __version__
from unpool.errors import UnpoolError
from unpool.store.remote.mirror import with_addresses
from unpool.viewer.cleaning.routes import clean_routes
from unpool.viewer.folders import RunFolders
from unpool.viewer.inspection.routes import inspection_routes
from unpool.viewer.jobs import JobRunningError, Jobs
from unpool.viewer.read_routes import read_routes
from unpool.viewer.report_refresh import ReportRefresher
from unpool.viewer.security import POLICY, RequestGuard, framed_headers
from unpool.viewer.session import Session, StaleError
from unpool.viewer.teaching.routes import teach_routes
from unpool.viewer.words.routes import words_routes
from unpool.viewer.write_routes import reload_after, write_routes

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# FastAPI would export traces where the environment names a collector.
NO_TELEMETRY: Any = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
ASSETS = {"page.js": "text/javascript", "page.css": "text/css"}


def create_app(
    work: Path, *, root: Path | None = None, token: str | None = None, segmenter: Path | None = None,
    host: str = "127.0.0.1", framed: bool = False,
) -> RequestGuard:  # fmt: skip
    """Create the viewer of a workspace as an ASGI application.

    Args:
        work: The workspace.
        root: Folder under which runs may be started from the page; the current one where None.
        token: What requests that change something must carry; a random one where None.
        segmenter: Model folder for overlays; WORK/segmenter where None.
        host: Name or address that requests may be sent to, beside loopback.
        framed: Whether a page of this machine, such as a notebook, may show the page in a frame.

    Returns:
        The application behind its guard.

    Raises:
        UnpoolError: There is no workspace.
    """
    token = token or secrets.token_urlsafe(24)
    session = Session(work, segmenter=segmenter)
    jobs, refresher = Jobs(reload_after(session)), ReportRefresher()
    app = FastAPI(
        title="unpool", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
        telemetry=NO_TELEMETRY, lifespan=_lifespan(jobs, refresher), separate_input_output_schemas=False,
    )  # fmt: skip
    app.include_router(read_routes(session))
    app.include_router(teach_routes(session))
    app.include_router(inspection_routes(session))
    app.include_router(clean_routes(session, jobs))
    app.include_router(words_routes(session))
    app.include_router(write_routes(session, jobs, RunFolders(root or Path.cwd()), refresher))
    _page_routes(app, token, framed_headers()["content-security-policy"] if framed else POLICY)
    _error_answers(app)
    return RequestGuard(
        app,
        hosts={*LOOPBACK, host},
        token=token,
        release=jobs.release_waiters,
        close=jobs.close,
        framed=framed,
    )


def _lifespan(
    jobs: Jobs, refresher: ReportRefresher
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()
        refresher.flush()

    return lifespan


def _page_routes(app: FastAPI, token: str, own_policy: str) -> None:
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
        policy = own_policy.replace("script-src 'self'", f"script-src 'self' 'nonce-{nonce}'")
        headers = {"cache-control": "no-store", "content-security-policy": policy}
        return Response(text, media_type="text/html", headers=headers)

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name not in ASSETS:
            return JSONResponse({"detail": "there is no such file"}, 404)
        content = (files("unpool.viewer") / "static" / "assets" / name).read_bytes()
        return Response(content, media_type=ASSETS[name], headers={"cache-control": "no-cache"})


def _error_answers(app: FastAPI) -> None:
    """Answer every error with one line in `detail`; those a user can mend get a 4xx status."""

    @app.exception_handler(UnpoolError)
    async def user_error(_: Request, error: UnpoolError) -> JSONResponse:
        status = 409 if isinstance(error, StaleError) else 423 if isinstance(error, JobRunningError) else 422
        return JSONResponse({"detail": with_addresses(str(error))}, status)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first.get("loc", ()))
        return JSONResponse({"detail": f"{place[:200]}: {str(first.get('msg'))[:300]}"}, 422)

    @app.exception_handler(OSError)
    async def system_error(_: Request, error: OSError) -> JSONResponse:
        return JSONResponse({"detail": f"{error.filename or ''}: {error.strerror or error}"}, 422)


def serve(
    work: Path, *, host: str = "127.0.0.1", port: int = 0, segmenter: Path | None = None,
    ready: Callable[[str], None],
) -> None:  # fmt: skip
    """Serve the viewer until Ctrl-C.

    Args:
        work: The workspace.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        segmenter: Model folder for overlays; WORK/segmenter where None.
        ready: Called with the address of the page once it can be opened.

    Raises:
        UnpoolError: The port is in use, or there is no workspace.
    """
    app = create_app(work, segmenter=segmenter, host=f"[{host}]" if ":" in host else host)
    listening = listen(host, port)
    server = make_server(app, listening, ready)
    ended = server.handle_exit

    def handle_exit(number: int, frame: FrameType | None) -> None:
        app.release()  # pages that wait for events would keep the server waiting for them
        ended(number, frame)

    server.handle_exit = handle_exit  # type: ignore[method-assign, assignment]
    with listening, contextlib.suppress(KeyboardInterrupt):
        try:
            server.run(sockets=[listening])
        finally:  # a second Ctrl-C skips the end of the application's lifespan
            app.close()


def make_server(app: RequestGuard, listening: socket.socket, ready: Callable[[str], None]) -> uvicorn.Server:
    """Make a server, which is not running yet.

    Args:
        app: The application.
        listening: The socket that it answers on.
        ready: Called with the address of the page once it can be opened.

    Returns:
        The server; `run` with the socket starts it.
    """
    import uvicorn

    address, bound = listening.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    started = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await started(sockets)
        ready(f"http://{shown}:{bound}/")

    server.startup = startup  # type: ignore[method-assign]
    return server


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Raises `UnpoolError` where that cannot be done."""
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
