# SPDX-License-Identifier: Apache-2.0
"""One ARGO Messaging Service: pooled HTTPS, the token, bounded answers, and patience with what passes.

The token is in a header and in memory, and nowhere else: not in URLs, errors or the log.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from ssm.errors import (
    ConnectionLostError,
    RefusedError,
    RemoteProtocolError,
    TimedOutError,
    TooLargeError,
    TransportError,
)
from ssm.messenger.retry import Backoff
from ssm.protocols.ams.replies import Fate, MalformedReplyError, explain, fate_of, read_token, retry_after
from ssm.protocols.ams.requests import TOKEN_HEADER, Request, exchange
from ssm.protocols.ams.shortening import Shortener
from ssm.transport import tls
from ssm.version import __version__

CLOSE_SECONDS = 5.0
MOST_CONNECTIONS = 4
SMALL_REPLY_OCTETS = 256 * 1024
HEADERS = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": f"ssm/{__version__}"}
NO_LOGIN = "is the DN of our certificate, or the token, registered with this project?"


class BusyError(TransportError):
    """The service says that it cannot do it now."""


class TooLongError(RemoteProtocolError):
    """The answer goes beyond the bound for this request."""


@dataclass(slots=True)
class Endpoint:
    """One service, and what we remember of it from connection to connection."""

    host: str
    port: int
    authn_port: int
    token: str | None = field(repr=False)
    is_static: bool
    """Whether the token was configured, and so cannot be renewed."""
    not_before: float = 0.0
    """When it may be asked again, by its own words."""

    @property
    def peer(self) -> str:
        """As people write it."""
        return f"{self.host}:{self.port}"

    def url(self, request: Request, port: int) -> str:
        """Where a request goes."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{port}{request.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one request may take, and which answers its asker understands."""

    handled: frozenset[int] = frozenset()
    """Statuses besides 200 that are returned, not raised."""
    reply_octets: int = SMALL_REPLY_OCTETS
    shorten_to: int | None = None
    """Octets to which each text of the answer is cut, or None."""
    is_patient: bool = True
    """Whether what is temporary is tried again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that was read whole, or cut as the terms say."""

    status: int
    body: bytes = field(repr=False)
    full_size: int | None = None
    """Octets of the longest text when it was cut, as base64 counts, else None."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Deadlines and delays."""

    connect_seconds: float = 10.0
    answer_seconds: float = 60.0
    first_retry_seconds: float = 0.5
    most_retry_seconds: float = 8.0
    patience_seconds: float = 30.0
    """How long what is temporary is tried again, before whoever asked is told."""


