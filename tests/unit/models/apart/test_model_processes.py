"""Weights in a process apart: loaded once, whoever asks, and gone with the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_pet2rep.errors import (
    GenerationFailed,
    GenerationTimeout,
    UsageProblem,
)
from pytest_pet2rep.models.apart.processes import ModelProcesses, hold_apart
from pytest_pet2rep.models.provider import Provider, ahead_of, generate_one
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from pytest_pet2rep.types import Generation
from tests.model_inputs import a_request, some_images

MODEL = """
import os, pathlib, signal, time
from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.types import Generation
HERE = pathlib.Path(__file__).parent

class Model:
    local_weights = True
    ahead = 3

    def __init__(self, word="fine"):
        self.word = word
        with (HERE / "loaded").open("a") as log:
            log.write(f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES')}\\n")
        if (HERE / "broken").exists():
            raise ValueError("no weights")

    def generate(self, request):
        with (HERE / "asked").open("a") as log:
            log.write(request.case_id + "\\n")
        if request.case_id == "DIES":
            os.kill(os.getpid(), signal.SIGKILL)
        if request.case_id == "LATE":
            raise TimeoutError("too late")
        while request.case_id == "SLOW" and not (HERE / "go").exists():
            time.sleep(0.02)
        if request.case_id == "ENDLESS":
            time.sleep(60)
        return Generation(raw=f"{self.word} {request.case_id}", images_consumed=len(request.images))
"""
Processes = Callable[..., ModelProcesses]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "weighty.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("weighty", None)


@pytest.fixture
def started(folder: Path) -> Iterator[Processes]:
    made: list[ModelProcesses] = []

    def start(
        *places: tuple[str, ...] | None, spec: str = "py/weighty:Model", **arguments: str
    ) -> ModelProcesses:
        made.append(ModelProcesses(spec, ProviderSettings(model_args=arguments), places or (None,)))
        return made[-1]

    yield start
    for processes in made:
        processes.close()


def guest(processes: ModelProcesses, worker: int = 0) -> Provider:
    return load_provider(
        "py/weighty:Model", ProviderSettings(model_process=processes.address(worker))
    )


def loads(folder: Path) -> list[str]:
    return (folder / "loaded").read_text().splitlines()


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().split()


def test_many_workers_and_threads_share_one_load(started: Processes, folder: Path) -> None:
    processes = started(word="shared")
    guests = [guest(processes, worker) for worker in range(3)]
    with ThreadPoolExecutor(6) as threads:
        requests = [a_request(f"C{n}", images=some_images(2)) for n in range(6)]
        answers = list(threads.map(generate_one, guests * 2, requests))
    assert [answer.raw for answer in answers] == [f"shared C{n}" for n in range(6)]
    assert all(answer.images_consumed == 2 for answer in answers)
    assert len(loads(folder)) == 1
    assert str(os.getpid()) not in loads(folder)[0]
    for one in guests:
        one.close()
        one.close()


def test_nothing_is_loaded_before_the_first_request(started: Processes, folder: Path) -> None:
    one = guest(started())
    assert one.identity.text == "py/weighty:Model"
    assert ahead_of(one) == 3
    assert not one.local_weights
    time.sleep(0.5)
    assert not (folder / "loaded").exists()


def test_each_place_has_its_own_devices_and_workers_are_spread_over_them(
    started: Processes, folder: Path
) -> None:
    processes = started(("3",), ("1", "0"))
    for worker in range(4):
        assert generate_one(guest(processes, worker), a_request("A")).raw == "fine A"
    assert sorted(line.split()[1] for line in loads(folder)) == ["1,0", "3"]


def test_replies_keep_their_order_and_their_kind(started: Processes) -> None:
    first, late, third = guest(started()).generate([a_request(c) for c in ("A", "LATE", "B")])
    assert isinstance(first, Generation)
    assert isinstance(third, Generation)
    assert (first.raw, third.raw) == ("fine A", "fine B")
    assert isinstance(late, GenerationTimeout)
    assert str(late) == "case LATE: the model raised TimeoutError: too late"


def test_a_report_that_kills_the_process_is_an_error_and_the_others_go_on(
    started: Processes, folder: Path
) -> None:
    one = guest(started())
    replies = one.generate([a_request(case) for case in ("A", "DIES", "B")])
    assert isinstance(replies[1], GenerationFailed)
    assert str(replies[1]).startswith("case DIES: the process that holds the model died while")
    assert [r.raw for r in replies if isinstance(r, Generation)] == ["fine A", "fine B"]
    assert generate_one(one, a_request("C")).raw == "fine C"
    # Once among the others and once alone: then it is known which one did it.
    assert asked(folder).count("DIES") == 2


def test_a_process_that_is_killed_between_requests_is_replaced_without_a_loss(
    started: Processes, folder: Path
) -> None:
    one = guest(started())
    generate_one(one, a_request("A"))
    os.kill(int(loads(folder)[0].split()[0]), signal.SIGKILL)
    assert generate_one(one, a_request("B")).raw == "fine B"
    assert asked(folder) == ["A", "B"]
    assert len(loads(folder)) == 2


def test_a_waiting_worker_loses_nothing_when_another_ones_report_kills_the_process(
    started: Processes, folder: Path
) -> None:
    processes = started()
    guests = [guest(processes) for _ in range(4)]
    generate_one(guests[0], a_request("first"))
    with ThreadPoolExecutor(4) as threads:
        requests = [[a_request(case)] for case in ("DIES", "A", "B", "C")]
        replies = [r for (r,) in threads.map(lambda g, r: g.generate(r), guests, requests)]
    assert isinstance(replies[0], GenerationFailed)
    assert [r.raw for r in replies if isinstance(r, Generation)] == ["fine A", "fine B", "fine C"]
    assert sorted(asked(folder)) == ["A", "B", "C", "DIES", "first"]


WORKER = """
import sys
from pathlib import Path
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from tests.model_inputs import a_request
one = load_provider("py/weighty:Model", ProviderSettings(model_process=Path(sys.argv[1])))
one.generate([a_request("A")])
print("asking", flush=True)
one.generate([a_request("GONE")])
"""


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until(what: Callable[[], bool]) -> None:
    latest = time.monotonic() + 30
    while not what():
        assert time.monotonic() < latest
        time.sleep(0.02)


def test_a_worker_that_died_waiting_is_not_generated_for(started: Processes, folder: Path) -> None:
    processes = started()
    busy = guest(processes)
    with python(WORKER, str(processes.address(0))) as worker, ThreadPoolExecutor(1) as thread:
        assert worker.stdout is not None
        wait_until((folder / "asked").exists)
        slow = thread.submit(generate_one, busy, a_request("SLOW"))
        wait_until(lambda: "SLOW" in asked(folder) or "GONE" in asked(folder))
        worker.stdout.readline()
        time.sleep(0.3)  # its second request is on its way
        worker.kill()
        worker.wait()
        (folder / "go").touch()
        assert slow.result().raw == "fine SLOW"
    assert generate_one(busy, a_request("B")).raw == "fine B"
    assert [case for case in asked(folder) if case != "GONE"] == ["A", "SLOW", "B"]
    assert asked(folder)[-2:] == ["SLOW", "B"]


@pytest.mark.parametrize("worker", [0, 1])
def test_what_keeps_a_model_from_loading_reaches_every_worker(
    started: Processes, folder: Path, worker: int
) -> None:
    (folder / "broken").touch()
    processes = started()
    for _ in range(2):
        with pytest.raises(UsageProblem, match="the factory failed: ValueError: no weights"):
            generate_one(guest(processes, worker), a_request("A"))


def test_a_process_that_cannot_even_start_is_said_so_and_not_started_again(
    started: Processes, folder: Path
) -> None:
    processes = started(spec="py/no_such_module:Model")
    with pytest.raises(UsageProblem, match=r"could not start: .*no_such_module cannot be imported"):
        generate_one(guest(processes), a_request("A"))


def test_closing_ends_a_process_in_the_middle_of_a_report_and_leaves_no_file(
    started: Processes, folder: Path
) -> None:
    processes = started()
    one = guest(processes)
    generate_one(one, a_request("A"))
    place = processes.address(0).parent
    assert place.stat().st_mode & 0o777 == 0o700
    pid = int(loads(folder)[0].split()[0])
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(one.generate, [a_request("ENDLESS")])
        wait_until(lambda: "ENDLESS" in asked(folder))
        processes.close()
        (lost,) = waiting.result()
    assert isinstance(lost, GenerationFailed)
    assert not place.exists()
    assert not is_running(pid)
    processes.close()


LEADER = """
import sys, time
from pathlib import Path
from pytest_pet2rep.models.apart.processes import ModelProcesses
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from tests.model_inputs import a_request
processes = ModelProcesses("py/weighty:Model", ProviderSettings(), [None])
one = load_provider(
    "py/weighty:Model", ProviderSettings(model_process=processes.address(0))
)
one.generate([a_request("A")])
print(processes.address(0), flush=True)
time.sleep(60)
"""


def test_the_process_goes_when_the_one_that_leads_the_run_is_killed(folder: Path) -> None:
    with python(LEADER) as leader:
        assert leader.stdout is not None
        address = Path(leader.stdout.readline().strip())
        pid = int(loads(folder)[0].split()[0])
        os.kill(pid, 0)
        leader.kill()
    wait_until(lambda: not is_running(pid))
    assert address.parent.exists()  # nobody was left to remove it


def is_running(pid: int) -> bool:
    """Neither gone nor a zombie that nobody has fetched yet."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_stranger_without_the_key_gets_no_answer(started: Processes, folder: Path) -> None:
    from multiprocessing import AuthenticationError
    from multiprocessing.connection import Client

    processes = started()
    one = guest(processes)
    generate_one(one, a_request("A"))
    with pytest.raises((AuthenticationError, EOFError, OSError)):
        Client(str(processes.address(0)), authkey=b"guess")
    assert generate_one(one, a_request("B")).raw == "fine B"


def test_a_model_without_local_weights_stays_with_its_worker() -> None:
    baseline = load_provider("baseline/template")
    assert hold_apart(baseline, ProviderSettings(), workers=4) is None
