# SPDX-License-Identifier: Apache-2.0
"""A whole receiver with an SSM 1 listener, and whole SSM 1 senders, over any broker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ssm.messenger.receive import ReceiveLimits, ReceiveRun
from ssm.messenger.send import SendLimits, SendReport, SendRun
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver, read_sender
from ssm.spool.outgoing import OUTGOING_SPOOLS
from ssm.wiring.messaging import open_receiver, open_sender
from ssm.wiring.transports import open_listeners, open_transport, sealing_of, window_of
from tests.fakes.sending import Told
from tests.pki import Credential, Pki
from tests.servers.broker import RealBroker, new_queue
from tests.servers.raw_stomp import Login, RawStomp

MAX_MESSAGE = 2_000_000


@dataclass(frozen=True)
class Place:
    """Where everybody meets."""

    port: int
    central: str
    """Where producers of SSM 1 send."""
    queue: str
    """Where senders of SSM 2 send."""
    replies: str
    """The beginning of every reply channel."""
    login: Login = Login()
    tls: Credential | None = None
    broker: RealBroker | None = None

    @classmethod
    def at(cls, broker: RealBroker, kind: str) -> "Place":
        """Destinations of the test's own, all of one kind but the one of SSM 2."""

        def fresh(name: str) -> str:
            return new_queue().replace("/queue/test", f"/{kind}/{name}")

        tls = broker.client if broker.use_tls else None
        return cls(broker.port, fresh("central"), new_queue(), fresh("replies"), broker.login, tls, broker=broker)

    def raw(self) -> RawStomp:
        if self.broker is not None:
            return self.broker.raw()
        return RawStomp(self.port, login=self.login)

    def options(self) -> str:
        login = f"login: {self.login.login}\npasscode: {self.login.passcode}\n" if self.login.login else ""
        tls = "true" if self.tls is not None else "false"
        return f"[broker]\nhost: 127.0.0.1\nport: {self.port}\nuse_ssl: {tls}\n{login}"


@dataclass
class Gateway:
    """One receiver, its CA, and who may send to it."""

    folder: Path
    pki: Pki
    host: Credential = field(init=False)
    site: Credential = field(init=False)
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.host = self.pki.issue("server.example.org")
        self.site = self.pki.issue("site.example.org")
        self.spool.mkdir()
        self.permit(self.site)

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def permit(self, *signers: Credential) -> None:
        (self.folder / "dns").write_text("".join(f"{one.dn}\n" for one in signers) or "/CN=nobody\n")

    def receiver_file(self, place: Place, more: str = "") -> Path:
        """With further listeners, if there are any."""
        path = self.folder / "receiver.cfg"
        path.write_text(
            f"[receiver]\nprotocol: STOMP\n{place.options()}"
            f"[certificates]\ncertificate: {self.host.certificate_path}\nkey: {self.host.key_path}\n"
            f"capath: {self.pki.ca_directory}\n[messaging]\ndestination: {place.queue}\npath: {self.spool}\n"
            f"max_message_size: {MAX_MESSAGE}\n[receiver.old]\nprotocol: SSM1\ndestination: {place.central}\n{more}"
        )
        return path

    @asynccontextmanager
    async def receiving(self, place: Place, more: str = "") -> AsyncIterator[ReceiveRun]:
        """For a with-block, from the moment that every listener is connected."""
        settings, _ = read_receiver(Sources(self.receiver_file(place, more)))
        before = self.connections()
        with open_receiver(settings, self.folder / "dns", self.told) as ports:
            run = ReceiveRun(ports, open_listeners(settings, ports), ReceiveLimits(4, 1.0))
            task = asyncio.ensure_future(run.run())
            try:
                await until(lambda: self.connections() == before + len(settings.listeners) or task.done())
                yield run
            finally:
                run.stop()
                await task

    def connections(self) -> int:
        return len([event for event, _, _ in self.told.events if event.name == "CONNECTED"])

    def box(self, name: str) -> list[dict[str, bytes]]:
        elements = sorted((self.spool / name).glob("????????/??????????????"))
        return [{part.name: part.read_bytes() for part in one.iterdir() if part.is_file()} for one in elements]

    def bodies(self, name: str = "incoming") -> list[bytes]:
        return [element["body"] for element in self.box(name)]


@dataclass
class Site:
    """One sender of SSM 1."""

    folder: Path
    pki: Pki
    host: Credential
    consumer_dn: str
    told: Told = field(default_factory=Told)
    more: Mapping[str, str] = field(default_factory=dict)
    """Options of [messaging] besides."""

    def __post_init__(self) -> None:
        self.outgoing.mkdir(parents=True)

    @property
    def outgoing(self) -> Path:
        return self.folder / "outgoing"

    def leave(self, *payloads: bytes) -> None:
        for number, payload in enumerate(payloads):
            (self.outgoing / f"file-{number:04}").write_bytes(payload)

    def sender_file(self, place: Place) -> Path:
        path = self.folder / "sender.cfg"
        more = "".join(f"{name}: {value}\n" for name, value in self.more.items())
        path.write_text(
            f"[sender]\nprotocol: SSM1\n{place.options()}"
            f"[certificates]\ncertificate: {self.host.certificate_path}\nkey: {self.host.key_path}\n"
            f"capath: {self.pki.ca_directory}\n[messaging]\ndestination: {place.central}\npath: {self.outgoing}\n"
            f"path_type: directory\nsettle_seconds: 0\nconsumer_dn: {self.consumer_dn}\n"
            f"reply_to: {place.replies}.$host.$pid.{self.folder.name}\nstate: {self.folder}/state\n{more}"
        )
        return path

    async def send(self, place: Place, *, patience_seconds: float = 0.0) -> SendReport:
        """One run; whatever stops it comes out."""
        settings, _ = read_sender(Sources(self.sender_file(place)))
        spool = OUTGOING_SPOOLS[settings.messaging.path_type](settings.messaging.path, 0)
        try:
            limits = SendLimits(window=window_of(settings), patience_seconds=patience_seconds)
            with open_sender(settings, spool, self.told, sealing_of(settings, self.told)) as ports:
                return await SendRun(ports, open_transport(settings), limits).run()
        finally:
            spool.close()

    def left(self) -> list[str]:
        return sorted(one.name for one in self.outgoing.iterdir() if one.is_file())


async def until(condition: Callable[[], bool]) -> None:
    """Poll; the caller sets the deadline."""
    while not condition():
        await asyncio.sleep(0.01)
