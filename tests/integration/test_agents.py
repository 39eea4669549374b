# SPDX-License-Identifier: Apache-2.0
"""The accounting client's way in: ``ssm.agents``, called as it calls it, against the embedded broker."""

import asyncio
import configparser
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssm import agents
from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.spool.dirq_simple import leave
from tests.ams import PROJECT, TOPIC, ams_place
from tests.pki import Pki

LOG = logging.getLogger("client")


@contextmanager
def broker(folder: Path) -> Iterator[EmbeddedBroker]:
    """In a thread of its own: the shim runs an event loop itself."""
    ready, stop = threading.Event(), asyncio.Event()
    held: list[EmbeddedBroker] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with EmbeddedBroker(BrokerSettings(folder)) as running:
            held.append(running)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield held[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def configuration(tmp_path: Path, port: int) -> configparser.ConfigParser:
    pki = Pki(tmp_path / "pki")
    credential = pki.issue("client.example.org")
    parser = configparser.ConfigParser()
    parser.read_string(
        f"""
        [sender]
        protocol: STOMP
        [broker]
        host: 127.0.0.1
        port: {port}
        use_ssl: false
        retry_seconds: 0
        [certificates]
        certificate: {credential.certificate_path}
        key: {credential.key_path}
        capath: {pki.ca_directory}
        [messaging]
        destination: /queue/agents
        path: {tmp_path / "outgoing"}
        path_type: dirq
        settle_seconds: 0
        [logging]
        logfile: {tmp_path / "log"}
        level: INFO
        console: false
        """.replace("\n        ", "\n")
    )
    return parser


def run(parser: configparser.ConfigParser) -> None:
    protocol = agents.get_protocol(parser, LOG)
    brokers, project, token = agents.get_ssm_args(protocol, parser, LOG)
    assert (project, token) == (None, "")
    agents.run_sender(protocol, brokers, project, token, parser, LOG)


def test_the_client_sends_what_it_has_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with broker(tmp_path / "broker") as running:
        parser = configuration(tmp_path, running.port)
        name = leave(tmp_path / "outgoing", b"Site: X\n")
        run(parser)
    assert f"Sent {name}" in caplog.text
    assert "SSM has shut down." in caplog.text
    run(parser)
    assert "No messages found to send." in caplog.text


def test_no_broker_ends_the_client_with_status_1_and_keeps_the_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = configuration(tmp_path, 1)
    name = leave(tmp_path / "outgoing", b"Site: X\n")
    with pytest.raises(SystemExit) as ended:
        run(parser)
    assert ended.value.code == 1
    assert "SSM failed to complete successfully." in capsys.readouterr().err
    assert (tmp_path / "outgoing" / name).read_bytes() == b"Site: X\n"
    assert not (tmp_path / "outgoing" / f"{name}.lck").exists()


def test_another_protocol_ends_the_client(tmp_path: Path) -> None:
    parser = configuration(tmp_path, 1)
    parser.set("sender", "protocol", "AMQP")
    with pytest.raises(SystemExit) as ended:
        agents.get_protocol(parser, LOG)
    assert ended.value.code == 1


def test_ams_without_its_project_ends_the_client(tmp_path: Path) -> None:
    parser = configuration(tmp_path, 1)
    parser.set("sender", "protocol", "AMS")
    with pytest.raises(SystemExit) as ended:
        agents.get_ssm_args(agents.get_protocol(parser, LOG), parser, LOG)
    assert ended.value.code == 1


def test_the_client_sends_over_ams(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    parser = configuration(tmp_path, 1)
    with ams_place(Pki(tmp_path / "ams-pki")) as place:
        parser.set("sender", "protocol", "AMS")
        parser.set("broker", "host", f"127.0.0.1:{place.server.port}")
        parser.set("broker", "ams_trust", "capath")
        for option, path in (
            ("certificate", place.publisher.certificate_path),
            ("key", place.publisher.key_path),
            ("capath", place.pki.ca_directory),
        ):
            parser.set("certificates", option, str(path))
        parser.set("messaging", "ams_project", PROJECT)
        parser.set("messaging", "destination", TOPIC)
        parser.set("messaging", "token", place.publisher_token)
        name = leave(tmp_path / "outgoing", b"Site: X\n")
        hosts, project, token = agents.get_ssm_args(agents.get_protocol(parser, LOG), parser, LOG)
        assert (hosts, project, token) == ([f"127.0.0.1:{place.server.port}"], PROJECT, place.publisher_token)
        agents.run_sender("AMS", hosts, project, token, parser, LOG)
        assert [one["attributes"] for one in place.topic.messages] == [{"empaid": name}]
    assert place.publisher_token not in caplog.text


def test_logging_is_set_up_from_the_configuration(tmp_path: Path) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        agents.logging_helper(configuration(tmp_path, 1))
        logging.getLogger("x").info("hello")
        assert "hello" in (tmp_path / "log").read_text()
    finally:
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
            handler.close()
        root.handlers[:] = before
        root.setLevel(level)
