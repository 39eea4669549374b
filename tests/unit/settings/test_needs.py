# SPDX-License-Identifier: Apache-2.0
"""What AMS needs to be told, of a receiver and of one listener among several."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ssm.errors import ConfigError
from ssm.settings.ini import read_receiver
from tests.unit.settings.test_ini import Site

GOOD: Mapping[str, str | None] = {
    "protocol": "AMS",
    "host": "ams.example.org",
    "ams_project": "accounting",
    "destination": "apel-receiver",
    "token": "planted-secret",
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "receiver.cfg")


def with_listener(site: Site, **changes: str | None) -> Site:
    own = {"receiver.ams": {**GOOD, **changes}}
    return site.write(sender={"protocol": None}, receiver={"protocol": "STOMP"}, **own)


def faults(site: Site) -> set[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        site.receiver()
    assert "planted-secret" not in "".join(map(str, caught.value.faults))
    return {(one.section, one.option) for one in caught.value.faults}


def test_a_listener_may_be_for_ams_beside_one_for_stomp(site: Site) -> None:
    main, ams = with_listener(site).receiver().listeners
    assert (main.protocol, ams.protocol, ams.name) == ("STOMP", "AMS", "ams")
    assert ams.broker.host == (("ams.example.org", None),)
    assert (ams.messaging.ams_project, ams.messaging.token) == ("accounting", "planted-secret")
    assert (main.messaging.ams_project, main.messaging.token) == (None, None)


def test_what_a_listener_for_ams_lacks_is_told_under_its_own_name(site: Site) -> None:
    assert faults(with_listener(site, ams_project=None)) == {("receiver.ams", "ams_project")}


def test_a_destination_that_it_shares_with_stomp_is_none_of_ams(site: Site) -> None:
    assert faults(with_listener(site, destination=None)) == {("receiver.ams", "destination")}


def test_what_it_says_and_has_no_effect_gets_a_word_and_what_it_shares_does_not(site: Site) -> None:
    _, found = read_receiver(with_listener(site, port="6163", verify_broker="off").sources())
    said = [one for one in found.warnings if "no effect" in one]
    assert len(said) == 2
    assert all(one.startswith("[receiver.ams] ") for one in said)
    _, found = read_receiver(with_listener(site).sources())
    assert not any("no effect" in one for one in found.warnings)


def test_ams_may_be_first_and_stomp_beside_it(site: Site) -> None:
    site.write(
        sender={"protocol": None},
        receiver={"protocol": "AMS"},
        broker={"host": "ams.example.org", "port": None},
        messaging={"destination": "sub", "ams_project": "accounting"},
        **{"receiver.old": {"protocol": "STOMP", "host": "b.example.org:61613", "destination": "/queue/x"}},
    )
    main, old = site.receiver().listeners
    assert (main.protocol, old.protocol) == ("AMS", "STOMP")
    assert old.broker.addresses() == (("b.example.org", 61613),)


@pytest.mark.parametrize(
    ("broker", "own", "is_shared"),
    [
        ({}, {}, True),
        ({}, {"destination": "/queue/old"}, False),
        ({}, {"host": "other.example.org"}, False),
        ({}, {"port": "61614"}, False),
        ({}, {"host": "other.example.org, mb.example.org"}, True),
        ({"host": None, "bdii": "ldap://b.example.org", "network": "PROD"}, {}, True),
        ({"host": None, "bdii": "ldap://b.example.org", "network": "PROD"}, {"network": "TEST"}, False),
        ({"host": None, "bdii": "ldap://b.example.org", "network": "PROD"}, {"host": "mb.example.org"}, False),
        ({}, {"protocol": "STOMP"}, False),
    ],
)
def test_two_protocols_at_one_destination_of_one_broker_are_a_fault(
    site: Site, broker: Mapping[str, str | None], own: Mapping[str, str], *, is_shared: bool
) -> None:
    site.write(
        sender={"protocol": None},
        receiver={"protocol": "STOMP"},
        broker={"host": "mb.example.org", **broker},
        **{"receiver.old": {"protocol": "SSM1", **own}},
    )
    if is_shared:
        assert faults(site) == {("receiver.old", "destination")}
    else:
        assert [one.name for one in site.receiver().listeners] == ["", "old"]
