# SPDX-License-Identifier: Apache-2.0
"""Configuration files as sites have them since 2012 mean what they always meant."""

import logging
from pathlib import Path

import pytest

from ssm.errors import ConfigError
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver, read_sender, role_of

FILES = Path(__file__).parent / "incumbent"
# 4.0 as shipped is for AMS, 2.0 as shipped looks its broker up: both stand apart below.
SENDERS = ("sender-0.0.1.cfg", "sender-2.4.cfg", "sender-3.4.cfg")
RECEIVERS = ("receiver-2.0.cfg", "receiver-4.0.cfg")


@pytest.mark.parametrize("name", SENDERS)
def test_a_sender_file_of_any_age_that_names_a_stomp_broker_is_read(name: str) -> None:
    settings, _ = read_sender(Sources(FILES / name))
    assert settings.broker.addresses() == (("broker.example.org", 6162),)
    assert settings.broker.use_ssl
    assert settings.certificates.capath == Path("/etc/grid-security/certificates")
    assert settings.messaging.destination == "/queue/accounting.example"


@pytest.mark.parametrize("name", RECEIVERS)
def test_a_receiver_file_of_any_age_that_names_a_stomp_broker_is_read(name: str) -> None:
    settings, _ = read_receiver(Sources(FILES / name))
    assert settings.broker.host == (("broker.example.org", None),)
    assert settings.messaging.path == Path("/var/spool/apel")
    assert settings.daemon.pidfile == Path("/var/run/apel/ssmreceive.pid")
    assert settings.logging.logfile == Path("/var/log/apel/ssmreceive.log")
    assert settings.logging.console is False


@pytest.mark.parametrize("name", [*SENDERS, *RECEIVERS, "sender-2.0.cfg", "sender-4.0.cfg"])
def test_the_role_of_a_file_shows_in_its_sections(name: str) -> None:
    assert role_of(FILES / name) == name.partition("-")[0]


def test_hyphenated_names_of_the_first_version_are_read_with_a_word_about_each() -> None:
    settings, found = read_sender(Sources(FILES / "sender-0.0.1.cfg"))
    assert settings.broker.login == "site"
    assert settings.broker.passcode == "planted-secret"
    assert settings.certificates.server_cert == Path("/etc/grid-security/servercert.pem")
    assert settings.logging.level == logging.DEBUG
    for old in ("use-ssl", "use-pwd", "username", "password", "server"):
        assert any(f" {old} " in warning for warning in found.warnings), old


def test_use_ssl_false_of_the_oldest_receivers_is_kept() -> None:
    settings, _ = read_receiver(Sources(FILES / "receiver-2.0.cfg"))
    assert settings.broker.use_ssl is False
    assert settings.certificates.check_crls is False


def test_a_receiver_that_asks_for_crls_gets_them() -> None:
    settings, _ = read_receiver(Sources(FILES / "receiver-4.0.cfg"))
    assert settings.certificates.check_crls is True


def test_a_plain_folder_and_an_unverified_recipient_are_read() -> None:
    settings, _ = read_sender(Sources(FILES / "sender-2.4.cfg"))
    assert settings.messaging.path_type == "directory"
    assert settings.certificates.verify_server_cert is False
    assert settings.logging.level == logging.WARNING


def test_options_of_the_other_transport_are_no_faults() -> None:
    settings, found = read_sender(Sources(FILES / "sender-3.4.cfg"))
    assert settings.messaging.path_type == "dirq"
    assert "planted-secret" not in repr(settings) + repr(found.warnings)


def test_brokers_are_looked_up_where_a_file_asks_for_it() -> None:
    settings, found = read_sender(Sources(FILES / "sender-2.0.cfg"))
    assert settings.broker.host == ()
    assert settings.broker.bdii == (("bdii.example.org", 2170),)
    assert settings.broker.network == "PROD"
    assert not any("bdii" in warning for warning in found.warnings)


def test_a_look_up_goes_with_a_word_once_a_host_is_given_from_elsewhere() -> None:
    settings, found = read_sender(Sources(FILES / "sender-2.0.cfg", overrides=("broker.host=b.example.org:6163",)))
    assert settings.broker.addresses() == (("b.example.org", 6163),)
    for name in ("bdii", "network"):
        assert f"[broker] {name} has no effect: brokers are not looked up, host names them" in found.warnings


def test_the_spellings_of_ssm_1_mean_the_same(tmp_path: Path) -> None:
    text = (FILES / "sender-2.0.cfg").read_text().replace("bdii:", "bdii-url:").replace("network:", "broker-network:")
    file = tmp_path / "ssm.cfg"
    file.write_text(text)
    settings, found = read_sender(Sources(file))
    assert (settings.broker.bdii, settings.broker.network) == ((("bdii.example.org", 2170),), "PROD")
    assert "[broker] bdii-url is now called bdii" in found.warnings
    assert "[broker] broker-network is now called network" in found.warnings


@pytest.mark.parametrize(("gone", "left"), [("bdii", "network"), ("network", "bdii")])
def test_half_a_look_up_is_a_fault_that_names_the_other_half(tmp_path: Path, gone: str, left: str) -> None:
    lines = (FILES / "sender-2.0.cfg").read_text().splitlines(keepends=True)
    file = tmp_path / "sender.cfg"
    file.write_text("".join(line for line in lines if not line.startswith(gone)))
    with pytest.raises(ConfigError) as caught:
        read_sender(Sources(file))
    (fault,) = caught.value.faults
    assert (fault.section, fault.option) == ("broker", gone), left


def test_the_file_as_shipped_today_needs_only_its_host() -> None:
    with pytest.raises(ConfigError) as caught:
        read_sender(Sources(FILES / "sender-4.0.cfg"))
    (fault,) = caught.value.faults
    assert (fault.section, fault.option) == ("broker", "host")
    settings, found = read_sender(Sources(FILES / "sender-4.0.cfg", overrides=("broker.host=ams.example.org",)))
    assert (settings.protocol, settings.messaging.ams_project) == ("AMS", "accounting")
    assert (settings.messaging.destination, settings.messaging.token) == ("gLite-APEL", None)
    assert found.warnings == []


def test_a_token_for_ams_is_read_and_shown_to_nobody() -> None:
    changes = ("sender.protocol=AMS", "messaging.destination=gLite-APEL", "broker.verify_broker=no")
    settings, found = read_sender(Sources(FILES / "sender-3.4.cfg", overrides=changes))
    assert settings.messaging.token == "planted-secret"
    assert "planted-secret" not in repr(settings) + repr(found.warnings)
    said = {warning.partition(" has")[0] for warning in found.warnings}
    assert said >= {"[broker] port", "[broker] verify_broker"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("messaging.ams_project=", ("messaging", "ams_project")),
        ("messaging.ams_project=a/b", ("messaging", "ams_project")),
        ("messaging.ams_project=a b", ("messaging", "ams_project")),
        ("messaging.destination=/queue/x", ("messaging", "destination")),
        ("messaging.destination=a:publish", ("messaging", "destination")),
        ("messaging.token=two words", ("messaging", "token")),
        ("messaging.token=tokén", ("messaging", "token")),
        ("broker.ams_trust=nobody", ("broker", "ams_trust")),
    ],
)
def test_what_ams_cannot_use_is_a_fault(change: str, place: tuple[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_sender(Sources(FILES / "sender-4.0.cfg", overrides=("broker.host=ams.example.org", change)))
    assert {(one.section, one.option) for one in caught.value.faults} == {place}
    assert "two words" not in str(caught.value.faults)
