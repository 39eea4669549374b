# SPDX-License-Identifier: Apache-2.0
"""Several listeners in one file."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ssm.errors import ConfigError
from ssm.settings.listeners import OF_THE_SPOOL, options
from tests.unit.settings.test_ini import Site

OLD: Mapping[str, str | None] = {"protocol": "SSM1", "destination": "/topic/central"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "receiver.cfg").write(sender={"protocol": None}, receiver={"protocol": "STOMP"})


def written(site: Site, **changes: Mapping[str, str | None]) -> Site:
    return site.write(sender={"protocol": None}, receiver={"protocol": "STOMP"}, **changes)


def faults(site: Site) -> set[tuple[str, str]]:
    from ssm.errors import ConfigError

    with pytest.raises(ConfigError) as caught:
        site.receiver()
    return {(one.section, one.option) for one in caught.value.faults}


def test_one_listener_is_the_ordinary_case(site: Site) -> None:
    settings = site.receiver()
    assert settings.listeners == (settings,)
    assert settings.name == ""


def test_a_further_listener_differs_in_what_it_says_and_shares_the_rest(site: Site) -> None:
    own = {**OLD, "host": "old.example.org", "port": "6163", "use_ssl": "false", "prefetch": "7"}
    main, old = written(site, **{"receiver.old": own}).receiver().listeners
    assert (main.protocol, old.protocol, old.name) == ("STOMP", "SSM1", "old")
    assert old.broker.addresses() == (("old.example.org", 6163),)
    assert (old.broker.use_ssl, main.broker.use_ssl) == (False, True)
    assert old.messaging.destination == "/topic/central"
    assert (old.messaging.prefetch, main.messaging.prefetch) == (7, 256)
    assert old.messaging.path == main.messaging.path
    assert old.certificates == main.certificates


def test_there_may_be_many_in_the_order_of_the_file(site: Site) -> None:
    sections = {f"receiver.{name}": {**OLD, "destination": f"/topic/{name}"} for name in ("b", "a", "c.d")}
    assert [one.name for one in written(site, **sections).receiver().others] == ["b", "a", "c.d"]


def test_the_protocol_must_be_named(site: Site) -> None:
    assert faults(written(site, **{"receiver.old": {"destination": "/q"}})) == {("receiver.old", "protocol")}
    assert faults(written(site, **{"receiver.old": {**OLD, "protocol": "ssm"}})) == {("receiver.old", "protocol")}
    with pytest.raises(ConfigError) as caught:
        written(site, **{"receiver.old": {**OLD, "protocol": "ssm1"}}).receiver()
    assert [one.suggestion for one in caught.value.faults] == ["SSM1"]


@pytest.mark.parametrize("name", OF_THE_SPOOL)
def test_what_is_about_the_spool_is_not_for_one_listener(site: Site, name: str) -> None:
    assert faults(written(site, **{"receiver.old": {**OLD, name: "1"}})) == {("receiver.old", name)}


@pytest.mark.parametrize("name", ["certificate", "level", "retry_seconds", "prefetchh", "dn"])
def test_other_options_are_faults(site: Site, name: str) -> None:
    assert faults(written(site, **{"receiver.old": {**OLD, name: "1"}})) == {("receiver.old", name)}


def test_each_fault_is_told_once_and_where_it_stands(site: Site) -> None:
    own = {**OLD, "prefetch": "0", "host": "a b://"}
    found = faults(written(site, messaging={"batch": "0"}, **{"receiver.old": own}))
    assert found == {("messaging", "batch"), ("receiver.old", "prefetch"), ("receiver.old", "host")}


def test_a_host_of_its_own_needs_a_port(site: Site) -> None:
    site = written(site, broker={"host": "a:1", "port": None}, **{"receiver.old": {**OLD, "host": "b"}})
    assert faults(site) == {("receiver.old", "port")}


def test_the_command_line_reaches_a_listener(site: Site) -> None:
    written(site, **{"receiver.old": OLD})
    site.overrides = ("receiver.old.destination=/queue/other", "messaging.destination=/queue/main")
    main, old = site.receiver().listeners
    assert (main.messaging.destination, old.messaging.destination) == ("/queue/main", "/queue/other")


def test_a_sender_passes_the_listeners_of_its_file_over(tmp_path: Path) -> None:
    for old in (OLD, {"protocol": "nothing", "tpyo": "x"}):
        site = Site(tmp_path / "both.cfg").write(receiver={"protocol": "STOMP"}, **{"receiver.old": old})
        assert site.sender().messaging.destination == "/queue/q"


def test_no_option_of_a_listener_has_two_meanings() -> None:
    assert set(options().values()) == {"broker", "messaging"}
    assert "protocol" not in options()
