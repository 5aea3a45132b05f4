"""Whole runs against a real server that misbehaves on schedule: every request is counted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests import chat_server as served
from tests.chat_server import Behaviour, ChatServer, chat_server
from tests.plugin.conftest import REFERENCE

pytest.importorskip("openai")
pytestmark = pytest.mark.timeout(300)
Run = Callable[..., pytest.RunResult]
BOTH_WAYS = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["serial", "two"])
EACH_WAY = pytest.mark.parametrize(
    "workers",
    [pytest.param((), id="serial"), pytest.param(("-n", "2"), id="two", marks=pytest.mark.slow)],
)
FEW_ITEMS = ("-k", "liver or text", "--pet2rep-floors=none")
SOON = {"Retry_After": "0.01", "retry_after_ms": "10"}
MISBEHAVES: Mapping[str, tuple[Behaviour, str, int]] = {
    "PET-02": (served.state(429, **SOON), "error", 3),
    "PET-03": (served.state(500, **SOON), "error", 3),
    "PET-04": (served.hang, "timeout", 1),
    "PET-05": (served.cut, "error", 3),
    "PET-06": (served.state(200, '{"choices": ['), "error", 1),
    "PET-07": (served.state(404, '{"error": {"message": "no such model"}}'), "error", 1),
    "PET-08": (served.answers(choices=[]), "error", 1),
    "PET-09": (served.answers("x" * 10_000_000), "error", 1),
    "PET-10": (served.drip, "timeout", 1),
    "PET-11": (served.stall, "timeout", 1),
    "PET-12": (served.ends_with("length", content="肝"), "truncated", 1),
    "PET-13": (served.ends_with("content_filter", content=None), "refusal", 1),
    "PET-14": (served.ends_with("stop", content=None), "empty", 1),
    "PET-15": (served.answers(REFERENCE, model="another"), "hit", 1),
}
"""Case -> what the server does for it each time, the outcome of its liver, its requests."""


@pytest.fixture(autouse=True)
def _own_cache(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PET2REP_CACHE", str(pytester.path / "cache"))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def cases(make_case: Callable[..., Path]) -> Callable[[int], None]:
    """Write a cohort of cases, each with a prompt of its own and one small picture."""

    def write(count: int) -> None:
        for number in range(1, count + 1):
            case_id = f"PET-{number:02d}"
            extra = f'images.slices = ["a.png"]\nprompt.user = "Write the report of {case_id}."\n'
            case_file = make_case(case_id, extra=extra)
            Image.new("RGB", (32, 32), (number, 0, 0)).save(case_file.with_name("a.png"))

    return write


def case_asked(body: Mapping[str, Any]) -> str:
    """The case that a request is about, or nothing for a probe."""
    if body["max_tokens"] == 1:
        return "probe"
    found = re.search(r"PET-\d+", body["messages"][-1]["content"][-1]["text"])
    assert found
    return found.group()


def on_schedule(handler: served.Handler, body: dict[str, Any]) -> None:
    behave, _, _ = MISBEHAVES.get(case_asked(body), (served.answers(REFERENCE), "", 1))
    behave(handler, body)


def at(server: ChatServer, *arguments: str) -> tuple[str, ...]:
    return (f"--pet2rep-model-arg=base_url={server.url}", *arguments, *FEW_ITEMS)


def requests(server: ChatServer) -> Counter[str]:
    return Counter(case_asked(body) for body in server.asked)


def liver_outcomes(folder: Path) -> dict[str, str]:
    lines = (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    return {
        case["case"]: record["outcome"]
        for case in cases
        for record in case["records"]
        if record.get("organ") == "liver"
    }


@BOTH_WAYS
def test_every_case_ends_in_its_outcome_none_is_lost_and_none_is_asked_twice(
    pytester: pytest.Pytester,
    run: Run,
    cases: Callable[[int], None],
    workers: tuple[str, ...],
) -> None:
    cases(20)
    with chat_server(default=on_schedule) as server:
        arguments = at(
            server,
            "--pet2rep-model-arg=retries=2",
            "--pet2rep-model-arg=timeout=8",
            "--pet2rep-run-dir=kept",
            "--pet2rep-concurrency=4",
        )
        result = run("openai/m", *arguments, *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    wanted = {f"PET-{n:02d}": "hit" for n in range(1, 21)}
    wanted |= {case: outcome for case, (_, outcome, _) in MISBEHAVES.items()}
    assert liver_outcomes(pytester.path / "kept") == wanted
    sent = {case: MISBEHAVES[case][2] if case in MISBEHAVES else 1 for case in wanted}
    assert requests(server) == {"probe": 2, **sent}
    assert server.looked == ["/v1/models"]
    assert server.most_under_way <= 4


@EACH_WAY
def test_requests_are_under_way_together_up_to_the_total_of_the_run(
    run: Run, cases: Callable[[int], None], workers: tuple[str, ...]
) -> None:
    cases(18)
    all_there = threading.Event()

    def waits_for_six(handler: served.Handler, body: dict[str, Any]) -> None:
        if case_asked(body) != "probe":
            if server.under_way == 6:
                all_there.set()
            all_there.wait(60)
            time.sleep(0.1)  # long enough for a seventh to be seen
        served.answers(REFERENCE)(handler, body)

    with chat_server(default=waits_for_six) as server:
        run("openai/m", *at(server, "--pet2rep-concurrency=6"), *workers).assert_outcomes(passed=36)
    assert all_there.is_set()
    assert server.most_under_way == 6
    assert requests(server) == {"probe": 2, **{f"PET-{n:02d}": 1 for n in range(1, 19)}}


def test_more_workers_than_requests_share_them(run: Run, cases: Callable[[int], None]) -> None:
    cases(6)
    slow = served.after(0.2, served.answers(REFERENCE))
    with chat_server(default=slow) as server:
        result = run("openai/m", *at(server, "--pet2rep-concurrency=1"), "-n", "3")
    result.assert_outcomes(passed=12)
    assert server.most_under_way == 1
    assert len(server.asked) == 6 + 2


def test_a_run_that_ends_at_the_first_failure_does_not_send_everything(
    run: Run, cases: Callable[[int], None]
) -> None:
    cases(20)
    with chat_server(default=served.answers("两肺纹理清晰。")) as server:
        run("openai/m", *at(server, "--pet2rep-concurrency=2"), "-x")
    assert 2 < len(server.asked) <= 2 + 5


@EACH_WAY
def test_a_server_that_is_not_there_ends_the_run_at_once(
    run: Run, cases: Callable[[int], None], workers: tuple[str, ...]
) -> None:
    cases(3)
    with chat_server() as server:
        pass
    result = run("openai/m", *at(server), *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: openai/m: no server answers at {server.url} *start it*"])
    result.stdout.no_fnmatch_line("*case.toml*")


def test_without_a_server_stored_reports_are_scored_all_the_same(
    run: Run, cases: Callable[[int], None]
) -> None:
    cases(3)
    with chat_server(default=served.answers(REFERENCE)) as server:
        run("openai/m@v1", *at(server)).assert_outcomes(passed=6)
    run("openai/m@v1", *at(server)).assert_outcomes(passed=6)


def test_a_shard_sends_its_own_cases_only_and_asks_nobody_where_it_has_none(
    run: Run, cases: Callable[[int], None]
) -> None:
    cases(3)
    with chat_server(default=served.answers(REFERENCE)) as server:
        run("openai/m", *at(server), "--pet2rep-shard=2/4").assert_outcomes(passed=2)
    texts = [body["messages"][-1]["content"][-1]["text"] for body in server.asked]
    assert texts == ["Write the report of PET-02."] * 3  # the probe and the case
    assert run("openai/m", *at(server), "--pet2rep-shard=4/4").ret == 0


@EACH_WAY
def test_a_server_that_does_not_look_at_images_ends_the_run_after_the_probe(
    run: Run, cases: Callable[[int], None], workers: tuple[str, ...]
) -> None:
    cases(3)
    counts = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
    with chat_server(default=served.answers(REFERENCE, usage=counts)) as server:
        result = run("openai/m", *at(server), *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *it does not look at them*"])
    assert len(server.asked) == 2


def test_a_wrong_key_stops_all_sending(run: Run, cases: Callable[[int], None]) -> None:
    cases(9)
    with chat_server(default=served.state(401)) as server:
        result = run("openai/m", *at(server))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: openai/m: *HTTP 401*"])
    assert len(server.asked) == 1


@EACH_WAY
def test_a_server_that_dies_in_the_run_leaves_errors_and_no_hole(
    pytester: pytest.Pytester,
    run: Run,
    cases: Callable[[int], None],
    workers: tuple[str, ...],
) -> None:
    cases(8)

    def dies_at_the_third(handler: served.Handler, body: dict[str, Any]) -> None:
        if len(requests(server)) == 4:  # the probe and three cases
            server.die()
            return
        served.after(0.1, served.answers(REFERENCE))(handler, body)

    with chat_server(default=dies_at_the_third) as server:
        arguments = ("--pet2rep-run-dir=kept", "--pet2rep-concurrency=1")
        limits = ("--pet2rep-model-arg=retries=1", *arguments)
        result = run("openai/m", *at(server, *limits), *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = Counter(liver_outcomes(pytester.path / "kept").values())
    assert found == {"hit": 2, "error": 6}
    result.stdout.fnmatch_lines(["*the connection to http* failed*"])


SERVER = f"""
import os, pathlib, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests import chat_server as served
from tests.plugin.conftest import REFERENCE

