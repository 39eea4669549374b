# SPDX-License-Identifier: Apache-2.0
"""The real programs over AMS, killed and set back in mid-stream: nothing is lost, nothing stands twice in incoming."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from dirq.QueueSimple import QueueSimple

from tests.ams import PROJECT, SUBSCRIPTION, TOPIC, AmsPlace, ams_place
from tests.crash.harness import FILED, SENT, Program, elements, moments, payloads
from tests.pki import Pki
from tests.servers.ams.server import Fault
from tests.servers.process import wait_until

COUNT = 120
KILLS = 4

CONFIGURATION = """[{role}]
protocol: AMS

[broker]
host: 127.0.0.1:{place.server.port}
port: 443
use_ssl: true
authn_port: {place.server.authn_port}
ams_trust: capath

[certificates]
certificate: {host.certificate_path}
key: {host.key_path}
capath: {place.pki.ca_directory}
check_crls: false

[messaging]
ams_project: {project}
destination: {destination}
path: {path}
{more}

[logging]
logfile: {log}
level: DEBUG
console: false
"""


@dataclass(frozen=True)
class Ends:
    """A site and a server with AMS between them."""

    place: AmsPlace
    folder: Path

    @property
    def outgoing(self) -> Path:
        return self.folder / "outgoing"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def log(self, command: str) -> Path:
        return self.folder / f"{command}.log"

    def configure(self, command: str, more: str = "") -> None:
        is_sender = command == "send"
        text = CONFIGURATION.format(
            role="sender" if is_sender else "receiver",
            place=self.place,
            host=self.place.publisher if is_sender else self.place.consumer,
            project=PROJECT,
            destination=TOPIC if is_sender else SUBSCRIPTION,
            path=self.outgoing if is_sender else self.spool,
            more=more,
            log=self.log(command),
        )
        (self.folder / f"{command}.cfg").write_text(text)

    def leave(self, sent: Sequence[bytes]) -> None:
        queue = QueueSimple(str(self.outgoing))
        for payload in sent:
            queue.add(payload)

    def start(self, command: str) -> Program:
        words = [command, "-c", str(self.folder / f"{command}.cfg")]
        if command == "receive":
            words += ["-d", str(self.folder / "dns")]
        return Program(words, self.log(command), self.folder / f"{command}.err")

    def left(self) -> list[Path]:
        return [one for one in self.outgoing.glob("[0-9a-f]*/*") if one.suffix != ".lck"]

    def arrived(self) -> int:
        return sum(1 for _ in elements(self.spool / "incoming"))

    def receive_until(self, count: int) -> None:
        program = self.start("receive")
        try:
            wait_until(lambda: self.arrived() >= count, f"{count} messages in incoming\n{program.tail()}", seconds=60)
        except BaseException:
            program.kill()
            raise
        program.end()

    def assert_each_arrived_once(self, sent: Sequence[bytes]) -> None:
        arrived = Counter(path.read_bytes() for path in elements(self.spool / "incoming"))
        assert list(elements(self.spool / "reject")) == []
        assert sorted((Counter(sent) - arrived).elements()) == [], "lost"
        assert sorted((arrived - Counter(sent)).elements()) == [], "twice, or not what was sent"
        assert self.left() == []
        assert self.place.subscription.current == len(self.place.topic.messages)


@pytest.fixture
def ends(server_pki: Pki, tmp_path: Path) -> Iterator[Ends]:
    with ams_place(server_pki) as place:
        made = Ends(place, tmp_path)
        made.outgoing.mkdir()
        made.configure("send", "settle_seconds: 0\nwindow: 8")
        made.configure("receive", "batch: 4\nprefetch: 16")
        (tmp_path / "dns").write_text(f"{place.publisher.dn}\n")
        yield made


def test_every_message_arrives_once_with_its_id_and_no_token_in_any_log(ends: Ends) -> None:
    sent = payloads(COUNT)
    ends.leave(sent)
    ids = {f"{one.parent.name}/{one.name}" for one in ends.left()}
    ends.start("send").finish()
    assert ends.place.server.counts["publish"] < COUNT
    ends.receive_until(COUNT)
    ends.assert_each_arrived_once(sent)
    assert {path.with_name("empaid").read_text() for path in elements(ends.spool / "incoming")} == ids
    for said in ends.folder.glob("*.[le]*[gr]"):
        text = said.read_text()
        assert text == "" or " - " in text
        for token in (ends.place.publisher_token, ends.place.consumer_token):
            assert token not in text, said


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_sender_loses_nothing(ends: Ends, seed: int) -> None:
    sent = payloads(COUNT)
    ends.leave(sent)
    for count in moments(seed, KILLS, COUNT // KILLS):
        ends.start("send").kill_after(SENT, count)
    ends.start("send").finish()
    ends.receive_until(COUNT)
    ends.assert_each_arrived_once(sent)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_a_killed_receiver_loses_nothing(ends: Ends, seed: int) -> None:
    sent = payloads(COUNT)
    ends.leave(sent)
    ends.start("send").finish()
    struck = [ends.start("receive").kill_after(FILED, count) for count in moments(seed, KILLS, COUNT // KILLS)]
    assert all(struck)
    ends.receive_until(COUNT)
    ends.assert_each_arrived_once(sent)


def test_a_service_with_bad_moments_loses_nothing(ends: Ends) -> None:
    server = ends.place.server
    sent = payloads(COUNT)
    ends.leave(sent)
    bad = [
        Fault(status=503),
        Fault(is_dropped=True),
        Fault(is_cut=True),
        Fault(status=429, headers={"Retry-After": "1"}),
        Fault(is_carried_out=True, is_dropped=True),
        Fault(status=401),
        Fault(status=500),
    ]
    for fault in bad:
        server.fail("publish", fault)
        server.fail("pull", fault)
        server.fail("acknowledge", fault)
    ends.start("send").finish()
    ends.receive_until(COUNT)
    assert server.faults == []
    ends.assert_each_arrived_once(sent)


def test_a_message_over_the_limit_of_ams_travels_in_pieces(ends: Ends) -> None:
    records = [
        f"Site: SITE\nSubmitHost: ce{number}\nNumberOfJobs: 5\nMonth: 7\nYear: 2025\n" for number in range(30_000)
    ]
    ends.leave(["".join(["APEL-sync-message: v0.1\n", *(f"{one}%%\n" for one in records)]).encode()])
    ends.start("send").finish()
    count = len(ends.place.topic.messages)
    assert count >= 4
    ends.receive_until(count)
    arrived = [path.read_text() for path in elements(ends.spool / "incoming")]
    assert {one.partition("\n")[0] for one in arrived} == {"APEL-sync-message: v0.1"}
    assert Counter(one for text in arrived for one in text.partition("\n")[2].split("%%\n") if one) == Counter(records)
    assert ends.left() == []


def test_a_message_that_ams_does_not_take_is_set_aside_and_the_others_go(ends: Ends) -> None:
    ends.place.server.state.max_message_octets = 20_000
    sent = payloads(10)
    ends.leave([*sent[:5], b"x" * 30_000, *sent[5:]])
    program = ends.start("send")
    assert program.process.wait(60) == 65
    assert len(ends.place.topic.messages) >= 10
    assert ends.left() == []
    (aside,) = elements(ends.outgoing / ".ssm" / "reject")
    assert aside.read_bytes() == b"x" * 30_000
    assert "Message size is too large (HTTP 413)" in aside.with_name("error").read_text()
    ends.start("send").finish()
    ends.receive_until(10)


def test_a_sender_that_ams_does_not_know_ends_in_plain_words_and_keeps_its_messages(ends: Ends) -> None:
    ends.place.server.state.bindings.clear()
    ends.leave(payloads(3))
    words = ["send", "-c", str(ends.folder / "send.cfg"), "--set", "broker.retry_seconds=0"]
    done = subprocess.run(
        [sys.executable, "-m", "ssm", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 69
    assert "Binding was not found (HTTP 404)" in done.stderr
    assert "is the DN of our certificate" in done.stderr
    assert len(ends.left()) == 3


def test_without_the_extra_the_programs_say_what_to_install(ends: Ends) -> None:
    ends.leave(payloads(1))
    call = (
        "import sys; sys.modules['httpx2'] = None; from ssm.cli.main import main; "
        f"sys.exit(main(['send', '-c', {str(ends.folder / 'send.cfg')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    assert "needs the package httpx2" in done.stderr
    assert "[ams]" in done.stderr


def test_the_http_client_is_loaded_for_ams_only(tmp_path: Path) -> None:
    call = (
        "import sys, ssm.wiring.transports, ssm.programs.receive, ssm.programs.send; "
        "sys.exit(sum(name.partition('.')[0] in {'httpx2', 'httpcore2', 'anyio', 'h11'} for name in sys.modules))"
    )
    begun = time.monotonic()
    assert subprocess.run([sys.executable, "-c", call], check=False, timeout=60, cwd=tmp_path).returncode == 0
    assert time.monotonic() - begun < 30
