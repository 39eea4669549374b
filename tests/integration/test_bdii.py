# SPDX-License-Identifier: Apache-2.0
"""Brokers found in a real OpenLDAP server that holds what a BDII holds; and our programs that live by it."""

import asyncio
import configparser
import logging
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ssm import agents
from ssm.cli.main import main
from ssm.errors import ConnectFailedError
from ssm.lookup.brokers import LookedUpBrokers, LookUpPorts
from ssm.lookup.cache import BrokerCache
from ssm.lookup.directory import Inquiry
from ssm.protocols.bdii import Broker, PassedOver, Question
from tests.conftest import NewSlapd
from tests.crash.harness import Deployment, payloads
from tests.fakes.looking_up import NOW, Told
from tests.servers.broker import RealBroker
from tests.servers.ports import free_ports
from tests.servers.process import wait_until
from tests.servers.slapd import Service, Slapd

SECONDS = 10.0
COUNT = 5
PLAIN = Question("PROD", use_tls=False)


def inquiry(server: Slapd, question: Question = PLAIN) -> Inquiry:
    return Inquiry((("127.0.0.1", server.port),), question, SECONDS)


def test_brokers_of_the_network_and_the_type_are_found(slapd: NewSlapd) -> None:
    server = slapd(
        Service(["stomp://mb1.example.org:6163/", "stomp://second.example.org:1"]),
        Service(["stomp+ssl://mb1.example.org:6162/"], use_tls=True),
        Service(["stomp://test.example.org:6163"], networks=["TEST-NWOB"]),
        Service(["stomp://[2001:db8::2]:6163/"], networks=["TEST-NWOB", "PROD"]),
        Service(["stomp://mb3.example.org"]),
        Service(["stomp://lower.example.org:6163"], networks=["prod"]),
    )
    answer, source = inquiry(server).ask()
    assert answer.brokers == (
        Broker("mb1.example.org", 6163),
        Broker("2001:db8::2", 6163),
        Broker("mb3.example.org", 6163, 1),
    )
    assert source == server.url
    answer, _ = inquiry(server, Question("PROD", use_tls=True)).ask()
    assert answer.brokers == (Broker("mb1.example.org", 6162),)


def test_ids_with_characters_that_filters_are_made_of_are_found_and_change_no_question(slapd: NewSlapd) -> None:
    names = ("a(b)c", "star*", "back\\slash", "x)(GlueServiceDataKey=*", "sp ace", "and&or|not!")
    services = [Service([f"stomp://mb{number}:6163"], name=name) for number, name in enumerate(names)]
    # Were the star one of the filter, the id of this one would match that of a broker of our network.
    stranger = Service(["stomp://stranger:6163"], networks=["OTHER"], name="*")
    answer, _ = inquiry(slapd(*services, stranger)).ask()
    assert [one.host for one in answer.brokers] == [f"mb{number}" for number in range(len(names))]


def test_a_hostile_entry_is_passed_over_with_its_reason(slapd: NewSlapd) -> None:
    server = slapd(Service(["http://evil.example.org:80/"]), Service(["stomp://mb1.example.org:6163"]))
    answer, _ = inquiry(server).ask()
    assert answer.brokers == (Broker("mb1.example.org", 6163),)
    assert answer.passed_over == (
        PassedOver("broker_msg.broker.stomp_0", "its URL's scheme is neither stomp nor stomp+ssl"),
    )


def test_more_brokers_than_fit_one_question_are_found(slapd: NewSlapd) -> None:
    services = [Service([f"stomp://mb{number}:6163"]) for number in range(120)]
    assert len(inquiry(slapd(*services)).ask()[0].brokers) == 120


def test_what_the_server_gives_before_its_own_limit_is_used(slapd: NewSlapd) -> None:
    services = [Service([f"stomp://mb{number}:6163"]) for number in range(20)]
    assert len(inquiry(slapd(*services, size_limit="7")).ask()[0].brokers) == 7


def test_an_empty_directory_is_no_broker(slapd: NewSlapd) -> None:
    with pytest.raises(ConnectFailedError, match="knows no broker of network PROD"):
        inquiry(slapd()).ask()


def test_another_server_is_asked_where_the_first_is_down(slapd: NewSlapd) -> None:
    server = slapd(Service(["stomp://mb1.example.org:6163"]))
    (nobody,) = free_ports(1)
    servers = (("127.0.0.1", nobody), ("127.0.0.1", server.port))
    assert Inquiry(servers, PLAIN, SECONDS).ask()[1] == server.url


