"""How busy a server is kept: from the first request sent to the last answer received.

Run: python benchmarks/concurrency.py [CASES] [CONCURRENCY] [SECONDS].  Makes a cohort of CASES
cases whose images are ready slices, and starts a real HTTP server in this process that takes
SECONDS for every answer.  Then runs ``pytest --pet2rep-model=openai/m`` on the cohort, serial and
with ``-n 2``, each with an empty store, and prints

- the span from the arrival of the first request (the two of the image probe excepted) to the last
  answer sent;
- the least that is possible, CASES x SECONDS / CONCURRENCY, and the ratio of the two (the target
  is 1.3);
- requests, the most that were under way at once, and the seconds of the whole run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

REPORT = "肝右叶见低密度结节，FDG摄取增高。脾脏大小正常，FDG摄取未见异常。两肺FDG摄取未见异常。"
TARGET = 1.3


class Clock:
    """When the requests of cases came and were answered."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.came: list[float] = []
        self.answered: list[float] = []
        self.most = 0


class Handler(BaseHTTPRequestHandler):
    """Answers chat completions after a while; ``server.clock`` takes the time."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: without it every answer comes 40 ms late
    server: Any

    def do_GET(self) -> None:
        self._send({"object": "list", "data": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        clock: Clock = self.server.clock
        probe = body["max_tokens"] == 1
        if not probe:
            with clock.lock:
                clock.came.append(time.perf_counter())
                clock.most = max(clock.most, len(clock.came) - len(clock.answered))
            time.sleep(clock.seconds)
        images = sum(part["type"] == "image_url" for part in body["messages"][-1]["content"])
        self._send(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": REPORT},
                        "finish_reason": "stop",
                    }
                ],
                "usage": {
                    "prompt_tokens": 10 + 100 * images,
                    "completion_tokens": 5,
                    "total_tokens": 15 + 100 * images,
                },
            }
        )
        if not probe:
            with clock.lock:
                clock.answered.append(time.perf_counter())

    def _send(self, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        return


class Server(ThreadingHTTPServer):
    """Takes many connections at once: a short queue makes the last ones wait for a second."""

    daemon_threads = True
    request_queue_size = 128
    clock: Clock


def write_cohort(folder: Path, cases: int) -> None:
    """Cases with ready slices: those of a shipped case, and the number of the case in a corner."""
    from pytest_pet2rep.cohorts.casefile import load_case
    from pytest_pet2rep.cohorts.cohort import find_cohort
    from pytest_pet2rep.imaging.options import Views
    from pytest_pet2rep.run.case_images import images_of, view_options

    shipped = load_case(find_cohort(None).case_files[0], cohort="shipped")
    images = images_of(shipped, view_options(Views.FUSED))
    for number in range(cases):
        case = folder / f"PET-{number:03d}"
        case.mkdir(parents=True)
        names = [f"{position}.png" for position in range(len(images))]
        for image, name in zip(images, names, strict=True):
            pixels = image.pixels.copy()
            pixels[0, 0] = number
            Image.fromarray(pixels).save(case / name)
        (case / "report.zh.txt").write_text(f"影像所见：{REPORT}", encoding="utf-8")
        (case / "case.toml").write_text(
            f'id = "{case.name}"\nprivate = false\nimages.slices = {json.dumps(names)}\n',
            encoding="utf-8",
        )


def measure(folder: Path, url: str, clock: Clock, concurrency: int, *more: str) -> float:
    """Run pytest once with an empty store; returns its seconds."""
    clock.reset()
    with tempfile.TemporaryDirectory() as cache:
        began = time.perf_counter()
        subprocess.run(
            [
                sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                "--pet2rep-model=openai/m", f"--pet2rep-model-arg=base_url={url}",
                "--pet2rep-cases=cohort", f"--pet2rep-concurrency={concurrency}", *more,
            ],
            cwd=folder,
            env={**os.environ, "PET2REP_CACHE": cache},
            capture_output=True,
            check=False,
        )  # fmt: skip
        return time.perf_counter() - began


def main(cases: int = 80, concurrency: int = 16, seconds: float = 0.5) -> None:
    http = Server(("127.0.0.1", 0), Handler)
    http.clock = clock = Clock(seconds)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    least = cases * seconds / concurrency
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cohort(folder / "cohort", cases)
        (folder / "pytest.ini").touch()
        for words in ((), ("-n", "2")):
            whole = measure(folder, url, clock, concurrency, *words)
            span = max(clock.answered) - min(clock.came)
            print(
                f"{' '.join(words) or 'serial':8} first request to last answer {span:5.2f} s, "
                f"least {least:.2f} s, ratio {span / least:.2f} (target {TARGET}); "
                f"{len(clock.came)} requests, {clock.most} at once; whole run {whole:.1f} s"
            )
    http.shutdown()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(kind(value) for kind, value in zip((int, int, float), given, strict=False)))
