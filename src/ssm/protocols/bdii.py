# SPDX-License-Identifier: Apache-2.0
"""Brokers in a BDII: what to ask an LDAP server with the GLUE 1.3 schema, and what its answers mean.

Two questions lead to the list: which services speak STOMP, and which of those belong to our network. An entry that
is no broker is passed over with a reason and never spoils the rest. This file asks nobody itself.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

BASE = "o=grid"
ID, ENDPOINT, CHUNK, VALUE = "GlueServiceUniqueID", "GlueServiceEndpoint", "GlueChunkKey", "GlueServiceDataValue"
TYPES = {False: "msg.broker.stomp", True: "msg.broker.stomp-ssl"}
SCHEMES = {"stomp": False, "stomp+ssl": True}
# The ports of the messaging network whose brokers stand in a BDII, for entries that name none.
USUAL_PORTS = {False: 6163, True: 6162}

MAX_SERVICES = 1000
MAX_ID_CHARS = 512
MAX_ENDPOINT_CHARS = 512
MAX_HOST_CHARS = 253
MAX_PORT = 65535
IDS_A_QUESTION = 50

# RFC 4515, 3: these must be escaped in a filter; whatever is not printable ASCII may be.
SPECIAL = re.compile(r"[^\x20-\x7e]|[()*\\]")
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[^\[\]]*\]|[^\[\]/:?#@]*)(?::([0-9]*))?/?")
LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")

Entry: TypeAlias = Mapping[str, Sequence[str]]
"""Attributes of one LDAP entry; names in lower case, since LDAP does not tell cases apart."""
Search: TypeAlias = Callable[[str, Sequence[str]], Sequence[Entry]]
"""Asks the directory with a filter for some attributes of everything below ``BASE``."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which brokers are wanted."""

    network: str
    """Name of the broker network, such as PROD; compared exactly."""
    use_tls: bool
    port: int | None = None
    """Of brokers whose entry names none; the usual one when this is None."""

    def usual_port(self) -> int:
        """What an entry without a port stands for."""
        return self.port or USUAL_PORTS[self.use_tls]


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker as its entry describes it."""

    host: str
    port: int
    rank: int = 0
    """How much had to be supposed: 1 when the port was, 1 more when the URL's scheme is that of the other type."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An entry that leads to no broker."""

    service: str
    """Its id, or its beginning."""
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the directory knows."""

    brokers: tuple[Broker, ...]
    """Each address once, best rank first, otherwise as the directory had them."""
    passed_over: tuple[PassedOver, ...] = ()


class NotABrokerError(ValueError):
    """Why an endpoint cannot be a broker; ``str()`` is the reason."""


def look_up(search: Search, question: Question) -> Answer:
    """Ask both questions and put the answers together; lets through what ``search`` raises."""
    services = list(search(services_filter(use_tls=question.use_tls), (ID, ENDPOINT)))[:MAX_SERVICES]
    ids = [one for one in map(service_id, services) if one and len(one) <= MAX_ID_CHARS]
    found: set[str] = set()
    for start in range(0, len(ids), IDS_A_QUESTION):
        asked = ids[start : start + IDS_A_QUESTION]
        found.update(members(search(membership_filter(asked), (CHUNK, VALUE)), question.network))
    return answer(services, found, question)


# What to ask.


def services_filter(*, use_tls: bool) -> str:
    """All brokers of a type (GLUE 1.3, GlueService)."""
    return f"(&(objectClass=GlueService)(GlueServiceType={TYPES[use_tls]}))"


def membership_filter(ids: Sequence[str]) -> str:
    """To which networks these services belong (GLUE 1.3, GlueServiceData with the key ``cluster``)."""
    chunks = [f"({CHUNK}={ID}={escaped(one)})" for one in ids]
    alternatives = chunks[0] if len(chunks) == 1 else f"(|{''.join(chunks)})"
    return f"(&(GlueServiceDataKey=cluster){alternatives})"


def escaped(text: str) -> str:
    """A value that means itself in a filter (RFC 4515, 3)."""
    return SPECIAL.sub(lambda match: "".join(f"\\{octet:02x}" for octet in match[0].encode(errors="replace")), text)


# What the answers mean.


def members(entries: Iterable[Entry], network: str) -> Iterator[str]:
    """Ids, in lower case, of the services that belong to a network."""
    for entry in entries:
        if network in values(entry, VALUE):
            for chunk in values(entry, CHUNK):
                name, _, one = chunk.partition("=")
                if name.strip().lower() == ID.lower():
                    yield one.strip().lower()


def answer(services: Iterable[Entry], found: set[str], question: Question) -> Answer:
    """The brokers among the services of our network, and what was no broker."""
    brokers: dict[tuple[str, int], Broker] = {}
    passed_over = []
    for entry in services:
        service = service_id(entry)
        if len(service) <= MAX_ID_CHARS and service.lower() not in found:
            continue  # of another network
        try:
            broker = broker_of(entry, service, question)
        except NotABrokerError as error:
            passed_over.append(PassedOver(service[:MAX_ID_CHARS], str(error)))
            continue
        known = brokers.get((broker.host, broker.port))
        if known is None or broker.rank < known.rank:
            brokers[broker.host, broker.port] = broker
    return Answer(tuple(sorted(brokers.values(), key=lambda one: one.rank)), tuple(passed_over))


def broker_of(entry: Entry, service: str, question: Question) -> Broker:
    """One service as a broker; NotABrokerError."""
    if len(service) > MAX_ID_CHARS:
        raise NotABrokerError("its id is too long")
    endpoints = values(entry, ENDPOINT)
    if not endpoints:
        raise NotABrokerError("it has no endpoint")
    return read_endpoint(endpoints[0], question)


def service_id(entry: Entry) -> str:
    """The id of a service; empty when it has none."""
    return next(iter(values(entry, ID)), "").strip()


def values(entry: Entry, name: str) -> Sequence[str]:
    """The values of an attribute."""
    return entry.get(name.lower(), ())


def read_endpoint(text: str, question: Question) -> Broker:
    """The broker that an endpoint's URL leads to; NotABrokerError says what is wrong with it.

    Only ``scheme://host:port`` with an optional slash passes. What might lead to somewhere else than it seems to does
    not: user names, paths, numbers that resolvers take for addresses, addresses that are no single machine's.
    """
    if len(text) > MAX_ENDPOINT_CHARS:
        raise NotABrokerError("its URL is too long")
    if not (text.isascii() and text.isprintable()):
        raise NotABrokerError("its URL holds characters that no URL has")
    match = URL.fullmatch(text)
    if match is None:
        raise NotABrokerError("its URL is not scheme://host:port")
    is_tls = SCHEMES.get(match[1].lower())
    if is_tls is None:
        raise NotABrokerError("its URL's scheme is neither stomp nor stomp+ssl")
    rank = int(is_tls != question.use_tls)
    host = read_host(match[2])
    if not match[3]:
        return Broker(host, question.usual_port(), rank + 1)
    return Broker(host, read_port(match[3]), rank)


def read_port(text: str) -> int:
    """A port; NotABrokerError."""
    if len(text) > len(str(MAX_PORT)) or not 0 < int(text) <= MAX_PORT:
        raise NotABrokerError(f"its port is not from 1 to {MAX_PORT}")
    return int(text)


def read_host(text: str) -> str:
    """A host name in lower case, or an address without brackets; NotABrokerError."""
    if text.startswith("["):
        return read_address(text[1:-1], ipaddress.IPv6Address)
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if NUMBER.fullmatch(labels[-1]):
        # Resolvers read 127.1 or 0x7f000001 as addresses, too; only the plain form says what it means.
        return read_address(name, ipaddress.IPv4Address)
    if len(name) > MAX_HOST_CHARS or not all(map(LABEL.fullmatch, labels)):
        raise NotABrokerError("its host is no host name")
    return name


def read_address(text: str, kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]) -> str:
    """An IP address of one machine; NotABrokerError."""
    try:
        address = kind(text)
    except ValueError:
        raise NotABrokerError("its host is no IP address") from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    plain = mapped or address
    is_scoped = isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None
    # What IPv6 reserves holds ::1, too, which is as good as 127.0.0.1.
    is_reserved = isinstance(plain, ipaddress.IPv4Address) and plain.is_reserved
    if is_scoped or is_reserved or plain.is_multicast or plain.is_unspecified or plain.is_link_local:
        raise NotABrokerError("its address is not one that a broker can have")
    return str(plain)
