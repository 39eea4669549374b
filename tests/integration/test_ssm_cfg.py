# SPDX-License-Identifier: Apache-2.0
"""The real programs with a configuration file of SSM 1, and the message store that it names."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from tests.gateway import until
from tests.pki import Credential, Pki

SECONDS = 60.0


def write(path: Path, port: int, host: Credential, pki: Pki, role: str) -> Path:
    path.write_text(
        f"[broker]\nhost: 127.0.0.1\nport: {port}\nuse-ssl: false\nuse-pwd: false\n"
        "[pidfile]\npidfile: $STORES/ssm.pid\n"
        f"[messagedb]\npath: $STORES/{path.stem}\ntest: false\n"
        f"[certificates]\ncertificate: {host.certificate_path}\nkey: {host.key_path}\n"
        f"cadir: {pki.ca_directory}\ncheck-crls: true\n[logging]\nlog-conf-file: /etc/ssm.log.cfg\n{role}"
    )
    return path


async def program(tmp_path: Path, *words: str | Path) -> asyncio.subprocess.Process:
    environment = os.environ | {"STORES": str(tmp_path)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ssm", *map(str, words), env=environment, stderr=asyncio.subprocess.PIPE
    )


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path / "pki")


def test_old_files_and_old_stores_go_on_with_the_new_programs(tmp_path: Path, pki: Pki) -> None:
    server, site = pki.issue("server.example.org"), pki.issue("site.example.org")
    for name in ("server", "site"):
        (tmp_path / name).mkdir()
    outgoing = tmp_path / "site" / "outgoing"
    outgoing.mkdir()
    for number in range(3):
        (outgoing / f"message-{number}").write_bytes(b"Site: %d\n" % number)
    (outgoing / ".tmp-half").write_bytes(b"Site: ")
    (tmp_path / "valid-dns").write_text(f"{site.dn}\n")
    consumer = "[consumer]\ntopic: /queue/central\nvalid-dns: $STORES/valid-dns\nread-valid-dns: 10\n"
    producer = (
        f"[producer]\ntopic: /queue/central\nconsumer-dn: {server.dn}\n"
        "ack: /queue/replies.$host.$pid\nmsg-check-time: 10\n"
    )
    filed = tmp_path / "server" / "dirq" / "incoming"

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path / "broker")) as broker:
            old = write(tmp_path / "server.cfg", broker.port, server, pki, consumer)
            new = write(tmp_path / "site.cfg", broker.port, site, pki, producer)
            receiver = await program(tmp_path, "receive", "-c", old)
            sender = await program(tmp_path, "send", "-c", new)
            _, said = await sender.communicate()
            assert sender.returncode == 0, said.decode()
            await until(lambda: len(list(filed.glob("????????/??????????????"))) == 3)
            receiver.terminate()
            _, said = await receiver.communicate()
            assert receiver.returncode == 0, said.decode()
            assert b"filed in its folder dirq" in said

    asyncio.run(asyncio.wait_for(work(), SECONDS))
    assert sorted(path.read_bytes() for path in filed.glob("*/*/body")) == [b"Site: %d\n" % n for n in range(3)]
    assert sorted(path.name for path in outgoing.iterdir() if path.is_file()) == [".tmp-half"]
    assert not (tmp_path / "server" / "incoming").exists()


def test_an_old_receiver_goes_on_in_the_background_too(tmp_path: Path, pki: Pki) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "valid-dns").write_text("/CN=somebody\n")
    consumer = "[consumer]\ntopic: /queue/central\nvalid-dns: $STORES/valid-dns\n"
    old = write(tmp_path / "server.cfg", 1, pki.issue("server.example.org"), pki, consumer)
    log, pidfile = tmp_path / "log", tmp_path / "ssm.pid"
    call = [sys.executable, "-c", "import sys; from ssm.cli.main import ssmreceive; sys.exit(ssmreceive())"]

    def start(**more: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"STORES": str(tmp_path), **more}
        command = [*call, "-c", str(old)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    refused = start()
    assert refused.returncode == 1
    assert "[logging] logfile must be set for ssmreceive" in refused.stderr
    assert start(SSM_SET_LOGGING_LOGFILE=str(log)).returncode == 0

    async def work() -> None:
        await until(lambda: pidfile.exists() and pidfile.read_text().endswith("\n"))
        try:
            await until(lambda: f"The signer list {tmp_path}/valid-dns holds 1." in log.read_text())
        finally:
            os.kill(int(pidfile.read_text()), signal.SIGTERM)
        await until(lambda: not pidfile.exists())

    asyncio.run(asyncio.wait_for(work(), SECONDS))
