"""A browser and a program in a few lines: requests to an ASGI application in this very loop, with cookies, streams and nothing more."""

import asyncio
import json
from http.cookies import SimpleCookie
from urllib.parse import urlencode


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status = status
        self.raw_headers = headers
        self.headers = {name.decode().lower(): value.decode() for name, value in headers}
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"Answer({self.status}, {self.text[:300]})"


class Browser:
    """Sends requests; keeps cookies and the CSRF token when told so."""

    def __init__(self, app, *, token=None, address="192.0.2.7"):
        self.app = app
        self.token = token
        self.address = address
        self.cookies = {}
        self.csrf = None

    def scope(self, method, path, headers, query=None):
        sent = {"host": "hub.test"} | {name.lower(): value for name, value in headers.items()}
        if self.token and "authorization" not in sent:
            sent["authorization"] = f"Bearer {self.token}"
        if self.cookies and "cookie" not in sent:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.csrf and method != "GET" and "x-csrf-token" not in sent:
            sent["x-csrf-token"] = self.csrf
        path, _, inline = path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": (urlencode(query, doseq=True) if query else inline).encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items() if value is not None],
            "client": (self.address, 40000),
            "server": ("hub.test", 80),
        }

    async def ask(self, method, path, json_body=None, *, body=None, query=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.setdefault("content-type", "application/json")
        scope = self.scope(method, path, headers, query)
        sent = [{"type": "http.request", "body": body or b"", "more_body": False}]
        answer = {"body": b""}

        async def receive():
            return sent.pop(0) if sent else await asyncio.Future()

        async def send(message):
            if message["type"] == "http.response.start":
                answer["start"] = message
            elif message["type"] == "http.response.body":
                answer["body"] += message.get("body", b"")

        await self.app(scope, receive, send)
        found = Answer(answer["start"]["status"], answer["start"].get("headers", []), answer["body"])
        for name, value in found.raw_headers:
            if name.lower() == b"set-cookie":
                self._take(value.decode())
        return found

    def _take(self, text):
        for name, morsel in SimpleCookie(text).items():
            if morsel["max-age"] == "0" or not morsel.value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    async def get(self, path, **rest):
        return await self.ask("GET", path, **rest)

    async def post(self, path, json_body=None, **rest):
        return await self.ask("POST", path, json_body, **rest)

    async def patch(self, path, json_body=None, **rest):
        return await self.ask("PATCH", path, json_body, **rest)

    async def delete(self, path, **rest):
        return await self.ask("DELETE", path, **rest)

    async def log_in(self, name, password):
        answer = await self.post("/api/v1/session", {"name": name, "password": password})
        if answer.status == 201:
            self.csrf = answer.json["csrf_token"]
        return answer

    def stream(self, path, **headers):
        return Stream(self.app, self.scope("GET", path, {n.replace("_", "-"): v for n, v in headers.items()}))


class Stream:
    """A response that goes on, as an asynchronous context."""

    def __init__(self, app, scope):
        self.app = app
        self.scope = scope
        self.pieces = asyncio.Queue()
        self.gone = asyncio.Event()
        self.status = None
        self._text = ""

    async def __aenter__(self):
        started = asyncio.Event()
        asked = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive():
            if asked:
                return asked.pop(0)
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.start":
                self.status = message["status"]
                started.set()
            else:
                self.pieces.put_nowait(message.get("body", b""))

        self.task = asyncio.create_task(self.app(self.scope, receive, send))
        await started.wait()
        return self

    async def __aexit__(self, *_):
        self.gone.set()
        await self.task

    async def event(self):
        """The next event as its fields; comments and `retry` are passed over."""
        while True:
            while "\n\n" not in self._text:
                self._text += (await asyncio.wait_for(self.pieces.get(), 5)).decode()
            block, _, self._text = self._text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if "event" in fields:
                return fields