def test_the_last_answer_outlives_the_server_and_a_new_one_is_found_without_a_start(
    slapd: NewSlapd, tmp_path: Path
) -> None:
    server = slapd(Service(["stomp://mb1.example.org:6163"]))
    told = Told()
    cache = BrokerCache(tmp_path / "state" / "brokers.json", PLAIN)
    ports = LookUpPorts(inquiry(server), cache, told, lambda: NOW)

    async def work() -> None:
        first = LookedUpBrokers(ports, every_seconds=0.05, again_seconds=0.05)
        assert await first.addresses() == [("mb1.example.org", 6163)]
        await asyncio.to_thread(server.stop)
        await until_told(told, "look-up-failed")
        assert await first.addresses() == [("mb1.example.org", 6163)]
        second = LookedUpBrokers(ports, again_seconds=0.05)
        assert await second.addresses() == [("mb1.example.org", 6163)]
        server.publish(Service(["stomp://mb2.example.org:6163"]).entries(7))
        await asyncio.to_thread(server.start)
        expected = {("mb1.example.org", 6163), ("mb2.example.org", 6163)}
        async with asyncio.timeout(SECONDS):
            while set(await second.addresses()) != expected or set(await first.addresses()) != expected:
                await asyncio.sleep(0.02)

    asyncio.run(work())


async def until_told(told: Told, name: str) -> None:
    async with asyncio.timeout(SECONDS):
        while name not in told.names():
            await asyncio.sleep(0.02)


# Programs.


def looked_up(config: Path, server: Slapd, *, spellings: tuple[str, str] = ("bdii", "network")) -> None:
    """No host any more, but a directory."""
    lines = [line for line in config.read_text().splitlines() if not line.startswith(("host:", "port:"))]
    where = lines.index("[broker]") + 1
    lines[where:where] = [f"{spellings[0]}: {server.url}", f"{spellings[1]}: PROD", "bdii_timeout_seconds: 5"]
    config.write_text("\n".join(lines) + "\n")


def published(broker: RealBroker) -> Service:
    scheme = "stomp+ssl" if broker.use_tls else "stomp"
    return Service([f"{scheme}://{broker.host}:{broker.port}/"], use_tls=broker.use_tls)


def test_messages_travel_over_a_broker_that_both_ends_have_looked_up(
    tmp_path: Path, real_broker: RealBroker, slapd: NewSlapd
) -> None:
    place = Deployment.build(tmp_path / "place", real_broker)
    server = slapd(published(real_broker))
    looked_up(place.config("send"), server)
    looked_up(place.config("receive"), server, spellings=("bdii-url", "broker-network"))
    sent = payloads(COUNT)
    place.leave(sent)
    with place.receiving():
        place.send_all()
        place.wait_for(COUNT)
        # LDAP goes: the next sender uses what is kept, and says so.
        server.stop()
        more = [payload + b"More: 1\n" for payload in sent]
        place.leave(more)
        place.send_all()
        place.wait_for(2 * COUNT)
    assert place.incoming() == Counter([*sent, *more])
    log = place.log("send").read_text()
    assert f"Found 1 brokers in {server.url}: {real_broker.host}:{real_broker.port}." in log
    assert f"Brokers cannot be looked up: {server.url}: no LDAP with it" in log
    assert "Going on with those found at 20" in log


def test_a_receiver_that_starts_before_its_directory_goes_on_by_itself(
    tmp_path: Path, real_broker: RealBroker, slapd: NewSlapd
) -> None:
    place = Deployment.build(tmp_path / "place", real_broker)
    server = slapd(published(real_broker))
    server.stop()
    looked_up(place.config("receive"), server)
    sent = payloads(COUNT)
    place.leave(sent)
    place.send_all()
    with place.receiving() as receiver:
        wait_until(lambda: receiver.lines(b"No brokers available") >= 1, "a word about the directory", seconds=30)
        server.start()
        place.wait_for(COUNT)
    assert place.incoming() == Counter(sent)


