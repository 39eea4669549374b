# SPDX-License-Identifier: Apache-2.0
"""What is measured: each load is sent and then received, five times over."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from tests.crash.harness import Deployment, Pace
from tests.pki import Pki
from tests.servers.broker import BrokerServer, RealBroker, new_queue

from bench.invented import MONTHS, sites
from bench.programs import Usage, run_receiver, run_sender
from ssm.records.formats import text_writer
from ssm.records.invented.jobs import jobs
from ssm.records.payload import faults_of
from ssm.records.split import Size, split
from ssm.records.types.job import JOB
from ssm.wiring.messaging import open_encryption, open_opener, open_sealer, open_signer

SHIPPED = Pace(window=32, batch=64, prefetch=256)
KIB = 1024
NOW = 1_764_000_000


@dataclass(frozen=True)
class Load:
    """So many messages of one kind."""

    name: str
    octets: int
    count: int
    send_aim: str = ""
    receive_aim: str = ""
    encrypted: bool = False
    tls: bool = False


LOADS = (
    Load("signed, 1 KiB", KIB, 3000, "≥ 900/s, ≤ 1.5 ms", "≥ 900/s, ≤ 1 ms"),
    Load("signed, 600 KiB", 600 * KIB, 600, "≥ 120/s", "≥ 180/s"),
    Load("signed and encrypted, 1 KiB", KIB, 3000, "≥ 700/s", "≥ 600/s", encrypted=True),
    Load("signed, 1 KiB, over TLS", KIB, 3000, tls=True),
)
HUGE = Load("signed, 50 MB", 50_000_000, 1, "≤ 250 MB", "≤ 250 MB")


@dataclass(frozen=True)
class Row:
    """One line of the table: medians of some runs."""

    name: str
    count: int
    usages: Sequence[Usage]
    aim: str

    def median(self, figure: Callable[[Usage], float]) -> float:
        return statistics.median(figure(usage) for usage in self.usages)

    @property
    def per_second(self) -> float:
        return self.median(lambda usage: self.count / usage.seconds)

    @property
    def cpu_milliseconds(self) -> float:
        """Of our program, for each message."""
        return self.median(lambda usage: usage.cpu_seconds / self.count * 1000)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of one processor: our program, the broker, idle for the disk."""
        return (
            self.median(lambda usage: usage.cpu_seconds / usage.seconds),
            self.median(lambda usage: usage.broker_seconds / usage.seconds),
            self.median(lambda usage: usage.waiting_seconds / usage.seconds),
        )

    @property
    def peak_megabytes(self) -> float:
        return max(usage.peak_octets for usage in self.usages) / 1e6


def payload(octets: int) -> bytes:
    """Text as records are, and never the same twice."""
    line = os.urandom(30).hex().encode() + b"\n"
    return (line * (octets // len(line) + 1))[: octets - 1] + b"\n"


def measure(load: Load, server: BrokerServer, pki: Pki, folder: Path, runs: int) -> tuple[Row, Row]:
    """Send and receive the same load, several times."""
    sent, received = [], []
    for number in range(runs):
        broker = RealBroker(server, pki, pki.issue("client.example.org"), load.tls, new_queue())
        deployment = Deployment.build(folder / f"{number}", broker, encrypted=load.encrypted, pace=SHIPPED)
        for _ in range(load.count):
            deployment.leave([payload(load.octets)])
        sent.append(run_sender(deployment))
        received.append(run_receiver(deployment, load.count))
        assert (deployment.waiting(), deployment.arrived()) == ([], load.count)
    return (
        Row(f"send {load.name}", load.count, sent, load.send_aim),
        Row(f"receive {load.name}", load.count, received, load.receive_aim),
    )


@dataclass(frozen=True)
class Rate:
    """One step without a broker, in one thread."""

    name: str
    per_second: float


def envelope_rates(pki: Pki, seconds: float) -> list[Rate]:
    """Seal and unseal in memory."""
    site, server = pki.issue("ce.example.org"), pki.issue("accounting.example.org")
    signer = open_signer(site.certificate_path, site.key_path)
    opener = open_opener(
        ca_directory=pki.ca_directory, check_crls=True, certificate=server.certificate_path, key=server.key_path
    )
    rates = []
    for octets in (KIB, 600 * KIB):
        for recipient in (None, server.certificate_path):
            encryption = open_encryption(signer, recipient, cipher="aes-128-cbc", oaep=False)
            sealer = open_sealer(signer, encryption)
            text = payload(octets)
            name = f"{'signed and encrypted' if recipient else 'signed'}, {octets // KIB} KiB"
            sealed = sealer(text)
            rates.append(Rate(f"seal {name}", per_second(sealer, text, seconds)))
            rates.append(Rate(f"unseal {name}", per_second(opener, sealed, seconds)))
    return rates


def check_rates(seconds: float) -> list[Rate]:
    """What a sender looks at before it signs: job records as sites write them, with nothing wrong."""
    rates = []
    for octets in (KIB, 600 * KIB):
        text = records_of(octets)
        assert not faults_of(text, NOW)
        rates.append(
            Rate(f"check records, {octets // KIB} KiB", per_second(partial(faults_of, now=NOW), text, seconds))
        )
    return rates


def records_of(octets: int) -> bytes:
    """A message of jobs, as many as fit."""
    some = jobs(1, sites()[0], MONTHS[0], octets // 200)
    [message] = islice(split([b"".join(text_writer.write(JOB, "v0.3", some))], Size(octets)), 1)
    return message


def per_second(work: Callable[[bytes], object], argument: bytes, seconds: float) -> float:
    """How often it can be done."""
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        work(argument)
        count += 1
    return count / (time.perf_counter() - begun)
