# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm.protocols.bdii import (
    IDS_A_QUESTION,
    MAX_ID_CHARS,
    MAX_SERVICES,
    Broker,
    Entry,
    NotABrokerError,
    Question,
    escaped,
    look_up,
    membership_filter,
    read_endpoint,
    services_filter,
)

PROD = Question("PROD", use_tls=True)


def service(number: int, endpoint: str | None) -> Entry:
    entry: dict[str, Sequence[str]] = {"glueserviceuniqueid": (f"MB{number}.example.org_stomp_{number}",)}
    return entry if endpoint is None else entry | {"glueserviceendpoint": (endpoint,)}


def member(number: int, *networks: str) -> Entry:
    chunk = f"GlueServiceUniqueID=mb{number}.example.org_stomp_{number}"
    return {"gluechunkkey": ("GlueSiteUniqueID=X", chunk), "glueservicedatavalue": networks}


class Directory:
    """Answers with what it holds, and notes what it was asked."""

    def __init__(self, services: Sequence[Entry], data: Sequence[Entry]) -> None:
        self.services = services
        self.data = data
        self.asked: list[str] = []

    def search(self, query: str, attributes: Sequence[str]) -> Sequence[Entry]:
        self.asked.append(query)
        return self.services if "GlueServiceEndpoint" in attributes else self.data


def found(directory: Directory, question: Question = PROD) -> list[tuple[str, int]]:
    return [(one.host, one.port) for one in look_up(directory.search, question).brokers]


# Questions.


def test_the_type_asked_for_follows_tls() -> None:
    assert services_filter(use_tls=True) == "(&(objectClass=GlueService)(GlueServiceType=msg.broker.stomp-ssl))"
    assert services_filter(use_tls=False) == "(&(objectClass=GlueService)(GlueServiceType=msg.broker.stomp))"


def test_membership_is_asked_of_one_service_or_of_several() -> None:
    assert membership_filter(["a"]) == "(&(GlueServiceDataKey=cluster)(GlueChunkKey=GlueServiceUniqueID=a))"
    assert membership_filter(["a", "b"]) == (
        "(&(GlueServiceDataKey=cluster)(|(GlueChunkKey=GlueServiceUniqueID=a)(GlueChunkKey=GlueServiceUniqueID=b)))"
    )


def test_an_id_cannot_change_the_question() -> None:
    hostile = r"x)(objectClass=*"
    assert membership_filter([hostile]) == (
        r"(&(GlueServiceDataKey=cluster)(GlueChunkKey=GlueServiceUniqueID=x\29\28objectClass=\2a))"
    )


@pytest.mark.parametrize(
    ("text", "in_filter"),
    [("a b", "a b"), ("(*)", r"\28\2a\29"), ("\\", r"\5c"), ("\0\n", r"\00\0a"), ("é", r"\c3\a9"), ("\ud800", r"\3f")],
)
def test_what_is_special_in_a_filter_is_escaped(text: str, in_filter: str) -> None:
    assert escaped(text) == in_filter


@given(st.text())
def test_whatever_an_id_holds_its_filter_has_no_special_character(text: str) -> None:
    assert not set(escaped(text)) & set("()*\0")


def test_many_services_are_asked_about_some_at_a_time() -> None:
    services = [service(number, "stomp+ssl://a:1") for number in range(IDS_A_QUESTION + 1)]
    directory = Directory(services, [])
    assert found(directory) == []
    assert [query.count("GlueChunkKey=") for query in directory.asked[1:]] == [IDS_A_QUESTION, 1]


def test_more_services_than_there_can_be_are_not_looked_at() -> None:
    services = [service(number, f"stomp+ssl://mb{number}:1") for number in range(MAX_SERVICES + 5)]
    data = [member(number, "PROD") for number in range(MAX_SERVICES + 5)]
    assert len(found(Directory(services, data))) == MAX_SERVICES


# Answers.


