# SPDX-License-Identifier: Apache-2.0
"""What was measured on, and what it can do at most: signatures, syncs."""

import os
import platform
import re
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography import __version__ as cryptography_version
from cryptography.hazmat.backends.openssl.backend import backend
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.servers.raw_stomp import RawStomp

from ssm.version import __version__

JARS = Path("/usr/share/java")
NUMBER = re.compile(r"\d+(?:\.\d+)+")


def description() -> list[tuple[str, str]]:
    """The machine and the programs on it."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return [
        ("processor", f"{model.partition(':')[2].strip()}, {os.cpu_count()} cores, shared with the broker"),
        ("memory", f"{memory:.0f} GiB"),
        (
            "system",
            f"{platform.system()} {platform.release()}, spool and broker on {file_system(tempfile.gettempdir())}",
        ),
        ("Python", f"{platform.python_version()}, TLS by {ssl.OPENSSL_VERSION}"),
        ("cryptography", f"{cryptography_version}, {backend.openssl_version_text()}"),
        ("broker", f"ActiveMQ {broker_version()}, persistent (KahaDB, synced), 2 GiB heap"),
        ("ssm", __version__),
    ]


def broker_version() -> str:
    """As its library calls itself, or empty."""
    found = [NUMBER.search(jar.name) for jar in JARS.glob("activemq-broker*.jar")]
    return next((match[0] for match in found if match), "")


def file_system(path: str) -> str:
    """The kind of file system a path is on."""
    best = ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) > len(best[0]):
            best = (point, kind)
    return best[1]


def signatures_per_second(threads: int, seconds: float) -> float:
    """RSA-2048 signatures over SHA-256, by the library that we sign with."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign() -> int:
        count = 0
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            key.sign(b"payload", padding.PKCS1v15(), hashes.SHA256())
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(sign) for _ in range(threads)]
        return sum(future.result() for future in futures) / seconds


def sync_milliseconds(folder: Path, count: int = 100) -> float:
    """Median of appending 4 KiB and waiting for the disk."""
    took = []
    descriptor = os.open(folder / "sync", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for _ in range(count):
            begun = time.perf_counter()
            os.write(descriptor, bytes(4096))
            os.fsync(descriptor)
            took.append((time.perf_counter() - begun) * 1000)
    finally:
        os.close(descriptor)
    return statistics.median(took)


def broker_alone_per_second(connect: Callable[[], RawStomp], queue: str, body: bytes, count: int) -> float:
    """Persistent messages that the broker takes from a client that does nothing else, 50 unconfirmed at a time."""
    with connect() as client:
        begun = time.perf_counter()
        client.send_all(queue, [body] * count)
        took = time.perf_counter() - begun
    with connect() as client:
        client.receive_all(queue, count)
    return count / took