class Service:
    """Asks one endpoint; for one event loop."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext, pace: Pace) -> None:
        self.endpoint = endpoint
        self.pace = pace
        self.is_closed = False
        self.login = asyncio.Lock()
        # Nothing of the environment: no proxy that nobody configured here, no login from a .netrc; no redirects, for
        # they would carry the token elsewhere.
        self.http = httpx2.AsyncClient(
            verify=context,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(pace.answer_seconds, connect=pace.connect_seconds),
            limits=httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
        )

    async def ask(self, request: Request, terms: Terms) -> Answer:
        """The answer to a request that is done, or handled by its asker.

        RefusedError when the service does not take this very request; BusyError and other TransportErrors after the
        patience for what is temporary, or at once for what is not.
        """
        loop = asyncio.get_running_loop()
        backoff = Backoff(self.pace.first_retry_seconds, self.pace.most_retry_seconds)
        deadline = loop.time() + self.pace.patience_seconds
        while True:
            try:
                return await self.attempt(request, terms)
            except (BusyError, ConnectionLostError, TimedOutError):
                delay = max(backoff.next_delay(), self.endpoint.not_before - loop.time())
                if self.is_closed or not terms.is_patient or loop.time() + delay > deadline:
                    raise
                await asyncio.sleep(delay)

    async def attempt(self, request: Request, terms: Terms) -> Answer:
        """One try, with a second one when the token has expired meanwhile."""
        token = await self.token()
        answer = await self.send(request, self.endpoint.port, terms, token)
        if fate_of(answer.status) is Fate.LOGIN and self.forget(token):
            token = await self.token()
            answer = await self.send(request, self.endpoint.port, terms, token)
        if answer.status in terms.handled or fate_of(answer.status) is Fate.DONE:
            return answer
        raise error_of(answer, token)

    # The token.

    async def token(self) -> str:
        """The one that is configured, or the one that belongs to our certificate; asked for once by all who wait."""
        async with self.login:
            if self.endpoint.token is None:
                try:
                    request = exchange(self.endpoint.host)
                except ValueError as error:
                    raise TransportError(str(error)) from error
                port = self.endpoint.authn_port
                try:
                    answer = await self.send(request, port, Terms(), None)
                except (ConnectionLostError, TimedOutError) as error:
                    hint = "see [broker] authn_port, where our certificate is exchanged for a token"
                    raise type(error)(f"no token for our certificate, port {port}: {error}", hint=hint) from error
                self.endpoint.token = self.token_in(answer)
            return self.endpoint.token

    def token_in(self, answer: Answer) -> str:
        """The token in the answer to an exchange."""
        match fate_of(answer.status):
            case Fate.DONE:
                with reading():
                    return read_token(answer.body)
            case Fate.TEMPORARY:
                raise BusyError(f"no token for our certificate: {explain(answer.status, answer.body)}")
            case _:
                said = explain(answer.status, answer.body)
                raise TransportError(f"no token for our certificate: {said}", hint=NO_LOGIN)

    def forget(self, token: str) -> bool:
        """Whether there may be a better token than this one, which was refused."""
        if self.endpoint.is_static:
            return False
        if self.endpoint.token == token:
            self.endpoint.token = None
        return True

    # HTTP.

    async def send(self, request: Request, port: int, terms: Terms, token: str | None) -> Answer:
        """One request and its answer, whatever its status; TransportError when there is none."""
        if self.is_closed:
            raise ConnectionLostError("this end is closed")
        headers = HEADERS if token is None else HEADERS | {TOKEN_HEADER: token}
        url = self.endpoint.url(request, port)
        try:
            async with (
                asyncio.timeout(self.pace.connect_seconds + self.pace.answer_seconds),
                self.http.stream(request.method, url, content=request.body, headers=headers) as response,
            ):
                self.note_wait(response)
                return await read(response, terms)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise TimedOutError("no answer in time") from error
        except httpx2.HTTPError as error:
            raise ConnectionLostError(cause_of(error)) from error
        except httpx2.InvalidURL as error:
            raise TransportError(f"{self.endpoint.host!r} is no host: {error}") from error

    def note_wait(self, response: httpx2.Response) -> None:
        """Remember how long we are asked to wait."""
        seconds = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        if seconds is not None and fate_of(response.status_code) is Fate.TEMPORARY:
            self.endpoint.not_before = asyncio.get_running_loop().time() + seconds

    async def close(self) -> None:
        """Let the connections go; never raises."""
        self.is_closed = True
        with contextlib.suppress(TimeoutError, httpx2.HTTPError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.http.aclose()


def error_of(answer: Answer, token: str) -> TransportError:
    """What an answer that is no success means; a service that says our token in its words is not quoted so far."""
    said = explain(answer.status, answer.body).replace(token, "…")
    match fate_of(answer.status):
        case Fate.TOO_LARGE:
            return TooLargeError(said, hint="set [messaging] max_message_size lower, so that it is cut")
        case Fate.WRONG:
            return RefusedError(said)
        case Fate.TEMPORARY:
            return BusyError(said)
        case Fate.LOGIN:
            return TransportError(f"our login is refused: {said}", hint=NO_LOGIN)
        case _:
            return TransportError(said)


async def read(response: httpx2.Response, terms: Terms) -> Answer:
    """As much of an answer as the terms allow, never unpacked; of an error, its beginning is enough."""
    is_done = fate_of(response.status_code) is Fate.DONE
    most = terms.reply_octets if is_done else SMALL_REPLY_OCTETS
    shortener = Shortener(terms.shorten_to) if is_done and terms.shorten_to is not None else None
    kept: list[bytes] = []
    held = 0
    async for chunk in response.aiter_raw():
        kept.append(chunk if shortener is None else shortener.feed(chunk))
        held += len(kept[-1])
        if held > most:
            if is_done:
                raise TooLongError(f"the answer is longer than {most} octets")
            break
    is_cut = shortener is not None and shortener.longest > shortener.most
    full_size = shortener.longest * 3 // 4 - shortener.padding if shortener is not None and is_cut else None
    return Answer(response.status_code, b"".join(kept), full_size)


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """What cannot be read is the peer's fault."""
    try:
        yield
    except MalformedReplyError as error:
        raise RemoteProtocolError(str(error)) from error


def cause_of(error: httpx2.HTTPError) -> str:
    """The words of TLS or of the system, if one of them is behind it: the deepest is the clearest."""
    words = str(error) or type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) or (isinstance(cause, OSError) and cause.errno is not None):
            words = tls.explain(cause, "where ams_trust says")
        cause = first_of(cause.__cause__ or cause.__context__)
    return words


def first_of(cause: BaseException | None) -> BaseException | None:
    """One of several attempts stands for all."""
    return cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause
