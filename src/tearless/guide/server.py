"""The guide in the browser: a server on this machine alone, for the one who opened it."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tearless.core import InputError

from . import around
from .pages import STATIC, Guide, style
from .running import end_all, run

COOKIE = "tearless"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LONGEST_CODE = 50_000
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Lets in whoever has the token, at this host and from these pages; everybody else is told no."""

    def __init__(self, app: ASGIApp, token: str, hosts: frozenset[str]) -> None:
        self.app, self.token, self.hosts = app, token, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        response = self._refusal(request)
        if response is None and "token" in request.query_params:
            others = {name: value for name, value in request.query_params.items() if name != "token"}
            response = RedirectResponse(request.url.path + (f"?{urlencode(others)}" if others else ""), 303)
            response.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
        await (response or self.app)(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host", "") not in self.hosts:
            return PlainTextResponse("this server answers at its own address alone", 403)
        origin = request.headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self.hosts:
            return PlainTextResponse("this server answers its own pages alone", 403)
        shown = request.query_params.get("token") or request.cookies.get(COOKIE, "")
        if not hmac.compare_digest(shown.encode(), self.token.encode()):
            return PlainTextResponse("open the address that `tearless learn` printed: it holds the key", 403)
        return None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *((k.lower().encode(), v.encode()) for k, v in HEADERS.items())]
        await send(message)

    return sending


Handler = Callable[[Request], Response | Awaitable[Response]]


def app_of(guide: Guide, token: str, hosts: frozenset[str], *, runs: bool = True) -> Starlette:
    """The pages of a guide. ``hosts`` are the addresses it answers at, ``runs`` whether it runs the reader's code."""

    def page(make: Callable[[Request], str]) -> Handler:
        def handler(request: Request) -> Response:
            try:
                return HTMLResponse(make(request))
            except InputError as why:
                return HTMLResponse(guide.refusal(str(why)), 400)

        return handler

    def view(request: Request) -> Response:
        try:
            return JSONResponse(guide.view(request.path_params["name"], dict(request.query_params)))
        except InputError as why:
            return JSONResponse({"refused": str(why)}, 400)

    async def code(request: Request) -> Response:
        from starlette.concurrency import run_in_threadpool

        body = await request.body()
        if not runs or len(body) > LONGEST_CODE:
            return JSONResponse({"stopped": "code is not run here" if not runs else "this is too long"}, 403)
        names = guide.names(request.path_params["name"])
        return JSONResponse(asdict(await run_in_threadpool(run, body.decode("utf-8", "replace"), names)))

    routes = [
        Route("/", page(lambda _: guide.contents())),
        Route("/lesson/{name}", page(lambda r: guide.lesson(r.path_params["name"], dict(r.query_params)))),
        Route("/lesson/{name}/view", view),
        Route("/lesson/{name}/run", code, methods=["POST"]),
        Route("/style.css", lambda _: Response(style(), media_type="text/css")),
        Route("/start", page(lambda _: around.start())),
        Route("/map", page(lambda _: around.map_of_algorithms())),
        Route("/published", page(lambda _: around.published())),
        Route("/check/{name}", page(lambda r: around.check(r.path_params["name"]))),
        Route("/incidents", page(lambda _: around.incidents())),
        Route("/incident/{name}", page(lambda r: around.incident(r.path_params["name"]))),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, token=token, hosts=hosts)])


def serve(guide: Guide, *, port: int = 0, runs: bool = True, ready: Callable[[str], None]) -> None:
    """Serve a guide on this machine until Ctrl-C. ``ready`` is told the address, which holds the key, once it answers.

    ``port`` 0 takes a free one. Raises ``InputError`` where the port is taken.
    """
    import asyncio
    import secrets
    import socket

    import uvicorn

    if not 0 <= port <= 65_535:
        raise InputError(f"port: expected a number from 0 to 65535, got {port}; 0 takes a free one")
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as fault:
        raise InputError(f"port: expected a free one, got {port} ({fault.strerror}); 0 takes a free one") from None
    taken, token = listening.getsockname()[1], secrets.token_urlsafe(24)
    hosts = frozenset({f"127.0.0.1:{taken}", f"localhost:{taken}"})
    config = uvicorn.Config(
        app_of(guide, token, hosts, runs=runs),
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)

    async def serving() -> None:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        if server.started:
            ready(f"http://127.0.0.1:{taken}/?token={token}")
        await task

    try:
        asyncio.run(serving())
    finally:
        end_all()
