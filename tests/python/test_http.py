# SPDX-License-Identifier: MIT
"""A program of other people's packages: httpx asks an application in starlette, which a small server on anyio serves."""

import importlib.util
import unittest

HAS_ALL = all(importlib.util.find_spec(name) for name in ("anyio", "httpx", "sniffio", "starlette"))
if HAS_ALL:
    import anyio
    import anyio.abc
    import anyio.to_thread
    import h11
    import httpx
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
    from starlette.routing import Route

    import cqueues.anyio_backend
    from cqueues import guest

    cqueues.anyio_backend.install()
    cqueues.anyio_backend.teach_httpx()
    cqueues.anyio_backend.teach_httpx()


async def told(request):
    return JSONResponse({"path": request.url.path, "body": (await request.body()).decode()})


async def stream(request):
    async def pieces():
        for number in range(5):
            await anyio.sleep(0.001)
            yield f"{number}\n"

    return StreamingResponse(pieces())


def blocking(request):  # starlette calls it in a thread
    return PlainTextResponse("thread")


async def threads(request):
    return PlainTextResponse(str(sum([await run_in_threadpool(pow, 2, number) for number in range(4)])))


async def slow(request):
    await anyio.sleep(30)


def application():
    paths = {"/told": told, "/stream": stream, "/blocking": blocking, "/threads": threads, "/slow": slow}
    return Starlette(routes=[Route(path, function, methods=["GET", "POST"]) for path, function in paths.items()])


async def serve_connection(app, connection):
    """HTTP/1.1 for one connection: requests one after the other."""
    state = h11.Connection(h11.SERVER)

    async def event():
        while True:
            found = state.next_event()
            if found is not h11.NEED_DATA:
                return found
            try:
                state.receive_data(await connection.receive())
            except anyio.EndOfStream:
                state.receive_data(b"")

    async def receive():
        found = await event()
        if isinstance(found, h11.Data):
            return {"type": "http.request", "body": bytes(found.data), "more_body": True}
        if isinstance(found, h11.EndOfMessage):
            return {"type": "http.request", "body": b"", "more_body": False}
        await anyio.sleep_forever()  # the answer is under way

    async def send(message):
        if message["type"] == "http.response.start":
            headers = [*message["headers"]]
            await connection.send(state.send(h11.Response(status_code=message["status"], headers=headers)))
        else:
            data = state.send(h11.Data(data=message.get("body", b"")))
            if not message.get("more_body"):
                data += state.send(h11.EndOfMessage()) or b""
            if data:
                await connection.send(data)

    async with connection:
        while True:
            request = await event()
            if not isinstance(request, h11.Request):
                return
            path, _, query = request.target.partition(b"?")
            scope = {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method.decode(),
                "scheme": "http", "path": path.decode(), "raw_path": path, "query_string": query, "root_path": "",
                "headers": [(name.lower(), value) for name, value in request.headers], "client": None, "server": None,
            }
            await app(scope, receive, send)
            while state.their_state is h11.SEND_BODY:
                await event()
            if state.our_state is h11.MUST_CLOSE:
                return
            state.start_next_cycle()


async def with_server(function):
    """Calls a function with the server's address, in a task group beside the server."""
    app = application()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:

        async def handle(connection):
            try:
                await serve_connection(app, connection)
            except (anyio.BrokenResourceError, h11.RemoteProtocolError):
                pass

        group.start_soon(listener.serve, handle)
        await function(f"http://localhost:{listener.extra(anyio.abc.SocketAttribute.local_port)}")
        group.cancel_scope.cancel()


@unittest.skipUnless(HAS_ALL, "no anyio, httpx or starlette")
class Web(unittest.TestCase):
    async def ask(self, client):
        self.assertEqual((await client.get("/told")).json(), {"path": "/told", "body": ""})
        body = "x" * 300_000
        self.assertEqual((await client.post("/told", content=body)).json()["body"], body)
        self.assertEqual((await client.get("/blocking")).text, "thread")
        self.assertEqual((await client.get("/threads")).text, "15")
        self.assertEqual((await client.get("/missing")).status_code, 404)
        async with client.stream("GET", "/stream") as response:
            self.assertEqual([line async for line in response.aiter_lines()], ["0", "1", "2", "3", "4"])

    def test_a_client_asks_a_server_over_sockets(self):
        async def main(url):
            async with httpx.AsyncClient(base_url=url) as client, anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(self.ask, client)

        anyio.run(with_server, main, backend="cqueues")

    def test_a_client_asks_an_application_directly(self):
        async def main():
            transport = httpx.ASGITransport(application())
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                await self.ask(client)

        anyio.run(main, backend="cqueues")

    def test_what_is_cut_short_leaves_the_client_usable(self):
        async def main(url):
            async with httpx.AsyncClient(base_url=url) as client:
                with self.assertRaises(httpx.ReadTimeout):
                    await client.get("/slow", timeout=0.05)
                with anyio.move_on_after(0.05) as scope:
                    await client.get("/slow")
                self.assertTrue(scope.cancelled_caught)
                self.assertEqual((await client.get("/blocking")).text, "thread")
                with self.assertRaises(httpx.ConnectError):
                    await client.get("http://127.0.0.1:1/")

        anyio.run(with_server, main, backend="cqueues")

    def test_it_runs_by_our_own_run_too(self):
        async def main():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(with_server, lambda url: self.asked(url))

        cqueues.run(main)

    @unittest.skipUnless(importlib.util.find_spec("uvicorn"), "no uvicorn")
    def test_a_server_of_asyncio_serves_it_in_the_same_thread(self):
        import uvicorn

        async def main():
            server = uvicorn.Server(uvicorn.Config(application(), port=0, log_level="error", lifespan="off"))
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(guest.run_asyncio, server.serve)
                with cqueues.fail_after(20):
                    while not server.started:
                        await cqueues.sleep(0.01)
                await self.asked(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
                server.should_exit = True

        cqueues.run(main)

    async def asked(self, url):
        async with httpx.AsyncClient(base_url=url) as client:
            await self.ask(client)


if __name__ == "__main__":
    unittest.main()