def behave(handler, body):
    pathlib.Path("asked").open("a").write("x")
    hangs = "hang" in sys.argv and body["max_tokens"] != 1
    (served.hang if hangs else served.answers(REFERENCE))(handler, body)

http = served.Listener(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), served.Handler)
http.state = served.ChatServer(default=behave)
pathlib.Path("pid").write_text(str(os.getpid()))
http.serve_forever()
"""


def is_gone(pid: int) -> bool:
    """Wait until a process that is not ours has ended."""
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@EACH_WAY
def test_a_server_is_started_for_the_run_and_gone_after_it(
    pytester: pytest.Pytester,
    run: Run,
    cases: Callable[[int], None],
    workers: tuple[str, ...],
) -> None:
    cases(3)
    pytester.makepyfile(server=SERVER)
    serve = f"--pet2rep-serve={sys.executable} server.py --port {{port}}"
    result = run("openai/m", serve, "--pet2rep-store=store", *FEW_ITEMS, *workers)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["pet2rep: * serves at http://127.0.0.1:*/v1, log *serve-*.log*"])
    assert (pytester.path / "asked").read_text() == "x" * (3 + 2)
    assert is_gone(int((pytester.path / "pid").read_text()))
    assert len(list((pytester.path / "store").glob("serve-*.log"))) == 1


def _interruptible() -> None:
    """Hear Ctrl-C also where these tests run in the background of a shell, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@EACH_WAY
def test_ctrl_c_cancels_what_is_under_way_and_ends_the_server(
    pytester: pytest.Pytester, cases: Callable[[int], None], workers: tuple[str, ...]
) -> None:
    cases(20)
    pytester.makepyfile(server=SERVER)
    serve = f"--pet2rep-serve={sys.executable} server.py --port {{port}} hang"
    command = [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", serve]
    more = ["--pet2rep-model=openai/m", "--pet2rep-cases=cohort", *FEW_ITEMS, *workers]
    process = subprocess.Popen(
        [*command, *more],
        cwd=pytester.path,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_interruptible,
    )
    asked = pytester.path / "asked"
    while not (asked.exists() and len(asked.read_text()) == 2 + 8):
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=25)  # the requests would take 30 s and be tried again
    assert process.returncode == pytest.ExitCode.INTERRUPTED, out.decode()
    assert is_gone(int((pytester.path / "pid").read_text()))
    # One more may leave while the interrupt is on its way; the other eleven never do.
    assert len(asked.read_text()) <= 2 + 8 + 1
