# SPDX-License-Identifier: Apache-2.0
"""From text to settings, or to every fault at once."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ssm.errors import ConfigError, ConfigFault
from ssm.settings.found import Found, Sources
from ssm.settings.ini import known_sections, read_receiver, read_sender, role_of
from ssm.settings.sections import ReceiverSettings, SenderSettings

MINIMAL = {
    "sender": {"protocol": "STOMP"},
    "broker": {"host": "broker.example.org", "port": "61613"},
    "certificates": {"certificate": "/c.pem", "key": "/k.pem", "capath": "/ca"},
    "messaging": {"destination": "/queue/q", "path": "/spool"},
}
SECRET = "planted-secret"


def text_of(changes: Mapping[str, Mapping[str, str | None]]) -> str:
    """The least file that is valid, with changes; None takes an option out."""
    merged: dict[str, dict[str, str | None]] = {name: dict(options) for name, options in MINIMAL.items()}
    for name, options in changes.items():
        merged.setdefault(name, {}).update(options)
    lines = []
    for name, kept in merged.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {value}" for key, value in kept.items() if value is not None]
    return "\n".join(lines) + "\n"


@dataclasses.dataclass
class Site:
    """One configuration file."""

    file: Path
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    def write(self, **changes: Mapping[str, str | None]) -> "Site":
        self.file.write_text(text_of(changes), encoding="utf-8")
        return self

    def sources(self) -> Sources:
        return Sources(self.file, self.environment, self.overrides)

    def sender(self) -> SenderSettings:
        return read_sender(self.sources())[0]

    def found(self) -> Found:
        return read_sender(self.sources())[1]

    def receiver(self) -> ReceiverSettings:
        return read_receiver(self.sources())[0]

    def faults(self) -> Sequence[ConfigFault]:
        with pytest.raises(ConfigError) as caught:
            self.sender()
        assert caught.value.exit_status == 78
        return caught.value.faults

    def fault(self) -> ConfigFault:
        (only,) = self.faults()
        return only


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "sender.cfg").write()


def test_the_least_file_gives_the_safe_defaults(site: Site) -> None:
    settings = site.sender()
    assert settings.broker.use_ssl
    assert settings.broker.verify_broker
    assert settings.certificates.verify_server_cert
    assert settings.certificates.check_namespaces
    assert settings.certificates.server_cert is None
    assert settings.certificates.cipher == "aes-128-cbc"
    assert settings.messaging.path_type == "dirq"


def test_a_receiver_checks_revocation_unless_told_otherwise(site: Site) -> None:
    assert site.write(sender={"protocol": None}, receiver={"protocol": "STOMP"}).receiver().certificates.check_crls


def test_settings_cannot_be_changed(site: Site) -> None:
    settings = site.sender()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.broker.port = 1  # type: ignore[misc]  # that it is refused is the point


def test_colon_and_equals_sign_both_separate(site: Site) -> None:
    site.file.write_text(site.file.read_text().replace("host = ", "host: ").replace("path = ", "path:"))
    assert site.sender().broker.host == (("broker.example.org", None),)


def test_option_names_ignore_case(site: Site) -> None:
    site.file.write_text(site.file.read_text().replace("host = ", "Host = "))
    assert site.sender().broker.host == (("broker.example.org", None),)


def test_percent_signs_interpolate_within_a_section(site: Site) -> None:
    settings = site.write(messaging={"path": "%(destination)s/spool", "destination": "/q"}).sender()
    assert settings.messaging.path == Path("/q/spool")


def test_a_doubled_percent_sign_is_one(site: Site) -> None:
    assert site.write(messaging={"destination": "/queue/50%%"}).sender().messaging.destination == "/queue/50%"


def test_a_percent_sign_alone_is_a_fault_that_says_how_to_write_it(site: Site) -> None:
    fault = site.write(messaging={"destination": "/queue/50%"}).faults()[0]
    assert (fault.section, fault.option) == ("messaging", "destination")
    assert "%%" in fault.problem


def test_every_fault_is_reported_together(site: Site) -> None:
    faults = site.write(
        broker={"host": "stomp://b", "port": "0", "use_ssl": "perhaps"},
        certificates={"key": None, "cipher": "rot13"},
        messaging={"windo": "3", "max_message_size": "12 furlongs", "settle_seconds": "-1"},
        logging={"level": "LOUD", "format": "xml"},
        borker={"host": "x"},
    ).faults()
    assert {(one.section, one.option) for one in faults} == {
        ("broker", "host"),
        ("broker", "port"),
        ("broker", "use_ssl"),
        ("certificates", "key"),
        ("certificates", "cipher"),
        ("messaging", "windo"),
        ("messaging", "max_message_size"),
        ("messaging", "settle_seconds"),
        ("logging", "level"),
        ("logging", "format"),
        ("borker", "host"),
    }


@pytest.mark.parametrize(
    ("section", "option", "nearest"),
    [
        ("broker", "hots", "host"),
        ("certificates", "check_crl", "check_crls"),
        ("messaging", "path-type", "path_type"),
        ("logging", "log_file", "logfile"),
        ("daemon", "pid_file", "pidfile"),
    ],
)
def test_a_misspelt_option_is_a_fault_with_the_nearest_name(
    site: Site, section: str, option: str, nearest: str
) -> None:
    fault = site.write(**{section: {option: "x"}}).fault()
    assert (fault.section, fault.option, fault.suggestion) == (section, option, nearest)
    assert f"did you mean {nearest!r}?" in str(fault)


def test_a_misspelt_section_is_a_fault_with_the_nearest_name(site: Site) -> None:
    fault = site.write(loging={"console": "true"}).fault()
    assert fault.suggestion == "logging"


@pytest.mark.parametrize(
    ("section", "option"),
    [
        ("broker", "host"),
        ("certificates", "certificate"),
        ("certificates", "key"),
        ("certificates", "capath"),
        ("messaging", "destination"),
        ("messaging", "path"),
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_required_option_that_is_absent_or_empty_is_a_fault(
    site: Site, section: str, option: str, value: str | None
) -> None:
    fault = site.write(**{section: {option: value}}).fault()
    assert (fault.section, fault.option) == (section, option)


def test_a_port_is_needed_where_a_host_has_none_of_its_own(site: Site) -> None:
    fault = site.write(broker={"host": "a:1, b", "port": None}).fault()
    assert (fault.section, fault.option) == ("broker", "port")


def test_no_port_is_needed_where_each_host_has_its_own(site: Site) -> None:
    settings = site.write(broker={"host": "a:1, b:2", "port": None}).sender()
    assert settings.broker.addresses() == (("a", 1), ("b", 2))


@pytest.mark.parametrize("protocol", ["stomp", "STOMP2", "http", ""])
def test_an_unknown_protocol_is_a_fault(site: Site, protocol: str) -> None:
    fault = site.write(sender={"protocol": protocol}).fault()
    assert (fault.section, fault.option, fault.suggestion) == ("sender", "protocol", "STOMP")


def test_without_a_protocol_stomp_is_assumed_with_a_word(site: Site) -> None:
    assert any("STOMP" in warning for warning in site.write(sender={"protocol": None}).found().warnings)


def test_a_good_file_needs_no_word(site: Site) -> None:
    assert site.found().warnings == []


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(site: Site) -> None:
    site.environment = {"SSM_SET_BROKER_PORT": "2", "SSM_SET_MESSAGING_MAX_MESSAGE_SIZE": "1 MiB"}
    assert site.sender().broker.port == 2
    assert site.sender().messaging.max_message_size == 1 << 20
    site.overrides = ("broker.port=3",)
    assert site.sender().broker.port == 3


def test_where_each_value_came_from_is_kept(site: Site) -> None:
    site.environment = {"SSM_SET_BROKER_PORT": "2"}
    site.overrides = ("broker.vhost=v",)
    origins = site.found().origins
    assert origins["broker", "host"] == str(site.file)
    assert "SSM_SET_BROKER_PORT" in origins["broker", "port"]
    assert origins["broker", "vhost"] == "--set"


def test_variables_that_name_no_section_are_not_ours(site: Site) -> None:
    site.environment = {"SSM_REQUIRE_SERVERS": "1", "BROKER_PORT": "nonsense", "PATH": "/bin"}
    assert site.sender().broker.port == 61613


def test_a_misspelt_variable_is_a_fault(site: Site) -> None:
    site.environment = {"SSM_SET_BROKER_PROT": "2"}
    assert site.fault().suggestion == "port"


@pytest.mark.parametrize("override", ["port=1", "broker.port", "nonsense", ""])
def test_an_override_that_is_none_is_a_fault(site: Site, override: str) -> None:
    site.overrides = (override,)
    assert "section.option=value" in site.fault().problem


def test_an_override_may_hold_equals_signs_and_dots(site: Site) -> None:
    site.overrides = ("messaging.destination=/queue/a.b=c",)
    assert site.sender().messaging.destination == "/queue/a.b=c"


def test_an_override_is_not_interpolated(site: Site) -> None:
    site.overrides = ("broker.passcode=100%",)
    assert site.sender().broker.passcode == "100%"


def test_a_passcode_shows_neither_in_settings_nor_in_warnings(site: Site) -> None:
    site.write(broker={"login": "u", "password": SECRET})
    settings = site.sender()
    assert settings.broker.passcode == SECRET
    assert SECRET not in repr(settings)
    assert SECRET not in repr(site.found().warnings)


def test_a_file_may_hold_sections_and_options_of_the_other_role(site: Site) -> None:
    site.write(
        receiver={"protocol": "STOMP"},
        daemon={"pidfile": "/run/ssm.pid"},
        messaging={"prefetch": "7", "window": "9"},
    )
    assert site.sender().messaging.window == 9
    assert site.receiver().messaging.prefetch == 7
    assert site.receiver().daemon.pidfile == Path("/run/ssm.pid")


def test_only_the_role_that_runs_is_held_to_its_protocol(site: Site) -> None:
    assert site.write(receiver={"protocol": "AMS"}).sender().broker.port == 61613


def test_the_sender_wins_in_a_file_for_both(site: Site) -> None:
    assert role_of(site.write(receiver={"protocol": "STOMP"}).file) == "sender"


def test_a_file_that_has_sections_of_a_messenger_is_not_taken_for_a_loaders(site: Site, tmp_path: Path) -> None:
    assert role_of(site.write(database={"loaders": "2"}).file) == "sender"
    file = tmp_path / "loader.cfg"
    for text, role in (
        ("[messaging]\n", "loader"),
        ("[database]\n", "loader"),
        ("[loader]\n", "loader"),
        ("[database]\n[receiver]\n", "receiver"),
    ):
        file.write_text(text)
        assert role_of(file) == role


def test_a_new_name_wins_over_the_old_one_beside_it(site: Site) -> None:
    assert site.write(broker={"login": "new", "username": "old"}).sender().broker.login == "new"


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file") as caught:
        read_sender(Sources(tmp_path / "none.cfg"))
    assert "-c" in caught.value.hint


def test_a_folder_is_no_configuration_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_sender(Sources(tmp_path))


@pytest.mark.parametrize(
    "octets",
    [
        b"host = x\n",
        b"[broker\nhost = x\n",
        b"[broker]\nhost = a\nhost = b\n",
        b"[a]\nx = 1\n[a]\n",
        b"[a]\nx = \xff\n",
    ],
    ids=["no section", "cut section", "option twice", "section twice", "not UTF-8"],
)
def test_a_file_that_is_no_ini_file_is_a_fault(tmp_path: Path, octets: bytes) -> None:
    file = tmp_path / "broken.cfg"
    file.write_bytes(octets)
    with pytest.raises(ConfigError, match="is not a configuration file") as caught:
        read_sender(Sources(file))
    assert len(caught.value.faults) == 1
    assert "\n" not in str(caught.value.faults[0])


def test_every_known_option_is_known_by_one_name_only() -> None:
    known = known_sections()
    assert {"sender", "receiver", "broker", "certificates", "messaging", "logging", "daemon", "database"} == set(known)
    assert all(name == name.lower() and "-" not in name for options in known.values() for name in options)
