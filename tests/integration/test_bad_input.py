# SPDX-License-Identifier: Apache-2.0
"""Bad input that ``test_outcomes`` cannot give: brokers that lie, disks that fill, deaths that are real, bad starts.

Each with its exact outcome; and where a program goes on, a good message afterwards is accepted.
"""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.errors import EX_CONFIG, EX_IOERR
from ssm.messenger.events import Event
from ssm.messenger.receive import ReceiveLimits, ReceiveRun
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver
from ssm.wiring.messaging import open_receiver
from ssm.wiring.transports import open_listeners
from tests.crash.harness import elements
from tests.integration.test_outcomes import GOOD, MAX_MESSAGE, QUEUE, Server, until
from tests.servers.raw_stomp import RawStomp
from tests.small_disk import small_disk

SECONDS = 60.0
PROMPT = ReceiveLimits(batch=4, deferred_interval_seconds=1.0)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def run(work: Coroutine[None, None, None]) -> None:
    """To the end, within bounds."""
    asyncio.run(asyncio.wait_for(work, SECONDS))


@contextlib.asynccontextmanager
async def receiving(server: Server, port: int) -> AsyncIterator["asyncio.Task[None]"]:
    """The real receiver, in this process, stopped in good order with the block."""
    settings, _ = read_receiver(Sources(server.configure(port, MAX_MESSAGE)))
    with open_receiver(settings, server.folder / "dns", server.told) as ports:
        work = ReceiveRun(ports, open_listeners(settings, ports), PROMPT)
        task = asyncio.create_task(work.run())
        try:
            yield task
        finally:
            work.stop()
            await task


def give(port: int, *messages: bytes) -> None:
    with RawStomp(port) as client:
        client.send_all(QUEUE, messages)


def bodies(server: Server, box: str) -> list[bytes]:
    return [path.read_bytes() for path in elements(server.spool / box)]


def history(server: Server) -> list[str]:
    """The state of each message that was filed, as the journal tells it."""
    connection = sqlite3.connect(server.spool / ".ssm" / "journal.sqlite")
    with contextlib.closing(connection):
        return [state for (state,) in connection.execute("SELECT state FROM history ORDER BY rowid")]


# Brokers that do not keep to the protocol.


@dataclass
class LyingBroker:
    """Says something bad to its first subscriber, hangs up, and is a good broker with one message from then on."""

    bad: bytes
    good: bytes
    port: int = 0
    connections: int = 0
    acknowledged: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await self.converse(reader, writer)
        writer.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(b"CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0")
        await reader.readuntil(b"\0")
        if self.connections == 1:
            writer.write(self.bad)
            await writer.drain()
            return
        writer.write(b"MESSAGE\nack:a\nempa-id:good\ncontent-length:%d\n\n%b\0" % (len(self.good), self.good))
        while True:
            frame = await reader.readuntil(b"\0")
            if frame.lstrip().startswith(b"ACK"):
                self.acknowledged.append(frame)
            if frame.lstrip().startswith(b"DISCONNECT"):
                receipt = frame.partition(b"receipt:")[2].partition(b"\n")[0]
                writer.write(b"RECEIPT\nreceipt-id:%b\n\n\0" % receipt)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        listener = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            listener.close()
            await listener.wait_closed()


def message(body: bytes, length: str) -> bytes:
    return b"MESSAGE\nack:1\nempa-id:bad\ncontent-length:%b\n\n%b" % (length.encode(), body)


