# SPDX-License-Identifier: Apache-2.0
"""A site and a server around a real broker: their configuration, their programs as processes, and what arrives."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dirq.QueueSimple import QueueSimple

from tests.pki import Credential
from tests.servers.broker import RealBroker
from tests.servers.process import ServerError, wait_until

ENDS_WITHIN_SECONDS = 90.0
LAST_WORDS = 3000
SENT = b" - Sent "
FILED = b"saved to incoming queue"

SENDER = """[sender]
protocol: STOMP

[broker]
host: {broker.host}
port: {port}
use_ssl: {use_ssl}
login: {broker.login.login}
passcode: {broker.login.passcode}

[certificates]
certificate: {host.certificate_path}
key: {host.key_path}
capath: {broker.pki.ca_directory}
{encryption}

[messaging]
destination: {broker.queue}
path: {path}
path_type: dirq
settle_seconds: 0
window: {window}

[logging]
logfile: {log}
level: INFO
console: false
"""

RECEIVER = """[receiver]
protocol: STOMP

[broker]
host: {broker.host}
port: {port}
use_ssl: {use_ssl}
login: {broker.login.login}
passcode: {broker.login.passcode}

[certificates]
certificate: {host.certificate_path}
key: {host.key_path}
capath: {broker.pki.ca_directory}
check_crls: true

[messaging]
destination: {broker.queue}
path: {path}
batch: {batch}
prefetch: {prefetch}

[logging]
logfile: {log}
level: INFO
console: false

