# SPDX-License-Identifier: Apache-2.0
"""The commands, and the one place where errors become exit statuses."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ssm.cli.main import COMMANDS, ended, main, ssmreceive, ssmsend
from ssm.errors import (
    CannotJudgeError,
    ConfigError,
    ConfigFault,
    ConnectFailedError,
    CredentialError,
    MalformedEnvelopeError,
    SpoolError,
    SsmError,
)
from ssm.version import __version__

Program = Callable[[Sequence[str]], int]
BOTH: list[Program] = [ssmsend, ssmreceive]
# What a run that finds nothing to do must not pay for.
HEAVY = ("cryptography", "OpenSSL", "asyncio", "ssl", "sqlite3", "rich", "ldap3")
DATABASES = ("sqlalchemy", "alembic", "psycopg", "pymysql")


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def stopped(program: Callable[[], object]) -> int:
    """The status that argparse ends with."""
    with pytest.raises(SystemExit) as caught:
        program()
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_what_a_command_returns_is_the_exit_status() -> None:
    assert ended(lambda: 0) == 0
    assert ended(lambda: 65) == 65


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedEnvelopeError("m"), 65),
        (ConnectFailedError("m"), 69),
        (SsmError("m"), 70),
        (SpoolError("m"), 74),
        (CannotJudgeError("m"), 75),
        (ConfigError("m"), 78),
        (CredentialError("m"), 78),
    ],
)
def test_an_error_is_one_sentence_and_its_own_status(
    error: SsmError, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raising(error)) == status
    shown = capsys.readouterr()
    assert shown.err == "ssm: m\n"
    assert not shown.out


def test_the_incumbents_programs_have_one_status_for_all_errors() -> None:
    assert ended(raising(ConfigError("m")), error_status=1) == 1
    assert ended(raising(MalformedEnvelopeError("m")), error_status=1) == 1


def test_a_hint_and_every_fault_have_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [ConfigFault("broker", "prot", "", "there is no such option", "port"), ConfigFault("", "--set", "x", "no")]
    ended(raising(ConfigError("two faults", faults=faults, hint="mend them")))
    first, second, third, hint = capsys.readouterr().err.splitlines()
    assert first == "ssm: two faults"
    assert second.strip() == "[broker] prot: there is no such option (did you mean 'port'?)"
    assert third.strip() == "--set = x: no"
    assert hint.endswith("mend them")


def test_an_interrupt_is_no_crash() -> None:
    assert ended(raising(KeyboardInterrupt())) == 130


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        ended(raising(ZeroDivisionError()))


@pytest.mark.parametrize("argv", [[], ["no-such-command"], ["--no-such-option"], ["seal"], ["unseal"], ["send", "x"]])
def test_wrong_usage_ends_with_two_and_says_what_is_right(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert stopped(lambda: main(argv)) == 2
    assert "usage: ssm" in capsys.readouterr().err


@pytest.mark.parametrize("program", [lambda: main(["--version"]), lambda: ssmsend(["-v"]), lambda: ssmreceive(["-v"])])
def test_the_version_is_told_as_ever(program: Callable[[], int], capsys: pytest.CaptureFixture[str]) -> None:
    assert stopped(program) == 0
    assert capsys.readouterr().out == f"SSM {__version__}\n"


def test_help_names_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert stopped(lambda: main(["--help"])) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, command in COMMANDS.items():
        assert f"{name} {command.summary}" in shown


@pytest.mark.parametrize("name", ["send", "receive", "seal", "unseal", "broker", "demo"])
def test_help_of_a_command_explains_it_and_has_its_exit_statuses_or_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped(lambda: main([name, "--help"])) == 0
    shown = capsys.readouterr().out
    assert f"usage: ssm {name}" in shown
    explained = shown.partition("\n\n")[2]
    assert f"ssm {name} " in explained or "Exit status: 0" in explained


def test_an_option_before_the_command_does_not_hide_it() -> None:
    assert stopped(lambda: main(["-h", "send"])) == 0


@pytest.mark.parametrize("program", BOTH)
def test_a_missing_configuration_ends_the_incumbents_programs_with_one(
    program: Program, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(["-c", str(tmp_path / "none.cfg")]) == 1
    assert "there is no file" in capsys.readouterr().err


@pytest.mark.parametrize("program", BOTH)
@pytest.mark.parametrize("flag", ["-l", "--log_config"])
def test_a_separate_logging_file_is_only_warned_about(
    program: Program, flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(["-c", str(tmp_path / "none.cfg"), flag, "/etc/apel/logging.cfg"])
    assert "no effect" in capsys.readouterr().err


@pytest.mark.parametrize("program", BOTH)
def test_a_bad_option_ends_the_incumbents_programs_with_two(program: Program) -> None:
    assert stopped(lambda: program(["--bogus"])) == 2


@pytest.mark.parametrize(
    ("program", "defaults"),
    [(ssmsend, ["/etc/apel/sender.cfg"]), (ssmreceive, ["/etc/apel/receiver.cfg", "/etc/apel/dns"])],
)
def test_default_paths_are_those_of_the_incumbent(
    program: Program, defaults: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped(lambda: program(["-h"])) == 0
    shown = capsys.readouterr().out
    assert all(path in shown for path in defaults)


def test_a_missing_configuration_has_its_own_status_elsewhere(tmp_path: Path) -> None:
    assert main(["send", "-c", str(tmp_path / "none.cfg")]) == 78
    assert main(["receive", "-c", str(tmp_path / "none.cfg")]) == 78


def run_and_list_modules(argv: Sequence[str]) -> tuple[int, set[str]]:
    """Run in a fresh interpreter: status, and what was imported."""
    code = (
        "import sys\nfrom ssm.cli.main import main\n"
        "try:\n    status = main(sys.argv[1:])\nexcept SystemExit as end:\n    status = end.code\n"
        "print('MODULES', *sys.modules)\nsys.exit(status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, set(done.stdout.rpartition("MODULES")[2].split())


def test_an_empty_spool_is_sent_without_loading_anything_heavy(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    config = tmp_path / "sender.cfg"
    config.write_text(
        "[broker]\nhost: broker.example.org\nport: 61613\n"
        f"[certificates]\ncertificate: /c.pem\nkey: /k.pem\ncapath: /ca\n"
        f"[messaging]\ndestination: /queue/q\npath: {tmp_path / 'spool'}\n"
        f"[logging]\nlogfile: {tmp_path / 'log'}\nlevel: INFO\nconsole: false\n"
    )
    status, modules = run_and_list_modules(["send", "-c", str(config)])
    assert status == 0
    assert "ssm.cli.commands.send" in modules
    assert modules.isdisjoint((*HEAVY, *DATABASES))
    assert "No messages found to send." in (tmp_path / "log").read_text()


def test_help_loads_no_command(tmp_path: Path) -> None:
    status, modules = run_and_list_modules(["--help"])
    assert status == 0
    assert "ssm.cli.main" in modules
    assert not [name for name in modules if name.startswith("ssm.cli.commands.")]
    assert modules.isdisjoint(HEAVY)
