# SPDX-License-Identifier: Apache-2.0
"""An LDAP server as a directory to search, over ``ldap3``: anonymous, read only, bounded in time and in octets.

The library asks servers for limits but believes what they do; the socket that it reads from here does not. Referrals
are not followed: whoever answers cannot send us to somebody else.
"""

import math
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ssm.errors import ConfigError, ConnectFailedError, RemoteProtocolError, TimedOutError, TransportError
from ssm.ports.brokers import Address
from ssm.protocols.bdii import BASE, MAX_SERVICES, Answer, Entry, Question, Search, look_up

if TYPE_CHECKING:
    import ldap3

MAX_OCTETS = 2 * 1024 * 1024  # of all answers of one server
MOST_REASONS = 3
NO_SUCH_OBJECT = 32
# Success; and the limits of the server or ours, where what came is of use.
USEFUL = (0, 4, 11)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Implements ``ssm.lookup.brokers.Directory``: some servers with the same content, asked in turn.

    ConfigError when ldap3 is not installed.
    """

    servers: Sequence[Address]
    question: Question
    seconds: float
    """For all of them together."""

    def __post_init__(self) -> None:
        require_library()

    def ask(self) -> tuple[Answer, str]:
        """The answer of the first server that has one, and which that was; blocks.

        ConnectFailedError when no server has an answer with a broker in it.
        """
        deadline = time.monotonic() + self.seconds
        attempts = []
        for number, server in enumerate(self.servers):
            # A server that says nothing leaves time for those after it.
            share = (deadline - time.monotonic()) / (len(self.servers) - number)
            try:
                with opened(server, time.monotonic() + share) as search:
                    answer = look_up(search, self.question)
            except TransportError as error:
                attempts.append(f"{shown(server)}: {error}")
                continue
            if answer.brokers:
                return answer, shown(server)
            attempts.append(f"{shown(server)}: {nothing(answer, self.question)}")
        hint = "see [broker] bdii and network, or name a host"
        raise ConnectFailedError("; ".join(attempts), attempts=attempts, hint=hint)


def nothing(answer: Answer, question: Question) -> str:
    """What an answer without a broker means."""
    reasons = "; ".join(f"{one.service}: {one.reason}" for one in answer.passed_over[:MOST_REASONS])
    return f"it knows no broker of network {question.network}" + (f" ({reasons})" if reasons else "")


def shown(server: Address) -> str:
    """A server for people."""
    host, port = server
    return f"ldap://[{host}]:{port}" if ":" in host else f"ldap://{host}:{port}"


def require_library() -> None:
    """ConfigError when ldap3 is not there."""
    try:
        with warnings.catch_warnings():
            # It imports names that pyasn1 calls old: nothing that who runs this could mend.
            warnings.simplefilter("ignore", DeprecationWarning)
            import ldap3  # noqa: F401 - is it there?
    except ImportError as error:
        hint = "pip install 'secure-stomp-messenger[bdii]', or name the brokers in [broker] host"
        raise ConfigError("brokers are looked up with ldap3, which is not installed", hint=hint) from error


@contextmanager
def opened(server: Address, deadline: float) -> Iterator[Search]:
    """A connection to search on; TransportError when there is none, or when a search fails."""
    import ldap3

    seconds = max(1, math.ceil(deadline - time.monotonic()))
    with library_errors(deadline):
        target = ldap3.Server(server[0], server[1], use_ssl=False, get_info=ldap3.NONE, connect_timeout=seconds)
        connection = ldap3.Connection(target, auto_referrals=False, read_only=True, check_names=False)
    try:
        with library_errors(deadline):
            connection.open(read_server_info=False)
            connection.socket = BoundedSocket(connection.socket, deadline)
            if not connection.bind(read_server_info=False):
                raise RemoteProtocolError("it does not let us in without a name")

        def searching(query: str, attributes: Sequence[str]) -> list[Entry]:
            with library_errors(deadline):
                return search(connection, query, attributes, deadline)

        yield searching
    finally:
        close(connection)


@contextmanager
def library_errors(deadline: float) -> Iterator[None]:
    """Whatever the library and its socket raise becomes a TransportError."""
    try:
        yield
    except TransportError:
        raise
    except Exception as error:  # it decodes a stranger's octets, and raises whatever that leads to
        raise explained(error, deadline) from error


def search(connection: "ldap3.Connection", query: str, attributes: Sequence[str], deadline: float) -> list[Entry]:
    """One question."""
    seconds = max(1, math.ceil(deadline - time.monotonic()))
    connection.search(BASE, query, attributes=list(attributes), size_limit=MAX_SERVICES, time_limit=seconds)
    code = int(connection.result["result"])
    if code == NO_SUCH_OBJECT:
        return []
    if code not in USEFUL:
        # Its code only: the text beside it is whatever the server likes.
        raise RemoteProtocolError(f"it answers with error {code} (RFC 4511, 4.1.9)")
    return [
        entry_of(cast("Mapping[str, Sequence[bytes]]", one["raw_attributes"]))
        for one in connection.response
        if one["type"] == "searchResEntry"
    ]


def entry_of(attributes: Mapping[str, Sequence[bytes]]) -> Entry:
    """An entry as text; what is no UTF-8 stays visible and matches nothing."""
    return {
        name.lower(): tuple(bytes(value).decode(errors="backslashreplace") for value in found)
        for name, found in attributes.items()
    }


def explained(error: Exception, deadline: float) -> TransportError:
    """What went wrong, in words that help."""
    if time.monotonic() >= deadline or "timed out" in str(error):
        return TimedOutError("no answer in time")
    if type(error).__module__.startswith("ldap3."):
        return ConnectFailedError(f"no LDAP with it ({str(error)[:200]})")
    return RemoteProtocolError(f"its answer is not LDAP ({type(error).__name__})")


def close(connection: "ldap3.Connection") -> None:
    """Let go of the socket, without a word to a server that might not listen."""
    held = connection.socket
    connection.socket = None
    if held is not None:
        held.close()


class BoundedSocket:
    """What ldap3 uses of a socket, within a deadline and a number of octets."""

    def __init__(self, inner: socket.socket, deadline: float, most_octets: int = MAX_OCTETS) -> None:
        self.inner = inner
        self.deadline = deadline
        self.octets_left = most_octets

    def recv(self, size: int) -> bytes:
        """Octets, as long as there is time and room."""
        self.within(self.inner.settimeout)
        data = self.inner.recv(size)
        self.octets_left -= len(data)
        if self.octets_left < 0:
            raise RemoteProtocolError(f"its answer is larger than {MAX_OCTETS >> 20} MiB")
        return data

    def sendall(self, data: bytes) -> None:
        """Octets to the server."""
        self.within(self.inner.settimeout)
        self.inner.sendall(data)

    def within(self, limit: Callable[[float], None]) -> None:
        """The rest of the time is the socket's time-out; TimedOutError when there is none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOutError("no answer in time")
        limit(left)

    def shutdown(self, how: int) -> None:
        """As the socket's."""
        self.inner.shutdown(how)

    def close(self) -> None:
        """As the socket's."""
        self.inner.close()
