# SPDX-License-Identifier: Apache-2.0
"""Private database servers on loopback, each in a folder of its own. Started by root they run as their own user."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import pymysql

from tests.servers.ports import HOST, free_ports
from tests.servers.process import ServerError, descendants, dies_with_us, kill_all, wait_until

USER = "tester"
PASSWORD = "testing"
STOP_SECONDS = 60.0
POSTGRESQL = Path("/usr/lib/postgresql")
TAIL_LINES = 40


class DatabaseServer:
    """One server in one folder, on the same port for all its life. For a with-block, or start and stop."""

    kind = ""
    owner = ""
    """Who runs it when we are root, which databases refuse to be."""
    drivername = ""

    def __init__(self) -> None:
        # Not below pytest's folder, into which another user may not look.
        self.folder = Path(tempfile.mkdtemp(prefix=f"ssm-{self.kind}-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.log.touch()
        [self.port] = free_ports(1)
        self.process: subprocess.Popen[bytes] | None = None
        self.made = 0
        if os.getuid() == 0:
            owner = pwd.getpwnam(self.owner)
            for path in (self.folder, self.log):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self.install()

    def install(self) -> None:
        """Make the data folder."""
        raise NotImplementedError

    def command(self) -> Sequence[str | Path]:
        """How it is started."""
        raise NotImplementedError

    def ask(self, statement: str) -> None:
        """Run a statement as the owner of everything."""
        raise NotImplementedError

    def url(self, database: str) -> str:
        """Where one of its databases is; without the password."""
        return f"{self.drivername}://{USER}@{HOST}:{self.port}/{database}"

    def new_database(self) -> str:
        """An empty one; its name."""
        self.made += 1
        name = f"test{self.made}"
        self.ask(f"CREATE DATABASE {name}")
        return name

    def run(self, *words: str | Path) -> None:
        """One of its tools, to the end."""
        done = subprocess.run(self.as_owner(words), capture_output=True, timeout=120, check=False, cwd="/")
        if done.returncode:
            raise ServerError(f"{words[0]}: {done.stdout.decode()}\n{done.stderr.decode()}")

    def as_owner(self, words: Sequence[str | Path]) -> list[str]:
        """The command line, with another user put on where we are root."""
        become: list[str] = []
        if os.getuid() == 0:
            become = ["setpriv", f"--reuid={self.owner}", f"--regid={self.owner}", "--init-groups"]
        return [*become, *dies_with_us(), *map(str, words)]

    def start(self) -> None:
        """Start, and wait until it answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.as_owner(self.command()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
            )
        process = self.process
        try:
            wait_until(lambda: process.poll() is not None or self.answers(), f"an answer of {self.kind}")
            require_running(process)
        except ServerError as error:
            self.kill()
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
            raise ServerError(f"{self.kind}: {error}\n{tail}") from error

    def answers(self) -> bool:
        """True when it takes us."""
        try:
            self.ask("SELECT 1")
        except (psycopg.Error, pymysql.Error):
            return False
        return True

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process is None:
            return
        family = descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None
        kill_all(family)

    def kill(self) -> None:
        """SIGKILL, it and its children: as if the machine had gone."""
        if self.process is None:
            return
        family = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.process = None
        kill_all(family)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.remove()

    def remove(self) -> None:
        """The folder goes."""
        for _ in range(20):
            with contextlib.suppress(OSError):
                shutil.rmtree(self.folder)
            if not self.folder.exists():
                return
            time.sleep(0.05)


class PostgreSql(DatabaseServer):
    """PostgreSQL."""

    kind = "postgresql"
    owner = "postgres"
    drivername = "postgresql"

    @staticmethod
    def is_installed() -> bool:
        """True when it can be started here."""
        return programs() is not None

    def install(self) -> None:
        """A cluster with one user and a password."""
        secret = self.folder / "password"
        secret.write_text(f"{PASSWORD}\n")
        if os.getuid() == 0:
            owner = pwd.getpwnam(self.owner)
            os.chown(secret, owner.pw_uid, owner.pw_gid)
        found = programs()
        assert found is not None, "PostgreSQL is not installed"
        words = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")
        self.run(found / "initdb", "-D", self.data, "-U", USER, f"--pwfile={secret}", *words)

    def command(self) -> Sequence[str | Path]:
        """Loopback only, with its defaults for durability."""
        found = programs()
        assert found is not None, "PostgreSQL is not installed"
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": "40",
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
        }
        return [found / "postgres", "-D", self.data, *(f"--{name}={value}" for name, value in settings.items())]

    def ask(self, statement: str) -> None:
        """On the database that every cluster has."""
        with psycopg.connect(
            host=HOST, port=self.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True,
            connect_timeout=5,
        ) as connection:  # fmt: skip
            connection.execute(statement.encode())


class MariaDb(DatabaseServer):
    """MariaDB."""

    kind = "mariadb"
    owner = "mysql"
    drivername = "mariadb"

    @staticmethod
    def is_installed() -> bool:
        """True when it can be started here."""
        return mariadbd() is not None and shutil.which("mariadb-install-db") is not None

    def install(self) -> None:
        """The system tables; the user comes with the first start."""
        options = ("--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal")
        self.run("mariadb-install-db", *options, f"--datadir={self.data}")
        first = self.folder / "first.sql"
        first.write_text(
            f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        )
        first.chmod(0o644)

    def command(self) -> Sequence[str | Path]:
        """Loopback only, with its defaults for durability; room for the log as in a real server."""
        program = mariadbd()
        assert program is not None, "MariaDB is not installed"
        return [
            program,
            "--no-defaults",
            f"--datadir={self.data}",
            f"--port={self.port}",
            f"--bind-address={HOST}",
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid",
            f"--init-file={self.folder}/first.sql",
            "--innodb-buffer-pool-size=256M",
            "--innodb-log-file-size=256M",
            "--skip-log-bin",
        ]

    def ask(self, statement: str) -> None:
        """Without a database."""
        connection = pymysql.connect(host=HOST, port=self.port, user=USER, password=PASSWORD, connect_timeout=5)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
            connection.commit()
        finally:
            connection.close()


def require_running(process: "subprocess.Popen[bytes]") -> None:
    """ServerError when it ended by itself."""
    if process.poll() is not None:
        raise ServerError("ended by itself")


def programs() -> Path | None:
    """The programs of the newest PostgreSQL there is."""
    found = sorted(POSTGRESQL.glob("*/bin/initdb"), key=lambda path: int(path.parents[1].name))
    return found[-1].parent if found else None


def mariadbd() -> Path | None:
    """The server, which is not in everybody's search path."""
    found = shutil.which("mariadbd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    return Path(found) if found else None


DATABASES: dict[str, Callable[[], DatabaseServer]] = {"postgresql": PostgreSql, "mariadb": MariaDb}
DATABASE_INSTALLED: dict[str, Callable[[], bool]] = {
    "postgresql": PostgreSql.is_installed,
    "mariadb": MariaDb.is_installed,
}
