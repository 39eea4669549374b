# SPDX-License-Identifier: Apache-2.0
"""What careless input, signals and pipes must not do."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ssm.cli.console import complain
from ssm.cli.main import ended
from ssm.credentials.dn_file import read_list
from ssm.errors import ConfigError, ConnectFailedError
from ssm.programs.running import notify_systemd, run_until_signal
from ssm.settings.found import Sources
from ssm.settings.ini import read_sender
from ssm.settings.sections import SenderSettings

BASE = (
    "[broker]\nhost: b.example.org\nport: 61613\n[certificates]\ncertificate: /c\nkey: /k\ncapath: /ca\n"
    "[messaging]\ndestination: /queue/q\npath: /spool\n"
)
SECRET = "planted-secret"


def read(tmp_path: Path, text: str) -> SenderSettings:
    file = tmp_path / "s.cfg"
    file.write_text(text)
    return read_sender(Sources(file))[0]


@pytest.mark.parametrize(
    "line", [f"passcode {SECRET}", f"passcode: {SECRET}%(x)s", f"passcode: 5%{SECRET}", f"password: a%{SECRET}"]
)
def test_ini__no_fault_shows_a_passcode(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, BASE.replace("port: 61613", f"port: 61613\n{line}"))
    assert SECRET not in str(caught.value) + "".join(map(str, caught.value.faults))


def test_ini__a_default_section_serves_interpolation(tmp_path: Path) -> None:
    text = "[DEFAULT]\nbase: /var/spool\n" + BASE.replace("/spool", "%(base)s/apel")
    assert read(tmp_path, text).messaging.path == Path("/var/spool/apel")


def test_ini__a_home_folder_of_nobody_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path, BASE.replace("/spool", "~nosuchuser/spool"))


def test_ini__a_leftover_look_up_beside_a_host_gets_a_word(tmp_path: Path) -> None:
    file = tmp_path / "s.cfg"
    file.write_text("[sender]\nprotocol: STOMP\n" + BASE.replace("port: 61613", "port: 61613\nbdii: ldap://x"))
    assert any("bdii" in one for one in read_sender(Sources(file))[1].warnings)


@pytest.mark.parametrize("line", [r"/O=T/CN=a\/CN=b", r"/O=T\/OU=x/CN=a"])
def test_dn_file__an_escaped_slash_never_becomes_the_start_of_a_component(line: str) -> None:
    assert read_list(line).names == frozenset()


def test_running__a_second_signal_is_no_trace() -> None:
    async def work() -> int:
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
        loop.call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
        await asyncio.sleep(30)
        return 0

    assert ended(lambda: run_until_signal(work(), lambda: None)) == 130


def test_running__a_service_manager_that_does_not_listen_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nonexistent")
    notify_systemd("READY=1")


def test_console__words_of_others_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    complain(ConnectFailedError("the broker answered: \x1b[2J\x1b]0;x\x07"))
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", capsys.readouterr().err) is None


@pytest.mark.parametrize("target", ["/dev/full", "closed"])
def test_main__buffered_output_that_nobody_takes_is_an_orderly_end(target: str) -> None:
    code = "import sys; from ssm.cli.main import ended; sys.exit(ended(lambda: print('x') or 0))"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = f"'{sys.executable}' -c \"{code}\""
    if target == "closed":
        shell = f"({command}; echo $? >&2) | true"
        done = subprocess.run(["sh", "-c", shell], env=environment, capture_output=True, text=True, check=False)
        # The reader may be quicker or slower; only noise and 120 are wrong.
        assert "Exception ignored" not in done.stderr
        assert "120" not in done.stderr
    else:
        done = subprocess.run(
            ["sh", "-c", f"{command} > {target}"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 74
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
