# SPDX-License-Identifier: Apache-2.0
"""What a protocol asks for beyond the declarations."""

from pathlib import Path

import pytest

from ssm.wiring.transports import window_of
from tests.unit.settings.test_ini import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "sender.cfg")


def test_a_sender_of_ssm_1_must_name_its_consumer(site: Site) -> None:
    fault = site.write(sender={"protocol": "SSM1"}).fault()
    assert (fault.section, fault.option) == ("messaging", "consumer_dn")
    settings = site.write(sender={"protocol": "SSM1"}, messaging={"consumer_dn": "/CN=x"}).sender()
    assert settings.messaging.consumer_dn == "/CN=x"
    assert settings.certificates.cipher == "aes-128-cbc"


@pytest.mark.parametrize("written", ["CN=x,O=Example", "/x", "x.example.org", "/CN="])
def test_a_consumer_that_is_not_named_in_slash_form_would_never_be_found(site: Site, written: str) -> None:
    fault = site.write(sender={"protocol": "SSM1"}, messaging={"consumer_dn": written}).fault()
    assert (fault.section, fault.option) == ("messaging", "consumer_dn")
    assert "slash form" in fault.problem


def test_triple_des_is_for_ssm_1_only(site: Site) -> None:
    weak = {"cipher": "des-ede3-cbc"}
    fault = site.write(certificates=weak).fault()
    assert (fault.section, fault.option) == ("certificates", "cipher")
    assert "SSM1 only" in fault.problem
    site.write(sender={"protocol": "SSM1"}, messaging={"consumer_dn": "/CN=x"}, certificates=weak)
    assert site.sender().certificates.cipher == "des-ede3-cbc"


def test_what_a_sender_of_ssm_1_has_no_use_for_gets_a_word(site: Site) -> None:
    useless = {"server_cert": "/s.pem", "verify_server_cert": "false", "oaep": "true"}
    site.write(sender={"protocol": "SSM1"}, messaging={"consumer_dn": "/CN=x", "window": "7"}, certificates=useless)
    said = "\n".join(one for one in site.found().warnings if "has no effect" in one)
    assert said.count("\n") == len(useless)
    for name in ("[messaging] window", *(f"[certificates] {name}" for name in useless)):
        assert f"{name} has no effect: " in said
    harmless = {"verify_server_cert": "true", "oaep": "off"}
    site.write(sender={"protocol": "SSM1"}, messaging={"consumer_dn": "/CN=x", "window": "1"}, certificates=harmless)
    assert not any("no effect" in one for one in site.found().warnings)


def test_ssm_1_sends_one_message_at_a_time(site: Site) -> None:
    assert window_of(site.write(messaging={"window": "7"}).sender()) == 7
    site.write(sender={"protocol": "SSM1"}, messaging={"consumer_dn": "/CN=x", "window": "7"})
    assert window_of(site.sender()) == 1