LIES = {
    "header flood": (b"RECEIPT\n" + b"name:value\n" * 10_000, "a frame's headers exceed 65536 octets"),
    "too many headers": (b"RECEIPT\n" + b"n:v\n" * 200 + b"\n\0", "a frame has more than 128 headers"),
    "content-length too small": (message(b"1234567\0", "3"), "the body does not end where content-length says"),
    "content-length too large": (message(b"1234567\0", "9000"), "the broker closed the connection"),
    "content-length no number": (message(b"1234567\0", "-1"), "content-length is not a number"),
    "closed in mid-frame, in the head": (b"MESSAGE\nack:1\nconte", "the broker closed the connection"),
    "closed in mid-frame, in the body": (message(b"123", "7"), "the broker closed the connection"),
    "not STOMP": (b"220 mail.example.org ESMTP\r\n\r\n", "an unknown command: '220 mail.example.org'"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_broker_that_breaks_the_protocol_is_left_and_the_line_goes_on(server: Server, lie: str) -> None:
    bad, cause = LIES[lie]
    broker = LyingBroker(bad, server.seal(GOOD))

    async def work() -> None:
        async with broker.listening(), receiving(server, broker.port):
            await until(lambda: bool(broker.acknowledged))

    run(work())
    assert [facts["cause"] for event, _, facts in server.told.events if event is Event.CONNECTION_LOST] == [cause]
    assert broker.connections == 2
    assert len(broker.acknowledged) == 1
    assert bodies(server, "incoming") == [GOOD]
    assert bodies(server, "reject") == []
    assert history(server) == ["accepted"]


def test_a_whole_message_before_the_end_of_the_connection_is_filed_and_known_when_it_comes_again(
    server: Server,
) -> None:
    sealed = server.seal(GOOD)
    broker = LyingBroker(message(sealed, str(len(sealed))) + b"\0", sealed)

    async def work() -> None:
        async with broker.listening(), receiving(server, broker.port):
            await until(lambda: bool(broker.acknowledged))

    run(work())
    assert bodies(server, "incoming") == [GOOD]
    assert history(server) == ["accepted"]


# Messages.


def flooded(server: Server) -> bytes:
    return b"".join(b"X-%d: y\n" % number for number in range(20_000)) + server.seal(b"x\n")


def test_a_flood_of_mime_headers_is_rejected_and_the_line_goes_on(server: Server) -> None:
    flood = flooded(server)
    server.receive(flood)
    [rejected] = server.box("reject")
    assert rejected["error"].decode() in {
        "Failed to verify message: too many header lines",
        "Failed to verify message: no blank line between message header and body, or too long a header",
    }
    assert rejected["body"] == flood
    assert bodies(server, "incoming") == [GOOD]
    assert history(server) == ["rejected", "accepted"]


def test_fifty_megabytes_of_nothing_signed_are_rejected_and_the_line_goes_on(server: Server) -> None:
    large = b"MIME-Version: 1.0\n\n" + b"Key: a value of some length\n" * 1_800_000
    server.receive(large, max_message=60_000_000)
    [rejected] = server.box("reject")
    assert rejected["error"] == b"Failed to verify message: the message is not signed"
    assert rejected["body"] == large
    assert bodies(server, "incoming") == [GOOD]
    assert history(server) == ["rejected", "accepted"]


def test_a_deferred_message_is_judged_by_the_same_receiver_once_the_crl_is_there(server: Server) -> None:
    server.pki.ca.remove_crl()

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(server.folder / "broker")) as broker:
            await asyncio.to_thread(give, broker.port, server.seal(b"waits\n"))
            async with receiving(server, broker.port):
                await until(lambda: len(bodies(server, "deferred")) == 1)
                # It is acknowledged, and nothing stands behind it.
                await until(lambda: not any(queue.waiting for queue in broker.queues.values()))
                server.pki.ca.write_crl()
                await asyncio.to_thread(give, broker.port, server.seal(GOOD))
                await until(lambda: len(bodies(server, "incoming")) == 2)
                await until(lambda: not bodies(server, "deferred"))

    run(work())
    assert sorted(bodies(server, "incoming")) == sorted([b"waits\n", GOOD])
    assert bodies(server, "reject") == []
    assert sorted(history(server)) == ["accepted", "accepted", "deferred"]


def test_a_deferred_message_of_a_revoked_signer_is_rejected_once_the_crl_is_there(server: Server) -> None:
    server.pki.ca.remove_crl()
    sealed = server.seal(b"too late\n")

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(server.folder / "broker")) as broker:
            await asyncio.to_thread(give, broker.port, sealed)
            async with receiving(server, broker.port):
                await until(lambda: len(bodies(server, "deferred")) == 1)
                server.pki.ca.revoke(server.site)
                await until(lambda: len(bodies(server, "reject")) == 1)
                await until(lambda: not bodies(server, "deferred"))

    run(work())
    [rejected] = server.box("reject")
    assert rejected["body"] == sealed
    assert b"certificate revoked" in rejected["error"]
    assert history(server) == ["deferred", "rejected"]


