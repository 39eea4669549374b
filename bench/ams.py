# SPDX-License-Identifier: Apache-2.0
"""AMS: our transport beside argo-ams-library, publishing to and pulling from the same service in the same run."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from argo_ams_library import AmsMessage, ArgoMessagingService
from tests.ams import PROJECT, SUBSCRIPTION, TOPIC

from ssm.transport.ams.transport import AmsSettings, AmsTransport
from ssm.transport.tls import TlsSettings

LIBRARY = f"argo-ams-library {version('argo-ams-library')}"
BODY = os.urandom(768).hex().encode()[:1024]
WINDOW = 32
BATCH = 64
PREFETCH = 256
TIMES = 10
"""How many times the library's own loop we mean to be."""
ROOT = Path(__file__).resolve().parent.parent
HOW = f"""Messages of 1 KiB, published and pulled over HTTPS on loopback, with the service of the tests in a process of
its own: no real one can be installed here, so the figures say what the clients cost and how often they go there and
back, not what a service can do. Ours is the transport as `ssm send` and `ssm receive` use it (window {WINDOW}, batch
{BATCH}, prefetch {PREFETCH}; a message is pulled when it is acknowledged). *One by one* is the loop that the incumbent
makes of argo-ams-library: one message a call, and one more call to acknowledge it. The median of {{runs}} runs."""


@dataclass(frozen=True)
class Service:
    """Where the service is."""

    said: Mapping[str, object]

    def text(self, name: str) -> str:
        return str(self.said[name])

    def library(self, who: str) -> ArgoMessagingService:
        return ArgoMessagingService(
            endpoint=f"127.0.0.1:{self.text('port')}", project=PROJECT, token=self.text(f"{who}_token")
        )

    def ours(self, who: str, destination: str) -> AmsTransport:
        files = self.said[who]
        assert isinstance(files, list)
        certificate, key = (Path(one) for one in files)
        return AmsTransport(
            AmsSettings(
                hosts=(("127.0.0.1", int(self.text("port"))),),
                project=PROJECT,
                destination=destination,
                tls=TlsSettings(certificate, key, Path(self.text("ca_directory"))),
                authn_port=int(self.text("authn_port")),
                prefetch=PREFETCH,
            )
        )


@dataclass
class Measured:
    """Messages a second, run by run."""

    name: str
    published: list[float] = field(default_factory=list)
    pulled: list[float] = field(default_factory=list)


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    """For a with-block; ended by closing its input."""
    folder.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers.ams", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
    ) as process:
        assert process.stdout is not None
        made = Service(json.loads(process.stdout.readline()))
        # The library takes the CAs that it believes from the environment.
        bundle = folder / "bundle.pem"
        bundle.write_bytes(b"".join(path.read_bytes() for path in Path(made.text("ca_directory")).glob("*.0")))
        before = os.environ.get("REQUESTS_CA_BUNDLE")
        os.environ["REQUESTS_CA_BUNDLE"] = str(bundle)
        try:
            yield made
        finally:
            os.environ.pop("REQUESTS_CA_BUNDLE", None)
            if before is not None:
                os.environ["REQUESTS_CA_BUNDLE"] = before


def rate(count: int, work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def library_run(made: Service, measured: Measured, count: int, at_a_time: int) -> None:
    """What argo-ams-library does with so many at a time."""
    publisher, consumer = made.library("publisher"), made.library("consumer")

    def publish() -> None:
        for begin in range(0, count, at_a_time):
            some = range(begin, min(begin + at_a_time, count))
            publisher.publish(TOPIC, [AmsMessage(data=BODY, attributes={"empaid": f"id/{one}"}) for one in some])

    def pull() -> None:
        found = 0
        while found < count:
            messages = consumer.pull_sub(SUBSCRIPTION, at_a_time)
            found += len([message.get_data() for _, message in messages])
            consumer.ack_sub(SUBSCRIPTION, [ack_id for ack_id, _ in messages])

    measured.published.append(rate(count, publish))
    measured.pulled.append(rate(count, pull))


def our_run(made: Service, measured: Measured, count: int) -> None:
    """What our transport does, as the workflows use it."""

    async def publish() -> None:
        producer = await made.ours("publisher", TOPIC).open_producer()
        window = asyncio.Semaphore(WINDOW)

        async def one(number: int) -> None:
            async with window:
                await producer.publish(f"id/{number}", BODY)

        await asyncio.gather(*(one(number) for number in range(count)))
        await producer.close()

    async def pull() -> None:
        consumer = await made.ours("consumer", SUBSCRIPTION).open_consumer()
        found = 0
        while found < count:
            deliveries = await consumer.receive(BATCH)
            found += len(deliveries)
            await consumer.acknowledge(deliveries)
        await consumer.close()

    measured.published.append(rate(count, lambda: asyncio.run(publish())))
    measured.pulled.append(rate(count, lambda: asyncio.run(pull())))


def measure_ams(folder: Path, runs: int, count: int) -> list[Measured]:
    """Both, by turns."""
    single, many, ours = (
        Measured(f"{LIBRARY}, one by one"),
        Measured(f"{LIBRARY}, {BATCH} at a time"),
        Measured("ssm"),
    )
    with service(folder) as made:
        for _ in range(runs):
            library_run(made, single, max(count // 20, 5), 1)
            library_run(made, many, count, BATCH)
            our_run(made, ours, count)
    return [single, many, ours]


def ams_cells(rows: list[Measured]) -> Iterator[tuple[str, ...]]:
    """The lines of the table; what is not the library's own loop is compared with it."""
    base = rows[0]
    for row in rows:
        aim = f"≥ {TIMES} times one by one" if row is rows[-1] else ""
        cells = [row.name, aim]
        for rates, own in ((row.published, base.published), (row.pulled, base.pulled)):
            times = statistics.median(rates) / statistics.median(own)
            cells += [f"{statistics.median(rates):,.0f}", f"{times:.1f}"]
        yield tuple(cells)