def test_brokers_of_the_network_are_found_and_no_others() -> None:
    services = [service(number, f"stomp+ssl://mb{number}.example.org:6162/") for number in range(4)]
    data = [member(0, "PROD"), member(1, "TEST-NWOB"), member(2, "TEST-NWOB", "PROD"), member(9, "PROD")]
    assert found(Directory(services, data)) == [("mb0.example.org", 6162), ("mb2.example.org", 6162)]


def test_the_name_of_the_network_is_compared_exactly() -> None:
    directory = Directory([service(0, "stomp+ssl://a:1")], [member(0, "prod", "PROD ", "PRODUCTION")])
    assert found(directory) == []


def test_no_service_means_one_question_and_no_broker() -> None:
    directory = Directory([], [])
    assert found(directory) == []
    assert len(directory.asked) == 1


def test_what_is_no_broker_is_passed_over_with_a_reason_and_spoils_nothing() -> None:
    services = [service(0, "http://a:1"), service(1, None), service(2, "stomp+ssl://mb2:6162")]
    answer = look_up(Directory(services, [member(number, "PROD") for number in range(3)]).search, PROD)
    assert answer.brokers == (Broker("mb2", 6162),)
    assert [(one.service[:3], one.reason) for one in answer.passed_over] == [
        ("MB0", "its URL's scheme is neither stomp nor stomp+ssl"),
        ("MB1", "it has no endpoint"),
    ]


def test_an_id_that_is_too_long_is_told_in_part_and_never_asked_about() -> None:
    entry: Entry = {"glueserviceuniqueid": ("x" * 10_000,), "glueserviceendpoint": ("stomp+ssl://a:1",)}
    directory = Directory([entry, {}], [])
    (told,) = look_up(directory.search, PROD).passed_over
    assert (len(told.service), told.reason) == (MAX_ID_CHARS, "its id is too long")
    assert len(directory.asked) == 1


def test_brokers_about_which_least_is_supposed_come_first() -> None:
    endpoints = ("stomp://both", "stomp://scheme:1", "stomp+ssl://port", "stomp+ssl://plain:1", "stomp+ssl://other:2")
    services = [service(number, endpoint) for number, endpoint in enumerate(endpoints)]
    directory = Directory(services, [member(number, "PROD") for number in range(len(endpoints))])
    assert [(one.host, one.rank) for one in look_up(directory.search, PROD).brokers] == [
        ("plain", 0),
        ("other", 0),
        ("scheme", 1),
        ("port", 1),
        ("both", 2),
    ]


def test_a_broker_that_stands_there_twice_is_one_with_the_better_rank() -> None:
    endpoints = ("stomp+ssl://MB.example.org", "stomp+ssl://mb.example.org.:6162/", "stomp+ssl://mb.example.org")
    services = [service(number, endpoint) for number, endpoint in enumerate(endpoints)]
    directory = Directory(services, [member(number, "PROD") for number in range(3)])
    assert look_up(directory.search, PROD).brokers == (Broker("mb.example.org", 6162, 0),)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("stomp+ssl://broker.example.org:61262", "broker.example.org", 61262),
        ("STOMP+SSL://Broker.Example.ORG:6162/", "broker.example.org", 6162),
        ("stomp+ssl://192.0.2.7:6162", "192.0.2.7", 6162),
        ("stomp+ssl://[2001:DB8:0::7]:6162/", "2001:db8::7", 6162),
        ("stomp+ssl://[::ffff:192.0.2.7]:6162", "192.0.2.7", 6162),
        ("stomp+ssl://[::1]:1", "::1", 1),
        ("stomp+ssl://my_broker:065", "my_broker", 65),
    ],
)
def test_a_url_leads_to_host_and_port(url: str, host: str, port: int) -> None:
    assert read_endpoint(url, PROD) == Broker(host, port)


@pytest.mark.parametrize("url", ["stomp+ssl://a", "stomp+ssl://a/", "stomp+ssl://a:", "stomp+ssl://[2001:db8::1]"])
@pytest.mark.parametrize(("question", "port"), [(PROD, 6162), (Question("PROD", use_tls=True, port=7), 7)])
def test_a_url_without_a_port_stands_for_the_configured_or_the_usual_one(
    url: str, question: Question, port: int
) -> None:
    broker = read_endpoint(url, question)
    assert (broker.port, broker.rank) == (port, 1)


