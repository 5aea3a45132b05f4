"""The help of every command fits a screen and shows an example; shells can complete it."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_pet2rep.cli import _parser, main
from pytest_pet2rep.render.columns import display_width

LINES, COLUMNS = 24, 80


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


@pytest.fixture(autouse=True)
def _screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("NO_COLOR", "1")


def test_the_list_of_commands_fits_a_screen_and_names_each_in_one_line() -> None:
    lines = _parser().format_help().splitlines()
    assert len(lines) <= LINES
    assert max(map(display_width, lines)) < COLUMNS
    for name, parser in commands().items():
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert len(line.split()) > 2, parser.prog


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_help_of_a_command_fits_a_screen_and_shows_an_example(name: str) -> None:
    text = commands()[name].format_help()
    lines = text.splitlines()
    assert len(lines) <= LINES
    assert max(map(display_width, lines)) < COLUMNS
    assert f"example: pet2rep {name} " in " ".join(lines)


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_example_of_a_command_is_one_that_it_understands(name: str) -> None:
    import shlex

    example = (commands()[name].epilog or "").removeprefix("example: pet2rep ")
    parsed = _parser().parse_args(shlex.split(example))
    assert callable(parsed.run)


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_shell_gets_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--print-completion", shell])
    assert ended.value.code == 0
    script = capsys.readouterr().out
    assert all(name in script for name in commands())


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_bash_completes_a_command_and_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--print-completion", "bash"])
    script = capsys.readouterr().out

    def completed(*words: str) -> set[str]:
        line = " ".join(f"'{word}'" for word in words)
        asked = (
            f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMPREPLY=(); "
            'eval "$(complete -p pet2rep | sed "s/.*-F \\([^ ]*\\).*/\\1/")"; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=False
        )
        return set(done.stdout.split())

    assert {"score", "show", "store"} <= completed("pet2rep", "s")
    assert "--metric" in completed("pet2rep", "leaderboard", "--me")


def test_a_wrong_option_is_still_one_line_and_exit_4(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["show"])
    assert ended.value.code == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_the_bare_command_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 4
    shown = capsys.readouterr().err
    assert all(f"  {name} " in shown for name in commands())


def test_a_file_that_is_not_there_is_said_without_numbers_of_the_system(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "report.txt"
    assert main(["read", str(missing)]) == 4
    assert capsys.readouterr().err == (
        f"pet2rep: {missing} cannot be read: No such file or directory\n"
    )
