# SPDX-License-Identifier: Apache-2.0
"""Real brokers and databases for the tests that ask for them, and one honest line about those that are not installed.

A broker costs seconds and hundreds of megabytes, so there is one of a kind in a whole run. All tests that use it form
one group, which ``--dist loadgroup`` keeps on one worker: that worker's session fixture then is the only one, and no
lock file or count of users is needed, nor can a worker that dies leave a broker to others.
"""

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from ssm.repository.session import Access
from tests.pki import Pki
from tests.servers import chromium as browser
from tests.servers.broker import INSTALLED, SERVERS, BrokerServer, RealBroker, new_queue
from tests.servers.database import DATABASE_INSTALLED, DATABASES, PASSWORD, DatabaseServer
from tests.servers.slapd import Service, Slapd

NOT_FOUND = "not found: "
REQUIRE = "SSM_REQUIRE_SERVERS"
WAYS = [(kind, use_tls) for kind in SERVERS for use_tls in (False, True)]

NewServer = Callable[[str], BrokerServer]


class NewSlapd(Protocol):
    """Starts an LDAP server with these services."""

    def __call__(self, *services: Service, size_limit: str = "unlimited") -> Slapd: ...


def need(kind: str) -> None:
    """Skip the test where this server is not installed; fail it where servers are required."""
    if {**INSTALLED, **DATABASE_INSTALLED, browser.KIND: browser.is_installed}[kind]():
        return
    message = f"{NOT_FOUND}{kind}; install with: make servers"
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what needs a server, and keep it together."""
    for item in items:
        for kind in sorted(kinds_of(item)):
            item.add_marker(kind)
            if kind in SERVERS:
                item.add_marker(pytest.mark.xdist_group(kind))


def kinds_of(item: pytest.Item) -> set[str]:
    """Which servers a test uses: by a fixture of that name, or by a parameter that begins with it."""
    if not isinstance(item, pytest.Function):
        return set()
    words = set(item.fixturenames)
    if hasattr(item, "callspec"):
        words |= {part for one in item.callspec.id.split("-") for part in one.split("_")}
    return words & {*INSTALLED, *DATABASES, browser.KIND}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """After everything else: what was not found, and the one command that installs it."""
    yield
    missing = {
        report.longrepr[2].partition(NOT_FOUND)[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and NOT_FOUND in report.longrepr[2]
    }
    for sentence in sorted(missing):
        terminalreporter.write_line(f"{NOT_FOUND}{sentence}", yellow=True)


@pytest.fixture(scope="session")
def server_pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Whom the brokers of this run believe."""
    return Pki(tmp_path_factory.mktemp("server-pki") / "pki")


@pytest.fixture(scope="session")
def activemq(tmp_path_factory: pytest.TempPathFactory, server_pki: Pki) -> Iterator[BrokerServer]:
    """The ActiveMQ of this run. Tests that end it make their own with ``new_server``."""
    yield from running("activemq", tmp_path_factory.mktemp("activemq"), server_pki)


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory, server_pki: Pki) -> Iterator[BrokerServer]:
    """The RabbitMQ of this run. Tests that end it make their own with ``new_server``."""
    yield from running("rabbitmq", tmp_path_factory.mktemp("rabbitmq"), server_pki)


def running(kind: str, folder: Path, pki: Pki) -> Iterator[BrokerServer]:
    """A server for as long as it is needed."""
    need(kind)
    server = SERVERS[kind](folder, pki)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def new_server(tmp_path: Path, server_pki: Pki) -> Iterator[NewServer]:
    """Starts servers that the test may end as it likes; call it with a kind."""
    started: list[BrokerServer] = []

    def start(kind: str) -> BrokerServer:
        need(kind)
        server = SERVERS[kind](tmp_path / f"server-{kind}-{len(started)}", server_pki)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[NewSlapd]:
    """Starts LDAP servers, each with the services it is given; they are quick, so that each test has its own."""
    need("slapd")
    started: list[Slapd] = []

    def start(*services: Service, size_limit: str = "unlimited") -> Slapd:
        server = Slapd(tmp_path / f"slapd-{len(started)}", services, size_limit=size_limit)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(params=WAYS, ids=[f"{kind}-{'tls' if tls else 'plain'}" for kind, tls in WAYS])
def real_broker(request: pytest.FixtureRequest, server_pki: Pki) -> RealBroker:
    """Each broker, plain and over TLS, with a queue of the test's own."""
    kind, use_tls = request.param
    server: BrokerServer = request.getfixturevalue(kind)
    return RealBroker(server, server_pki, server_pki.issue("client.example.org"), use_tls, new_queue())


@pytest.fixture(scope="session")
def chromium() -> None:
    """The browser is there; ``tests.servers.chromium.opened`` opens a page in it."""
    need(browser.KIND)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    """The PostgreSQL of this run. Tests that end it make their own with ``new_database_server``."""
    yield from running_database("postgresql")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    """The MariaDB of this run. Tests that end it make their own with ``new_database_server``."""
    yield from running_database("mariadb")


def running_database(kind: str) -> Iterator[DatabaseServer]:
    """A server for as long as it is needed."""
    need(kind)
    with DATABASES[kind]() as server:
        yield server


@pytest.fixture
def new_database_server() -> Iterator[Callable[[str], DatabaseServer]]:
    """Starts servers that the test may end as it likes; call it with a kind."""
    with contextlib.ExitStack() as held:

        def start(kind: str) -> DatabaseServer:
            need(kind)
            return held.enter_context(DATABASES[kind]())

        yield start


@pytest.fixture(params=("sqlite", *DATABASES))
def access(request: pytest.FixtureRequest, tmp_path: Path) -> Access:
    """An empty database of each kind."""
    kind: str = request.param
    if kind == "sqlite":
        return Access(f"sqlite:///{tmp_path}/database/accounting.sqlite")
    server: DatabaseServer = request.getfixturevalue(kind)
    return Access(server.url(server.new_database()), PASSWORD)
