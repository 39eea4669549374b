# SPDX-License-Identifier: Apache-2.0
"""`ssm spool` and `ssm config` over real spools."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from ssm.cli.main import main
from ssm.messenger.answering import KEPT
from ssm.ports.filing import Box, Verdict
from ssm.settings.ini import SECTIONS
from ssm.settings.options import declared
from ssm.spool.dirq_simple import leave
from ssm.wiring.messaging import open_cabinet
from tests.pki import Pki

DN = "/O=Test/CN=host.example.org"


@dataclass(frozen=True)
class Place:
    """A server's and a site's folders."""

    receiver: Path
    sender: Path
    server_spool: Path
    outgoing: Path
    dn_file: Path

    def run(self, *words: str, role: str = "receiver") -> int:
        return main(["spool", *words, "-c", str(self.receiver if role == "receiver" else self.sender)])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    pki = Pki(tmp_path / "pki")
    credential = pki.issue()
    server_spool, outgoing, dn_file = tmp_path / "server", tmp_path / "outgoing", tmp_path / "dns"
    common = (
        f"[broker]\nhost: b.example.org\nport: 61613\n[certificates]\ncertificate: {credential.certificate_path}\n"
        f"key: {credential.key_path}\ncapath: {pki.ca_directory}\n[messaging]\ndestination: /queue/q\n"
    )
    receiver, sender = tmp_path / "receiver.cfg", tmp_path / "sender.cfg"
    receiver.write_text(f"[receiver]\nprotocol: STOMP\n{common}path: {server_spool}\n")
    sender.write_text(f"[sender]\nprotocol: STOMP\n{common}path: {outgoing}\nsettle_seconds: 0\n")
    dn_file.write_text(f"{DN}\n")
    server_spool.mkdir()
    return Place(receiver, sender, server_spool, outgoing, dn_file)


def reject(place: Place, body: bytes, error: str = "Signer not in valid DNs list: /O=X/CN=y") -> str:
    verdict = Verdict(hashlib.sha256(body).digest(), Box.REJECTED, body, DN, "id-1", error, "unauthorised")
    with open_cabinet(place.server_spool, place.server_spool / ".ssm") as cabinet:
        [filed] = cabinet.file([verdict])
    return filed.name


def test_a_rejected_message_is_listed_with_its_reason_and_shown_as_it_came(
    place: Place, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    name = reject(place, b"\xff raw \x00 octets")
    assert place.run("list", "rejected") == 0
    listed = capfdbinary.readouterr().out.decode()
    for expected in (name, DN, "id-1", "Signer not in valid DNs list"):
        assert expected in listed
    assert place.run("show", "rejected", name) == 0
    assert capfdbinary.readouterr().out == b"\xff raw \x00 octets"


def test_retry_moves_a_rejected_message_to_deferred_to_be_judged_again(place: Place) -> None:
    name = reject(place, b"message")
    assert place.run("retry", "rejected", name) == 0
    assert place.run("retry", "rejected", name) == 1
    with open_cabinet(place.server_spool, place.server_spool / ".ssm") as cabinet:
        [waiting] = cabinet.deferred()
        element = cabinet.take_deferred(waiting)
        assert element is not None
        assert (element.body, element.message_id) == (b"message", "id-1")
        assert cabinet.known([hashlib.sha256(b"message").digest()]) == {
            hashlib.sha256(b"message").digest(): Box.DEFERRED
        }


def test_retry_is_refused_for_a_copy_of_what_its_sender_keeps(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    name = reject(place, b"message", f"Signer not in valid DNs list: /CN=x{KEPT}")
    assert place.run("retry", "rejected", name) == 78
    assert "sends it again by itself" in capsys.readouterr().err
    assert place.run("show", "rejected", name) == 0


def test_remove_takes_a_message_away_for_good(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    name = reject(place, b"message")
    assert place.run("remove", "rejected", name) == 0
    assert place.run("remove", "rejected", name) == 1
    assert "there is no such message" in capsys.readouterr().err
    assert place.run("list", "rejected") == 0
    assert capsys.readouterr().out == "nothing there\n"


def test_an_outgoing_lock_is_shown_and_can_be_taken_away(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    name = leave(place.outgoing, b"payload")
    lock = place.outgoing / f"{name}.lck"
    lock.hardlink_to(place.outgoing / name)
    assert place.run("list", "outgoing", "--json", role="sender") == 0
    [item] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (item["name"], item["size"], item["is_locked"]) == (name, 7, True)
    assert place.run("retry", "outgoing", name, role="sender") == 0
    assert not lock.exists()


def test_the_boxes_of_a_receiver_are_those_of_its_loader_too(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = reject(place, b"message")
    config = tmp_path / "loader.cfg"
    config.write_text(f"[messaging]\npath: {place.server_spool}\n")
    assert main(["spool", "list", "rejected", "-c", str(config)]) == 0
    assert name in capsys.readouterr().out
    assert main(["spool", "list", "outgoing", "-c", str(config)]) == 78
    assert "is a loader's, which has no outgoing spool" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["/etc/passwd", "../../etc/passwd", "00000000/../../x"])
def test_a_name_does_not_lead_out_of_the_spool(place: Place, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    reject(place, b"message")
    assert place.run("show", "rejected", name) == 78
    assert "not the name of a message" in capsys.readouterr().err


def test_a_box_that_a_role_does_not_have_is_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.run("list", "outgoing") == 78
    assert "has no outgoing spool" in capsys.readouterr().err


def test_config_shows_every_option_and_says_that_it_would_start(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "-c", str(place.receiver), "-d", str(place.dn_file)]) == 0
    shown = capsys.readouterr().out
    assert "[messaging] destination" in shown
    assert f"ok    certificate and key: {DN}" in shown
    assert "ok    signer list: 1 DNs" in shown


def test_config_shows_every_listener(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    own = "protocol: SSM1\ndestination: /topic/central\npasscode: planted-secret\nlogin: me\n"
    place.receiver.write_text(place.receiver.read_text() + f"[receiver.old]\n{own}")
    assert main(["config", "-c", str(place.receiver)]) == 0
    shown = capsys.readouterr().out
    assert "[receiver.old] protocol" in shown
    assert "/topic/central" in shown
    assert "broker of old, SSM1" in shown
    assert "planted-secret" not in shown


def test_config_says_what_would_keep_it_from_starting(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.dn_file.write_text("# nobody\n")
    assert main(["config", "-c", str(place.receiver), "-d", str(place.dn_file)]) == 78
    assert "FAULT signer list: No valid DNs found" in capsys.readouterr().out


LOADER = "[loader]\n[messaging]\npath: {spool}\n[database]\nurl: {url}\n"
SOMEWHERE = "postgresql://writer@db.example.org:5433/usage"


def test_config_knows_a_loader_by_its_file_and_shows_every_option(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, config = tmp_path / "rules", tmp_path / "loader.cfg"
    rules.write_text("[/C=UK/CN=a]\nsites: EXAMPLE-*\n[*]\nsites: OTHER\n")
    config.write_text(LOADER.format(spool=place.server_spool, url=SOMEWHERE) + "password: planted-secret\n")
    monkeypatch.setenv("SSM_SET_DATABASE_LOADERS", "3")
    words = ["--set", f"database.publisher_rules_file={rules}", "--set", "database.publisher_rules=report"]
    assert main(["config", "-c", str(config), *words]) == 0
    shown = capsys.readouterr().out
    said = {line.partition("]")[2].split()[0]: line.split() for line in shown.splitlines() if line.startswith("[")}
    assert {one.name for kind in SECTIONS["loader"].values() for one in declared(kind)} == said.keys()
    assert said["loaders"][2:] == ["3", "environment", "SSM_SET_DATABASE_LOADERS"]
    assert said["publisher_rules"][2:] == ["report", "--set"]
    assert said["batch_rows"][2:] == ["5000", "default"]
    assert said["path"][2:] == [str(place.server_spool), str(config)]
    assert "planted-secret" not in shown
    assert "ok    database: PostgreSQL, postgresql://db.example.org:5433/usage (not tried)" in shown
    assert f"ok    publisher rules: {rules}, 2 signers" in shown
    assert f"ok    spool: {place.server_spool}" in shown


def test_config_of_a_loader_without_a_url_names_the_file_and_makes_none(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "loader.cfg"
    config.write_text(f"[messaging]\npath: {place.server_spool}\n")
    assert main(["config", "-c", str(config)]) == 0
    shown = capsys.readouterr().out
    assert f"ok    database: SQLite, sqlite:///{place.server_spool}/accounting.sqlite (not tried)" in shown
    assert list(place.server_spool.iterdir()) == []


def test_config_of_a_loader_lists_every_fault_with_the_nearest_name(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "loader.cfg"
    config.write_text("[database]\nlaoders: 2\nbatch_rows: many\n[messaging]\n")
    assert main(["config", "-c", str(config)]) == 78
    said = capsys.readouterr().err
    assert "has 3 faults for a loader" in said
    assert "[database] laoders: there is no such option (did you mean 'loaders'?)" in said
    assert "[database] batch_rows = many: must be a whole number" in said
    assert "[messaging] path: must be set" in said


@pytest.mark.parametrize(
    ("url", "rules", "said"),
    [
        ("oracle://db.example.org/usage", "[*]\nsites: A\n", "FAULT database: there is no database 'oracle'"),
        (SOMEWHERE, "[*]\n", "must name sites"),
        (SOMEWHERE, None, "cannot be read: No such file"),
    ],
)
def test_config_says_what_would_keep_a_loader_from_starting(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, rules: str | None, said: str
) -> None:
    config, file = tmp_path / "loader.cfg", tmp_path / "rules"
    config.write_text(
        LOADER.format(spool=place.server_spool, url=url) + f"publisher_rules: report\npublisher_rules_file: {file}\n"
    )
    if rules is not None:
        file.write_text(rules)
    assert main(["config", "-c", str(config)]) == 78
    assert said in capsys.readouterr().out