[daemon]
pidfile: {path}/ssmreceive.pid
"""


@dataclass(frozen=True)
class Pace:
    """Small figures, so that a kill finds much half done."""

    window: int = 8
    batch: int = 4
    prefetch: int = 16


@dataclass(frozen=True)
class Deployment:
    """One site that reports to one server."""

    folder: Path
    broker: RealBroker
    site: Credential
    server: Credential

    @classmethod
    def build(
        cls,
        folder: Path,
        broker: RealBroker,
        *,
        encrypted: bool = True,
        pace: Pace | None = None,
        port: int | None = None,
    ) -> "Deployment":
        """Credentials of the broker's CA, both configuration files, an empty spool on either side.

        ``port``: where its programs connect to, if not to the broker itself.
        """
        pki, pace = broker.pki, pace or Pace()
        made = cls(folder, broker, pki.issue("ce.example.org"), pki.issue("accounting.example.org"))
        made.outgoing.mkdir(parents=True)
        made.spool.mkdir(parents=True)
        use_ssl = str(broker.use_tls).lower()
        encryption = f"server_cert: {made.server.certificate_path}" if encrypted else ""
        made.config("send").write_text(
            SENDER.format(
                broker=broker,
                port=port or broker.port,
                use_ssl=use_ssl,
                host=made.site,
                encryption=encryption,
                path=made.outgoing,
                window=pace.window,
                log=made.log("send"),
            )
        )
        made.config("receive").write_text(
            RECEIVER.format(
                broker=broker,
                port=port or broker.port,
                use_ssl=use_ssl,
                host=made.server,
                path=made.spool,
                batch=pace.batch,
                prefetch=pace.prefetch,
                log=made.log("receive"),
            )
        )
        made.dns.write_text(f"{made.site.dn}\n")
        return made

    @property
    def outgoing(self) -> Path:
        return self.folder / "site" / "outgoing"

    @property
    def spool(self) -> Path:
        return self.folder / "server" / "spool"

    @property
    def dns(self) -> Path:
        return self.folder / "dns"

    def config(self, command: str) -> Path:
        return self.folder / f"{command}.cfg"

    def log(self, command: str) -> Path:
        return self.folder / f"{command}.log"

    # What a site's own programs do.

    def leave(self, payloads: Sequence[bytes]) -> None:
        """Into the outgoing spool, by the library that sites use."""
        queue = QueueSimple(str(self.outgoing))
        for payload in payloads:
            queue.add(payload)

    def waiting(self) -> list[Path]:
        """Elements still in the outgoing spool."""
        return [path for path in self.outgoing.glob("*/*") if path.parent.name[0] != "." and path.suffix != ".lck"]

    # What an accounting server sees.

    def incoming(self) -> Counter[bytes]:
        """Every payload that was filed, and how many times."""
        return Counter(path.read_bytes() for path in elements(self.spool / "incoming"))

    def arrived(self) -> int:
        """How many were filed."""
        return sum(1 for _ in elements(self.spool / "incoming"))

    def rejected(self) -> list[str]:
        """Why, for each that was."""
        return [path.with_name("error").read_text() for path in elements(self.spool / "reject")]

    # Programs.

    def start(self, command: str) -> "Program":
        """``ssm send`` or ``ssm receive``."""
        words = [command, "-c", str(self.config(command))]
        if command == "receive":
            words += ["-d", str(self.dns)]
        return Program(words, self.log(command), self.folder / f"{command}.err")

    @contextmanager
    def receiving(self) -> Iterator["Program"]:
        """A receiver that is ended with the block, in good order."""
        program = self.start("receive")
        try:
            yield program
        except BaseException:
            program.kill()
            raise
        program.end()

    def send_all(self) -> None:
        """One run of the sender, to its end."""
        self.start("send").finish()

    def wait_for(self, count: int) -> None:
        """Until this many were filed; ServerError says where the others are."""
        try:
            wait_until(lambda: self.arrived() >= count, f"{count} messages in incoming", seconds=ENDS_WITHIN_SECONDS)
        except ServerError as error:
            raise ServerError(f"{error}\n{self.account()}") from error

    def account(self) -> str:
        """Where everything is, and the end of what was said about it: for a test that failed."""
        with self.broker.raw() as client:
            left = "nothing" if client.is_empty(self.broker.queue) else "something"
        counts = (
            f"{self.arrived()} in incoming, {len(self.rejected())} in reject, {len(self.waiting())} in outgoing, "
            f"{left} in the queue"
        )
        said = [last_words(path) for path in sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.err"))]
        return "\n".join([counts, *said, f"broker:\n{self.broker.server.tail()}"])


class Program:
    """One of our programs as a process of its own; tells how far it has come by its log."""

    def __init__(self, words: Sequence[str], log: Path, errors: Path) -> None:
        self.words = list(words)
        self.log = log
        self.errors = errors
        self.log.touch()
        self.begun_at = log.stat().st_size
        with errors.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ssm", *words], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def lines(self, mark: bytes) -> int:
        """How often this run has said so."""
        with self.log.open("rb") as file:
            file.seek(self.begun_at)
            return file.read().count(mark)

    def has_ended(self) -> bool:
        """True when it is not running any more."""
        return self.process.poll() is not None

    def until_said(self, mark: bytes, count: int) -> None:
        """Wait until it has said so this often, or has ended."""
        wait_until(
            lambda: self.has_ended() or self.lines(mark) >= count,
            f"{count} lines of {mark!r}",
            seconds=ENDS_WITHIN_SECONDS,
            poll_seconds=0.002,
        )

    def kill_after(self, mark: bytes, count: int) -> bool:
        """SIGKILL once it has said so this often; False when it had ended by itself before."""
        self.until_said(mark, count)
        was_running = not self.has_ended()
        self.kill()
        return was_running

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """SIGTERM, and it must end well."""
        self.process.terminate()
        self.finish()

    def finish(self) -> None:
        """Wait for its end; it must be a good one."""
        try:
            status = self.process.wait(ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            status = None
        assert status == 0, f"{self.words} ended with {status}\n{self.tail()}"

    def tail(self) -> str:
        """The end of what it said."""
        return "\n".join(map(last_words, (self.log, self.errors)))


def last_words(path: Path) -> str:
    """The end of what was written there."""
    return f"{path.name}:\n{path.read_text(errors='replace')[-LAST_WORDS:]}"


def elements(queue: Path) -> Iterator[Path]:
    """The body of each element of a dirq queue; not of what is on its way in or out."""
    for folder in sorted(queue.glob("[0-9a-f]" * 8)):
        yield from (element / "body" for element in sorted(folder.iterdir()))


def payloads(count: int) -> list[bytes]:
    """Records that tell themselves apart."""
    return [
        f"APEL-summary-job-message: v0.2\nSite: SITE-{number}\nMonth: 7\nYear: 2025\n%%\n".encode()
        for number in range(count)
    ]


def moments(seed: int, count: int, most: int) -> list[int]:
    """After how many steps to strike, each time: random, and the same for the same seed."""
    draw = random.Random(seed)
    return [draw.randint(1, most) for _ in range(count)]
