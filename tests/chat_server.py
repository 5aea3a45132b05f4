"""A real HTTP server on this machine that speaks chat completions, and misbehaves on schedule."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler", dict[str, Any]], None]


@dataclass
class ChatServer:
    """What the server was asked, and how it goes on answering."""

    schedule: list[Behaviour] = field(default_factory=list)
    """Behaviour of the next requests, first come first served; afterwards ``answer``."""
    default: Behaviour | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    """Paths that were read with GET: the list of models, the state of health."""
    models: Behaviour | None = None
    """How the list of models is answered; a list of one unless said otherwise."""
    under_way: int = 0
    most_under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    connections: set[socket.socket] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    http: ThreadingHTTPServer | None = None

    def die(self) -> None:
        """Stop listening and cut every connection, as the death of the process would."""
        self.stopped.set()
        if self.http is not None:
            self.http.shutdown()
            self.http.server_close()
        self.hang_up()

    def hang_up(self) -> None:
        """Cut every connection."""
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection; ``server.state`` is the ``ChatServer``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Any
    answering = False

    def do_POST(self) -> None:
        state: ChatServer = self.server.state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with state.lock:
            state.asked.append(body)
            state.keys.append(self.headers.get("Authorization"))
            behave = state.schedule.pop(0) if state.schedule else state.default or answer
            state.under_way += 1
            state.most_under_way = max(state.most_under_way, state.under_way)
            self.answering = True
        try:
            behave(self, body)
        finally:
            self.answered()

    def answered(self) -> None:
        """Count a request as over; before its answer goes out, whose reader may send the next."""
        with self.server.state.lock:
            if self.answering:
                self.server.state.under_way -= 1
            self.answering = False

    def setup(self) -> None:
        super().setup()
        with self.server.state.lock:
            self.server.state.connections.add(self.connection)

    def finish(self) -> None:
        with self.server.state.lock:
            self.server.state.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        state: ChatServer = self.server.state
        with state.lock:
            state.looked.append(self.path)
        if not self.path.endswith("/models"):
            self.send(404, "{}")
        elif state.models is not None:
            state.models(self, {})
        else:
            self.send(200, '{"object": "list", "data": [{"id": "m", "object": "model"}]}')

    def send(self, status: int, text: str, *headers: tuple[str, str]) -> None:
        content = text.encode()
        self.answered()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        return


class Listener(ThreadingHTTPServer):
    """Takes many connections at once: a short queue makes the last ones wait for a second."""

    daemon_threads = True
    request_queue_size = 128
    state: ChatServer


def completion(body: dict[str, Any], text: str | None = None, **changes: Any) -> dict[str, Any]:
    """A well-formed answer, which by default repeats the text that it was asked."""
    parts = body["messages"][-1]["content"]
    images = sum(part["type"] == "image_url" for part in parts)
    asked = parts[-1]["text"]
    message = {"role": "assistant", "content": asked if text is None else text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": {
            "prompt_tokens": 10 + 100 * images,
            "completion_tokens": 5,
            "total_tokens": 15 + 100 * images,
        },
        **changes,
    }


def answer(handler: Handler, body: dict[str, Any]) -> None:
    handler.send(200, json.dumps(completion(body)))


def answers(text: str | None = None, **changes: Any) -> Behaviour:
    """Answer with other parts than usual."""
    return lambda handler, body: handler.send(200, json.dumps(completion(body, text, **changes)))


def ends_with(reason: str, **message: Any) -> Behaviour:
    """Answer with a finish reason and parts of a message."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        reply = completion(body)
        reply["choices"][0]["finish_reason"] = reason
        reply["choices"][0]["message"].update(message)
        handler.send(200, json.dumps(reply))

    return behave


def state(status: int, text: str = '{"error": {"message": "no"}}', **headers: str) -> Behaviour:
    """Answer with an HTTP state; ``Retry_After`` is the header ``Retry-After``."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return lambda handler, _body: handler.send(status, text, *named)


def cut(handler: Handler, body: dict[str, Any]) -> None:
    """Close the connection in the middle of the answer."""
    content = json.dumps(completion(body)).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    handler.close_connection = True


def stall(handler: Handler, body: dict[str, Any]) -> None:
    """Send half of the answer, keep the connection, and say no more."""
    content = json.dumps(completion(body)).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    hang(handler, body)


def hang(handler: Handler, _body: dict[str, Any]) -> None:
    """Never answer."""
    handler.server.state.stopped.wait(30)
    handler.close_connection = True


def drip(handler: Handler, body: dict[str, Any]) -> None:
    """Send the answer byte by byte, slower than anybody waits."""
    content = json.dumps(completion(body)).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    with contextlib.suppress(OSError):
        for position in range(len(content)):
            handler.wfile.write(content[position : position + 1])
            handler.wfile.flush()
            if handler.server.state.stopped.wait(0.05):
                break
    handler.close_connection = True


def in_pieces(handler: Handler, body: dict[str, Any], pieces: int = 8) -> None:
    """Send the answer slowly, piece by piece, to its end."""
    content = json.dumps(completion(body)).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    step = -(-len(content) // pieces)
    for start in range(0, len(content), step):
        handler.wfile.write(content[start : start + step])
        handler.wfile.flush()
        time.sleep(0.05)


def after(seconds: float, behave: Behaviour = answer) -> Behaviour:
    """Think before answering."""

    def wait(handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(seconds)
        behave(handler, body)

    return wait


@contextlib.contextmanager
def chat_server(*schedule: Behaviour, default: Behaviour | None = None) -> Iterator[ChatServer]:
    """Run a server on a free port of this machine while the block lasts, or until it dies."""
    http = Listener(("127.0.0.1", 0), Handler)
    running = ChatServer(schedule=list(schedule), default=default, http=http)
    running.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    http.state = running
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running
    finally:
        running.die()
        thread.join()


def texts_asked(server: ChatServer) -> Sequence[str]:
    """The user text of every request, in the order of arrival."""
    return [body["messages"][-1]["content"][-1]["text"] for body in server.asked]
