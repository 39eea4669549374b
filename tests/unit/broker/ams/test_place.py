# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from ssm.broker.ams.api import Received, answer, answer_authn
from ssm.broker.ams.place import Place
from ssm.broker.ams.state import AmsError, AmsState
from ssm.broker.ams.subjects import of_peer, of_slash_form

SITE, SERVER, BOTH = "/C=EU/O=Test/CN=site", "/C=EU/O=Test/CN=server", "/DC=org/DC=test/CN=both"
PLACE = Place("accounting", "records", "receiver")


def call(state: AmsState, dn: str, verb: str, body: object) -> object:
    exchanged = answer_authn(
        state, Received("GET", "/v1/service-types/ams/hosts/127.0.0.1:authx509", {}, b"", of_slash_form(dn))
    )
    target = f"/v1/projects/accounting/{verb}"
    return answer(state, Received("POST", target, {"x-api-key": str(exchanged["token"])}, json.dumps(body).encode()))


def test_each_may_what_they_were_named_for() -> None:
    state = PLACE.state([SITE, BOTH], [SERVER, BOTH])
    publish, pull = "topics/records:publish", "subscriptions/receiver:pull"
    for dn in (SITE, BOTH):
        assert call(state, dn, publish, {"messages": [{"data": "eA=="}]})
    for dn in (SERVER, BOTH):
        said = call(state, dn, pull, {"maxMessages": "5"})
        assert isinstance(said, dict)
        assert len(said["receivedMessages"]) == 2
    for dn, verb in ((SITE, pull), (SERVER, publish)):
        with pytest.raises(AmsError, match="forbidden"):
            call(state, dn, verb, {})
    with pytest.raises(AmsError, match="Binding was not found"):
        call(state, "/CN=stranger", pull, {})


@pytest.mark.parametrize("dn", ["", "CN=site", "/CN=", "/CN=a\nb"])
def test_a_dn_that_is_none_is_said(dn: str) -> None:
    with pytest.raises(ValueError, match="not a DN in slash form"):
        PLACE.state([dn], [])


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a b", "\u00e4"])
def test_a_name_that_the_service_does_not_take_is_said(name: str) -> None:
    for place in (Place(name, "t", "s"), Place("p", name, "s"), Place("p", "t", name)):
        with pytest.raises(ValueError, match="is not a name"):
            place.state([], [])


def test_a_certificate_has_the_name_that_its_slash_form_has() -> None:
    subject = (
        (("domainComponent", "org"),),
        (("domainComponent", "test"),),
        (("organizationName", "Test"),),
        (("commonName", "host/site"),),
    )
    assert of_peer({"subject": subject}) == "CN=host/site,O=Test,DC=org+DC=test"
    assert of_slash_form("/DC=org/DC=test/O=Test/CN=host/site") == of_peer({"subject": subject})


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1" * 5000, b"[]", b"\xff", b""])
def test_a_body_that_is_no_object_is_an_invalid_argument(body: bytes) -> None:
    state = PLACE.state([], [])
    token = state.add_user("admin", "accounting", "project_admin")
    for verb in ("topics/records:publish", "subscriptions/receiver:pull", "subscriptions/receiver:modifyOffset"):
        with pytest.raises(AmsError) as caught:
            answer(state, Received("POST", f"/v1/projects/accounting/{verb}", {"x-api-key": token}, body))
        assert caught.value.code == 400


@pytest.mark.parametrize("offset", [-1, 1, 10**30])
def test_a_subscription_goes_nowhere_where_there_are_no_messages(offset: int) -> None:
    state = PLACE.state([], [])
    token = state.add_user("admin", "accounting", "project_admin")
    target = "/v1/projects/accounting/subscriptions/receiver:modifyOffset"
    with pytest.raises(AmsError, match="out of bounds"):
        answer(state, Received("POST", target, {"x-api-key": token}, json.dumps({"offset": offset}).encode()))
