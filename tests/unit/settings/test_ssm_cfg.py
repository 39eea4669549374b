# SPDX-License-Identifier: Apache-2.0
"""The configuration file of SSM 1, as sites have it."""

from pathlib import Path

import pytest

from ssm.errors import ConfigError
from ssm.settings.found import Found, Sources
from ssm.settings.ini import read_receiver, read_sender, role_of
from ssm.settings.sections import ReceiverSettings, SenderSettings

SITE = {
    "broker": {"host": "broker.example.org", "port": "6163", "use-ssl": "true", "use-pwd": "false"},
    "pidfile": {"pidfile": "/var/run/apel/ssm.pid"},
    "messagedb": {"path": "$SSM_HOME/messages", "test": "false"},
    "certificates": {
        "certificate": "/etc/grid-security/hostcert-ssm.pem",
        "key": "/etc/grid-security/hostkey-ssm.pem",
        "cadir": "/etc/grid-security/certificates",
        "check-crls": "true",
    },
    "logging": {"log-conf-file": "/opt/apel/ssm/conf/ssm.log.cfg"},
    "producer": {
        "msg-check-time": "10",
        "topic": "/topic/global.accounting.cpu.central",
        "consumer-dn": "/C=UK/O=eScience/OU=CLRC/L=RAL/CN=raptest.esc.rl.ac.uk",
        "ack": "/topic/global.accounting.cpu.client.$host.$pid",
    },
}
CONSUMER = {
    "topic": "/topic/global.accounting.cpu.central",
    "valid-dns": "/etc/apel/valid-dns.conf",
    "read-valid-dns": "10",
}
Changes = dict[str, dict[str, str | None]]


def written(folder: Path, changes: Changes | None = None) -> Path:
    merged: Changes = {name: dict(options) for name, options in SITE.items()}
    for name, options in (changes or {}).items():
        merged.setdefault(name, {}).update(options)
    path = folder / "ssm.cfg"
    lines = []
    for name, kept in merged.items():
        held = {key: value for key, value in kept.items() if value is not None}
        lines += [f"[{name}]", *(f"{key}: {value}" for key, value in held.items())] if held else []
    path.write_text("\n".join(lines) + "\n")
    return path


def sender(folder: Path, changes: Changes | None = None) -> tuple[SenderSettings, Found]:
    return read_sender(Sources(written(folder, changes), {"SSM_HOME": "/opt/apel/ssm"}))


def receiver(folder: Path, changes: Changes | None = None) -> tuple[ReceiverSettings, Found]:
    both: Changes = {"consumer": dict(CONSUMER), **(changes or {})}
    return read_receiver(Sources(written(folder, both), {"SSM_HOME": "/opt/apel/ssm"}))


def faults(folder: Path, changes: Changes) -> set[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        sender(folder, changes)
    return {(one.section, one.option) for one in caught.value.faults}


def test_a_producer_becomes_a_sender_of_ssm_1(tmp_path: Path) -> None:
    settings, found = sender(tmp_path)
    assert settings.protocol == "SSM1"
    assert settings.broker.addresses() == (("broker.example.org", 6163),)
    assert settings.broker.use_ssl
    assert settings.certificates.capath == Path("/etc/grid-security/certificates")
    assert settings.certificates.check_crls
    messaging = settings.messaging
    assert (messaging.path, messaging.path_type) == (Path("/opt/apel/ssm/messages/outgoing"), "ssm1")
    assert messaging.destination == "/topic/global.accounting.cpu.central"
    assert messaging.consumer_dn == "/C=UK/O=eScience/OU=CLRC/L=RAL/CN=raptest.esc.rl.ac.uk"
    assert messaging.reply_to == "/topic/global.accounting.cpu.client.$host.$pid"
    assert found.warnings == ["[logging] log-conf-file has no effect: see [logging] of this version"]


def test_a_consumer_becomes_a_receiver_of_ssm_1(tmp_path: Path) -> None:
    settings, found = receiver(tmp_path)
    assert settings.protocol == "SSM1"
    assert settings.messaging.path == Path("/opt/apel/ssm/messages/dirq")
    assert settings.daemon.pidfile == Path("/var/run/apel/ssm.pid")
    assert found.dn_file == Path("/etc/apel/valid-dns.conf")
    assert any("dirq" in warning for warning in found.warnings)


@pytest.mark.parametrize("said", ["true", "yes", "1", "on", "whatever", "", None])
def test_a_switch_is_on_unless_it_is_false(tmp_path: Path, said: str | None) -> None:
    settings, _ = sender(tmp_path, {"broker": {"use-ssl": said}, "certificates": {"check-crls": said}})
    assert settings.broker.use_ssl
    assert settings.certificates.check_crls


@pytest.mark.parametrize("said", ["false", "False"])
def test_false_switches_off(tmp_path: Path, said: str) -> None:
    settings, _ = sender(tmp_path, {"broker": {"use-ssl": said}, "certificates": {"check-crls": said}})
    assert not settings.broker.use_ssl
    assert not settings.certificates.check_crls


@pytest.mark.parametrize(("use", "login"), [("true", "me"), ("anything", "me"), ("false", None), (None, None)])
def test_a_password_counts_only_when_it_is_to_be_used(tmp_path: Path, use: str | None, login: str | None) -> None:
    settings, _ = sender(tmp_path, {"broker": {"use-pwd": use, "username": "me", "password": "planted-secret"}})
    assert settings.broker.login == login
    assert "planted-secret" not in repr(settings)


def test_a_variable_that_is_not_set_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, {"messagedb": {"path": "${SSM_HAME}/messages"}}) == {("messagedb", "path")}


def test_a_role_without_its_section_is_refused_and_not_silently_switched_off(tmp_path: Path) -> None:
    assert ("producer", "") in faults(tmp_path, {"producer": dict.fromkeys(SITE["producer"])})


def test_a_producer_must_name_its_consumer(tmp_path: Path) -> None:
    assert faults(tmp_path, {"producer": {"consumer-dn": None}}) == {("messaging", "consumer_dn")}


def test_a_misspelt_option_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, {"producer": {"tpoic": "x"}}) == {("producer", "tpoic")}


def test_the_role_is_read_from_the_sections(tmp_path: Path) -> None:
    assert role_of(written(tmp_path)) == "sender"
    only: Changes = {"producer": dict.fromkeys(SITE["producer"]), "consumer": dict(CONSUMER)}
    assert role_of(written(tmp_path, only)) == "receiver"