# A message that ends the process.

DEADLY = """
import os, sys
from dataclasses import replace
from pathlib import Path
from ssm.messenger.judge import Judge
from ssm.messenger.receive import ReceiveLimits, ReceiveRun
from ssm.programs.running import run_until_signal
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver
from ssm.wiring.transports import open_listeners
from ssm.wiring.messaging import open_receiver

settings, _ = read_receiver(Sources(Path(sys.argv[1])))

def told(event, **facts):
    print(event.name, flush=True)

with open_receiver(settings, Path(sys.argv[2]), told) as ports:
    def opener(message, real=ports.judge.open):
        opened = real(message)
        if b"deadly" in opened.payload:
            os._exit(9)
        return opened

    ports = replace(ports, judge=Judge(opener, ports.judge.signers))
    run = ReceiveRun(ports, open_listeners(settings, ports), ReceiveLimits(4, 60.0))
    run_until_signal(run.run(), run.stop)
"""


def test_a_message_that_ends_the_process_three_times_is_set_aside_and_its_neighbours_are_accepted(
    server: Server,
) -> None:
    deadly = server.seal(b"deadly\n")
    before, behind = b"Site: BEFORE\n", b"Site: BEHIND\n"

    async def life(config: Path) -> asyncio.subprocess.Process:
        words = ["-c", DEADLY, str(config), str(server.folder / "dns")]
        return await asyncio.create_subprocess_exec(sys.executable, *words, stdout=subprocess.DEVNULL)

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(server.folder / "broker")) as broker:
            config = server.configure(broker.port, MAX_MESSAGE)
            messages = (server.seal(before), deadly, server.seal(behind))
            await asyncio.to_thread(give, broker.port, *messages)
            for _ in range(3):
                dying = await life(config)
                assert await dying.wait() == 9
                assert bodies(server, "reject") == []
            living = await life(config)
            await until(lambda: server.count() == 3 or living.returncode is not None)
            await until(lambda: not any(queue.waiting for queue in broker.queues.values()))
            living.send_signal(signal.SIGTERM)
            assert await living.wait() == 0

    run(work())
    assert sorted(bodies(server, "incoming")) == sorted([before, behind])
    [aside] = server.box("reject")
    assert aside["body"] == deadly
    assert aside["error"] == b"Set aside: judging this message ended the program 3 times"
    assert "signer" not in aside
    assert sorted(history(server)) == ["accepted", "accepted", "rejected"]


# A disk that fills while the program runs.


@pytest.fixture(name="small_disk")
def four_megabytes(server: Server) -> Iterator[Path]:
    """The spool's folder has a disk of its own."""
    with small_disk(server.spool, 4) as folder:
        yield folder


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_is_said_nothing_is_acknowledged_and_it_goes_on_when_there_is_room(
    server: Server, small_disk: Path
) -> None:
    large = b"Key: a value of some length\n" * 10_000

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(server.folder / "broker")) as broker:
            await asyncio.to_thread(give, broker.port, server.seal(b"before\n"))
            async with receiving(server, broker.port):
                await until(lambda: not list(broker.store.all()))
                fill(small_disk / "filler")
                await asyncio.to_thread(give, broker.port, server.seal(large), server.seal(GOOD))
                await until(lambda: len(server.told.of(Event.SPOOL_UNAVAILABLE)) >= 2)
                assert len(list(broker.store.all())) == 2
                assert bodies(server, "incoming") == [b"before\n"]
                (small_disk / "filler").unlink()
                await until(lambda: not list(broker.store.all()))

    run(work())
    assert sorted(bodies(server, "incoming")) == sorted([b"before\n", large, GOOD])
    assert bodies(server, "reject") == bodies(server, "deferred") == []
    causes = [str(facts["cause"]) for event, _, facts in server.told.events if event is Event.SPOOL_UNAVAILABLE]
    assert all("No space left on device" in cause or "disk is full" in cause for cause in causes), causes


# Programs that must not start.


