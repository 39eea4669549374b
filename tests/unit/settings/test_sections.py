# SPDX-License-Identifier: Apache-2.0
"""The options themselves."""

from dataclasses import is_dataclass

import pytest

from ssm.settings.ini import SECTIONS
from ssm.settings.options import declared
from ssm.settings.sections import Broker, Directories, Hosts, read_directories, read_hosts

EVERY_OPTION = [
    pytest.param(kind, one.name, id=f"{role}-{name}-{one.name}")
    for role, sections in SECTIONS.items()
    for name, kind in sections.items()
    for one in declared(kind)
]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("a.example.org", (("a.example.org", None),)),
        ("a.example.org, b.example.org:61613", (("a.example.org", None), ("b.example.org", 61613))),
        ("a:1 b:2", (("a", 1), ("b", 2))),
        ("a,,b", (("a", None), ("b", None))),
        ("192.0.2.1:61613", (("192.0.2.1", 61613),)),
        ("[2001:db8::1]:61613", (("2001:db8::1", 61613),)),
        ("[2001:db8::1]", (("2001:db8::1", None),)),
        ("2001:db8::1", (("2001:db8::1", None),)),
        ("::1, a", (("::1", None), ("a", None))),
    ],
)
def test_brokers_are_listed_with_ports_of_their_own_where_they_have_some(text: str, hosts: Hosts) -> None:
    assert read_hosts(text) == hosts


@pytest.mark.parametrize("text", ["", ",", "a:0", "a:65536", "a:", "a:x", "stomp://a:1", "[a", "[::1]:0", "a]:1"])
def test_what_is_no_list_of_brokers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        read_hosts(text)


def test_a_port_behind_a_host_wins_over_the_common_one() -> None:
    assert Broker(host=read_hosts("a, b:2"), port=1).addresses() == (("a", 1), ("b", 2))


@pytest.mark.parametrize(("kind", "name"), EVERY_OPTION)
def test_every_option_has_a_kind_and_one_sentence(kind: type, name: str) -> None:
    (one,) = [each for each in declared(kind) if each.name == name]
    assert one.option.reader.kind
    assert one.option.meaning.endswith((".", ".)"))
    assert one.option.meaning[0].isupper()
    assert "\n" not in one.option.meaning


@pytest.mark.parametrize("kind", [kind for sections in SECTIONS.values() for kind in sections.values()])
def test_sections_are_frozen_and_passwords_do_not_show(kind: type) -> None:
    assert is_dataclass(kind)
    for one in declared(kind):
        if "pass" in one.name:
            assert one.option.is_secret


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("ldap://bdii.example.org:2170", (("bdii.example.org", 2170),)),
        ("LDAP://bdii.example.org/", (("bdii.example.org", 389),)),
        ("ldap://[2001:db8::1]:2170, ldap://192.0.2.1:2171", (("2001:db8::1", 2170), ("192.0.2.1", 2171))),
        ("ldap://[2001:db8::1]", (("2001:db8::1", 389),)),
    ],
)
def test_ldap_servers_are_listed_as_urls(text: str, servers: Directories) -> None:
    assert read_directories(text) == servers


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ",",
            "bdii.example.org",
            "bdii.example.org:2170",
            "ldaps://a:636",
            "http://a:2170",
            "ldap://",
            "ldap:///",
        ),
        *("ldap://a:0", "ldap://a:65536", "ldap://a:x", "ldap://2001:db8::1", "ldap://user:secret@a:2170"),
        *("ldap://a:2170/o=grid", "ldap://a?b", "ldap://a#b", "ldap://a:2170//", "ldapi://%2fvar", "ldap://a;b"),
    ],
)
def test_what_is_no_list_of_ldap_servers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        read_directories(text)
