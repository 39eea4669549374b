# SPDX-License-Identifier: Apache-2.0
"""What keeps a sender from starting: said in words, with an exit status of its own; the spool is not touched."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from ssm.cli.main import main, ssmsend
from ssm.spool.dirq_simple import leave
from tests.pki import Credential, Pki


@dataclass
class Site:
    """A configuration that would work, if there were a broker."""

    folder: Path
    pki: Pki = field(init=False)
    options: dict[str, dict[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.pki = Pki(self.folder / "pki")
        self.options = {
            "sender": {"protocol": "STOMP"},
            "broker": {"host": "127.0.0.1", "port": "1", "use_ssl": "false", "retry_seconds": "0"},
            "certificates": {"capath": str(self.pki.ca_directory)},
            "messaging": {"destination": "/queue/q", "path": str(self.outgoing), "settle_seconds": "0"},
            "logging": {"logfile": str(self.folder / "log"), "level": "INFO", "console": "false"},
        }
        self.show(self.pki.issue("site.example.org"))

    @property
    def outgoing(self) -> Path:
        return self.folder / "outgoing"

    def show(self, credential: Credential, key: Credential | None = None) -> None:
        self.options["certificates"]["certificate"] = str(credential.certificate_path)
        self.options["certificates"]["key"] = str((key or credential).key_path)

    def config(self) -> str:
        text = ""
        for section, options in self.options.items():
            text += f"[{section}]\n" + "".join(f"{name}: {value}\n" for name, value in options.items())
        path = self.folder / "sender.cfg"
        path.write_text(text)
        return str(path)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def wrong_key(site: Site) -> None:
    site.show(site.pki.issue("site.example.org"), site.pki.issue("other.example.org"))


def expired(site: Site) -> None:
    site.show(site.pki.issue("site.example.org", not_before=timedelta(-9), not_after=timedelta(-1)))


def to_ourselves(site: Site) -> None:
    site.options["certificates"]["server_cert"] = site.options["certificates"]["certificate"]


def to_an_elliptic_curve(site: Site) -> None:
    server = site.pki.issue("server.example.org", key="p256")
    site.options["certificates"]["server_cert"] = str(server.certificate_path)


def to_a_stranger(site: Site) -> None:
    other = site.pki.authority("Nobody's CA", trusted=False)
    server = site.pki.issue("server.example.org", ca=other)
    site.options["certificates"]["server_cert"] = str(server.certificate_path)


def no_certificate(site: Site) -> None:
    site.options["certificates"]["certificate"] = "/nowhere/hostcert.pem"


def misspelt(site: Site) -> None:
    site.options["messaging"]["destinatoin"] = "/queue/x"


def ams(site: Site) -> None:
    site.options["sender"]["protocol"] = "AMS"


FAULTS: dict[str, tuple[Callable[[Site], None], int, str]] = {
    "wrong key for certificate": (wrong_key, 78, "Cert and key don't match."),
    "expired own certificate": (expired, 78, "has expired on"),
    "recipient is ourselves": (to_ourselves, 78, "is our own certificate"),
    "recipient has no RSA key": (to_an_elliptic_curve, 78, "EC certificate: cannot encrypt to it"),
    "recipient is not trusted": (to_a_stranger, 78, "does not hold"),
    "certificate missing": (no_certificate, 78, "there is no file /nowhere/hostcert.pem"),
    "unknown option": (misspelt, 78, "(did you mean 'destination'?)"),
    "AMS": (ams, 78, "[messaging] ams_project: must be set for AMS"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_named_and_the_message_stays_where_it_is(
    site: Site, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, status, words = FAULTS[case]
    spoil(site)
    name = leave(site.outgoing, b"payload")
    assert main(["send", "-c", site.config()]) == status
    assert words in capsys.readouterr().err
    assert (site.outgoing / name).read_bytes() == b"payload"
    assert not (site.outgoing / f"{name}.lck").exists()
    assert ssmsend(["-c", site.config()]) == 1


def test_a_missing_plain_directory_is_a_fault_and_a_missing_dirq_spool_is_made(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.options["messaging"]["path_type"] = "directory"
    assert main(["send", "-c", site.config()]) == 74
    assert f"{site.outgoing} is not a folder" in capsys.readouterr().err
    site.options["messaging"]["path_type"] = "dirq"
    assert main(["send", "-c", site.config()]) == 0
    assert site.outgoing.is_dir()
    assert "No messages found to send." in (site.folder / "log").read_text()


def test_no_broker_is_69_and_everything_stays(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    name = leave(site.outgoing, b"payload")
    assert main(["send", "-c", site.config()]) == 69
    assert "127.0.0.1:1: connection refused" in capsys.readouterr().err
    assert (site.outgoing / name).exists()
    assert not (site.outgoing / f"{name}.lck").exists()