@dataclass(frozen=True)
class Refusal:
    """A start that must fail: ``send`` or ``receive``, with one option that is wrong."""

    command: str
    option: str
    value: Callable[[Server], object]
    status: int
    sentence: str


def other_key(server: Server) -> Path:
    return server.pki.issue("other.example.org").key_path


def expired_own(server: Server) -> Path:
    server.host = server.pki.issue("old.example.org", not_before=timedelta(days=-9), not_after=timedelta(days=-1))
    return server.host.certificate_path


def locked_key(server: Server) -> Path:
    server.host.key_path.chmod(0)
    return server.host.key_path


def missing_folder(server: Server) -> Path:
    return server.folder / "missing"


REFUSALS = {
    f"{name}, {command}": Refusal(command, option, value, status, sentence)
    for name, commands, option, value, status, sentence in (
        ("wrong key", "send receive", "certificates.key", other_key, EX_CONFIG, "Cert and key don't match."),
        ("unreadable key", "send receive", "certificates.key", locked_key, EX_CONFIG, "cannot be read by this user"),
        ("expired own", "send receive", "certificates.certificate", expired_own, EX_CONFIG, "has expired on "),
        (
            "recipient is ourselves",
            "send",
            "certificates.server_cert",
            lambda server: server.host.certificate_path,
            EX_CONFIG,
            "is our own certificate, so that nobody else could read what is encrypted to it",
        ),
        ("outgoing missing", "send", "messaging.path", missing_folder, EX_IOERR, "missing is not a folder"),
        ("unknown option", "send", "messaging.windw", lambda _: 3, EX_CONFIG, "(did you mean 'window'?)"),
        ("unknown option", "receive", "messaging.prefech", lambda _: 3, EX_CONFIG, "(did you mean 'prefetch'?)"),
    )
    for command in commands.split()
}


def program(server: Server, command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """One of our programs, without the rights by which root reads every file."""
    config = server.folder / f"{command}.cfg"
    config.write_text(
        f"[{'sender' if command == 'send' else 'receiver'}]\nprotocol: STOMP\n"
        f"[broker]\nhost: 127.0.0.1\nport: 9\nuse_ssl: false\n"
        f"[certificates]\ncertificate: {server.host.certificate_path}\nkey: {server.host.key_path}\n"
        f"capath: {server.pki.ca_directory}\n[messaging]\ndestination: {QUEUE}\n"
        + (
            f"path: {server.folder / 'outgoing'}\npath_type: directory\nsettle_seconds: 0\n"
            if command == "send"
            else f"path: {server.spool}\n"
        )
    )
    plain = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"] if os.geteuid() == 0 else []
    listed = ["-d", str(server.folder / "dns")] if command == "receive" else []
    call = [*plain, sys.executable, "-m", "ssm", command, "-c", str(config), *listed, *words]
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=SECONDS)


@pytest.mark.parametrize("case", REFUSALS)
def test_a_program_with_a_bad_option_does_not_start_and_says_why(server: Server, case: str) -> None:
    refusal = REFUSALS[case]
    element = server.folder / "outgoing" / "element"
    element.parent.mkdir()
    element.write_bytes(GOOD)
    ended = program(server, refusal.command, "--set", f"{refusal.option}={refusal.value(server)}")
    assert ended.returncode == refusal.status, ended.stderr
    assert refusal.sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert element.read_bytes() == GOOD


@pytest.mark.parametrize("content", ["", "\n\n", "# nobody yet\n", "no slash\n"])
def test_a_receiver_without_a_signer_does_not_start(server: Server, content: str) -> None:
    (server.folder / "dns").write_text(content)
    ended = program(server, "receive")
    assert ended.returncode == EX_CONFIG, ended.stderr
    assert f"No valid DNs found in {server.folder / 'dns'}.  SSM will not start" in ended.stderr


def test_a_missing_outgoing_folder_of_the_dirq_layout_is_made(server: Server) -> None:
    path = server.folder / "missing" / "outgoing"
    ended = program(server, "send", "--set", f"messaging.path={path}", "--set", "messaging.path_type=dirq")
    assert ended.returncode == 0, ended.stderr
    assert "No messages found to send." in ended.stderr
    assert path.is_dir()