def test_the_usual_port_without_tls_is_another() -> None:
    assert read_endpoint("stomp://a", Question("PROD", use_tls=False)) == Broker("a", 6163, 1)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not scheme://host:port"),
        ("broker.example.org:6162", "not scheme://host:port"),
        ("stomp+ssl:broker.example.org:6162", "not scheme://host:port"),
        ("http://broker.example.org:6162", "scheme"),
        ("stomp+tls://broker.example.org:6162", "scheme"),
        ("stomp://broker.example.org:6162/path", "not scheme"),
        ("stomp://broker.example.org:6162?a=b", "not scheme"),
        ("stomp://broker.example.org:6162#a", "not scheme"),
        ("stomp://user:secret@broker.example.org:6162", "not scheme"),
        ("stomp://broker.example.org@evil.example.org:6162", "not scheme"),
        ("stomp://a:1:2", "not scheme"),
        ("stomp://a:-1", "not scheme"),
        ("stomp://a:0", "port"),
        ("stomp://a:65536", "port"),
        ("stomp://a:" + "9" * 400, "port"),
        ("stomp://a:٣", "characters"),
        ("stomp://a\n:1", "characters"),
        ("stomp://a:1\r\n", "characters"),
        ("stomp://a\x00:1", "characters"),
        ("stomp://bröker.example.org:1", "characters"),
        ("stomp://:6162", "no host name"),
        ("stomp://a..b:1", "no host name"),
        ("stomp://-a:1", "no host name"),
        ("stomp://a b:1", "no host name"),
        ("stomp://a%00b:1", "no host name"),
        ("stomp://" + "a" * 64 + ":1", "no host name"),
        ("stomp://" + ".".join(["a" * 60] * 5) + ":1", "no host name"),
        ("stomp://$(id):1", "no host name"),
        ("stomp://2130706433:1", "no IP address"),
        ("stomp://0x7f000001:1", "no IP address"),
        ("stomp://127.1:1", "no IP address"),
        ("stomp://127.0.0.0x1:1", "no IP address"),
        ("stomp://192.0.2.256:1", "no IP address"),
        ("stomp://[192.0.2.1]:1", "no IP address"),
        ("stomp://[::1:1", "not scheme"),
        ("stomp://[x]:1", "no IP address"),
        ("stomp://[]:1", "no IP address"),
        ("stomp://2001:db8::1", "not scheme"),
        ("stomp://0.0.0.0:1", "not one that a broker"),
        ("stomp://255.255.255.255:1", "not one that a broker"),
        ("stomp://224.0.0.1:1", "not one that a broker"),
        ("stomp://169.254.169.254:1", "not one that a broker"),
        ("stomp://[::]:1", "not one that a broker"),
        ("stomp://[::ffff:169.254.169.254]:1", "not one that a broker"),
        ("stomp://[ff02::1]:1", "not one that a broker"),
        ("stomp://[fe80::1%25eth0]:1", "not one that a broker"),
        ("stomp://[2001:db8::1%evil]:1", "not one that a broker"),
        ("stomp://" + "a" * 600, "too long"),
    ],
)
def test_a_hostile_url_is_refused_with_a_reason(url: str, reason: str) -> None:
    with pytest.raises(NotABrokerError, match=reason):
        read_endpoint(url, PROD)


@given(st.one_of(st.text(), st.from_regex(r"stomp(\+ssl)?://[^\n]{0,40}")))
def test_whatever_a_url_holds_what_comes_out_is_an_address_or_a_reason(url: str) -> None:
    try:
        broker = read_endpoint(url, PROD)
    except NotABrokerError as error:
        assert str(error)
        return
    assert 0 < broker.port <= 65535
    assert broker.host
    assert not set(broker.host) & set(" /@?#[]%\r\n\0")