@pytest.fixture
def site(tmp_path: Path, slapd: NewSlapd) -> tuple[Path, Slapd]:
    """A sender's configuration that looks brokers up, where nobody listens."""
    from tests.pki import Pki

    server = slapd(Service(["stomp://127.0.0.1:1/"]), Service(["http://x"]))
    pki = Pki(tmp_path / "pki")
    host = pki.issue("site.example.org")
    config = tmp_path / "sender.cfg"
    config.write_text(
        f"[sender]\nprotocol: STOMP\n[broker]\nbdii: {server.url}\nnetwork: PROD\nuse_ssl: false\n"
        f"retry_seconds: 0\nbdii_timeout_seconds: 5\n"
        f"[certificates]\ncertificate: {host.certificate_path}\nkey: {host.key_path}\ncapath: {pki.ca_directory}\n"
        f"[messaging]\ndestination: /queue/q\npath: {tmp_path / 'outgoing'}\nsettle_seconds: 0\n"
        f"[logging]\nlogfile: {tmp_path / 'log'}\n"
    )
    return config, server


def checked(config: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    status = main(["config", "-c", str(config), *more])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if " broker: " in line]
    return status, line


def test_the_check_of_a_configuration_shows_what_look_up_finds(
    site: tuple[Path, Slapd], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config, server = site
    status, line = checked(config, capsys)
    assert status == 0
    assert line.startswith(f"ok    broker: 127.0.0.1:1, looked up in {server.url}; passed over: ")
    assert "broker_msg.broker.stomp_1: its URL's scheme is neither stomp nor stomp+ssl" in line
    assert not (tmp_path / "outgoing").exists()
    status, line = checked(config, capsys, "--set", "broker.network=NONE")
    assert (status, line.startswith("FAULT broker: ")) == (78, True)
    assert "knows no broker of network NONE" in line
    status, line = checked(config, capsys, "--set", "broker.host=mb.example.org:6163")
    assert (status, line) == (0, "ok    broker: mb.example.org:6163, without TLS (not tried)")
    server.stop()
    status, line = checked(config, capsys)
    assert (status, line.startswith("FAULT broker: ")) == (78, True)
    assert "no LDAP with it" in line


def test_the_accounting_client_is_given_what_look_up_finds(
    site: tuple[Path, Slapd], caplog: pytest.LogCaptureFixture
) -> None:
    config, server = site
    parser = configparser.ConfigParser()
    parser.read(config)
    log = logging.getLogger("client")
    assert agents.get_ssm_args("STOMP", parser, log) == ([("127.0.0.1", 1)], None, "")
    server.stop()
    assert agents.get_ssm_args("STOMP", parser, log) == ([("127.0.0.1", 1)], None, "")
    assert "Going on with those found at" in caplog.text
    parser.set("broker", "network", "NONE")
    with pytest.raises(SystemExit) as ended:
        agents.get_ssm_args("STOMP", parser, log)
    assert ended.value.code == 1
    assert "No brokers available" in caplog.text


def test_a_sender_without_directory_and_copy_ends_with_its_status_and_keeps_the_message(
    site: tuple[Path, Slapd], tmp_path: Path
) -> None:
    from ssm.spool.dirq_simple import leave

    config, server = site
    server.stop()
    name = leave(tmp_path / "outgoing", b"Site: X\n")
    assert main(["send", "-c", str(config)]) == 69
    assert (tmp_path / "outgoing" / name).read_bytes() == b"Site: X\n"
    assert "No brokers available" in (tmp_path / "log").read_text()


def test_the_library_is_loaded_only_where_a_look_up_is_configured(site: tuple[Path, Slapd]) -> None:
    config, _ = site
    for override, is_loaded in (("broker.host=mb.example.org:6163", False), ("broker.port=7", True)):
        code = (
            "import sys; from pathlib import Path; from ssm.settings.ini import Sources, read_sender\n"
            "from ssm.wiring.stomp import sender_transport\n"
            f"sender_transport(read_sender(Sources(Path({str(config)!r}), overrides=({override!r},)))[0])\n"
            f"sys.exit(('ldap3' in sys.modules) is not {is_loaded})"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_configuration_is_shown_with_the_servers_it_names(
    site: tuple[Path, Slapd], capsys: pytest.CaptureFixture[str]
) -> None:
    config, server = site
    main(["config", "-c", str(config), "--set", f"broker.bdii={server.url} ldap://[2001:db8::1]:2170"])
    shown = {line.split()[1]: line.split()[2:-1] for line in capsys.readouterr().out.splitlines() if line[:1] == "["}
    assert shown["host"] == ["-"]
    assert shown["bdii"] == [f"127.0.0.1:{server.port},", "[2001:db8::1]:2170"]
