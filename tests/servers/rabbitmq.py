# SPDX-License-Identifier: Apache-2.0
"""A private RabbitMQ with its STOMP plugin: durable queues, plain and over TLS with a client certificate required."""

import contextlib
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.pki import Pki
from tests.servers.ports import free_ports, wait_for_port
from tests.servers.process import ServerProcess, kill_all, processes
from tests.servers.raw_stomp import Login
from tests.servers.stores import write_trust_pem

INSTALLED = Path("/usr/lib/rabbitmq/lib")
TABLES = ("LATEST.LOG", "DECISION", "rabbit_durable_queue.")

CONF = """listeners.tcp.local = 127.0.0.1:{amqp}
stomp.listeners.tcp.1 = 127.0.0.1:{plain}
stomp.listeners.ssl.1 = 127.0.0.1:{tls}
stomp.default_user = {login.login}
stomp.default_pass = {login.passcode}
default_user = {login.login}
default_pass = {login.passcode}
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
loopback_users = none
log.console = true
log.console.level = info
log.file = false
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1500MB
ssl_options.cacertfile = {folder}/conf/trust.pem
ssl_options.certfile = {credential.certificate_path}
ssl_options.keyfile = {credential.key_path}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_options.versions.1 = tlsv1.2
"""


class RabbitMq:
    """One instance in one folder, on the same ports for all its life. For a with-block, or start and stop."""

    kind = "rabbitmq"

    def __init__(self, folder: Path, pki: Pki) -> None:
        self.folder = folder
        self.plain_port, self.tls_port, amqp, distribution, self.epmd_port = free_ports(5)
        self.login = Login("tester", "testing")
        for name in ("conf", "data"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "conf" / "enabled_plugins").write_text("[rabbitmq_stomp].\n")
        write_trust_pem(pki, folder / "conf" / "trust.pem")
        (folder / "conf" / "rabbitmq.conf").write_text(
            CONF.format(
                folder=folder,
                credential=pki.issue("broker.rabbitmq"),
                login=self.login,
                amqp=amqp,
                plain=self.plain_port,
                tls=self.tls_port,
            )
        )
        program = newest()
        assert program is not None, "RabbitMQ is not installed"
        self.server = ServerProcess([program], self.environment(distribution), folder / "rabbitmq.log")

    @staticmethod
    def is_installed() -> bool:
        """True when it can be started here."""
        return newest() is not None and shutil.which("erl") is not None

    def environment(self, distribution: int) -> dict[str, str]:
        """Everything it would look for elsewhere is in the folder, its cookie too."""
        folder = str(self.folder)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": folder,
            "RABBITMQ_BASE": folder,
            "RABBITMQ_NODENAME": f"private{self.plain_port}@localhost",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": f"{folder}/conf/rabbitmq",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/conf/advanced",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/conf/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/rabbitmq.pid",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/generated",
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "yes",  # its start program becomes the server: no shell stands between it and us
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
        }

    @property
    def pid(self) -> int:
        """Of the Erlang machine, which replaces the shell that starts it."""
        return self.server.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.server.start(self.plain_port, self.login)
        wait_for_port(self.tls_port)

    def stop(self) -> None:
        """End it in good order, and the port mapper that it leaves behind."""
        self.server.stop()
        kill_all(self.port_mappers())

    def kill(self) -> None:
        """End it at once, and the port mapper: as if the machine had gone."""
        self.server.kill()
        kill_all(self.port_mappers())

    def restart(self) -> None:
        """Start it again, after stop or kill, with what it had."""
        self.server.stop()
        self.start()

    def tail(self) -> str:
        """The end of its log."""
        return self.server.tail()

    def port_mappers(self) -> list[int]:
        """Every epmd of our own port: it leaves its parent, and is known by its environment."""
        mark = f"ERL_EPMD_PORT={self.epmd_port}".encode()
        found = []
        for pid, _, name in processes():
            if name == "epmd":
                with contextlib.suppress(OSError):
                    if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                        found.append(pid)
        return found

    def queue_is_on_disk(self, queue: str) -> bool:
        """False for some seconds after its declaration: a kill meanwhile takes the queue, and all that is in it.

        The tables are written with delay, other than the messages; so a site's queues are made beforehand.
        """
        name = queue.removeprefix("/queue/").encode()
        tables = [path for path in (self.folder / "data").glob("*/*") if path.name.startswith(TABLES)]
        return any(name in path.read_bytes() for path in tables)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def newest() -> Path | None:
    """The start program of the newest version there is; not the wrapper, which becomes another user."""
    found = sorted(INSTALLED.glob("rabbitmq_server-*/sbin/rabbitmq-server"), key=version)
    return found[-1] if found else None


def version(program: Path) -> tuple[int, ...]:
    """By number, not by letter."""
    _, _, text = program.parents[1].name.partition("-")
    return tuple(int(part) for part in text.split(".") if part.isdigit())
