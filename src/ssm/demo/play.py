# SPDX-License-Identifier: Apache-2.0
"""The demonstration itself: what is done, in order, and what it expects.

The sender and the receiver are the real programs, each in its own process, talking over TLS to the embedded
broker. The receiver is killed in mid-stream and started again. Two messages that must not pass are sent
besides: one whose signed text was changed on the way, one by a signer who is not on the list.
"""

import asyncio
import hashlib
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ssm.demo.messages import DemoMessage, all_messages
from ssm.demo.outcome import Expectation, Row, compare, elements
from ssm.demo.programs import run_sender, running_broker, running_receiver, wait_until
from ssm.demo.stage import Site, Stage
from ssm.envelope.seal import seal
from ssm.errors import StopError
from ssm.records.payload import faults_of
from ssm.settings.found import Sources
from ssm.settings.ini import read_sender
from ssm.spool.dirq_simple import leave
from ssm.wiring.messaging import open_signer
from ssm.wiring.transports import publish_sealed

TAMPERED_ID = "tampered"
SEEN_BEFORE_KILL = 6

Tell = Callable[[str], None]


def play(folder: Path, tell: Tell) -> list[Row]:
    """Run it all below ``folder``; the rows say what became of each message."""
    tell("making a throw-away certificate authority and five host certificates")
    stage = Stage.build(folder)
    begun_at = time.time()
    with running_broker(stage) as port:
        stage.configure(port)
        tell(f"embedded broker on 127.0.0.1:{port}, TLS, client certificates required")
        messages = all_messages()
        check_all(messages, int(begun_at), tell)
        expected = leave_all(stage.site, messages)
        tell(f"{len(expected)} messages left in {stage.site.outgoing}")
        kill_in_mid_stream(stage, tell)
        expected += [send_as_stranger(stage), send_tampered(stage.site, TAMPERED_ID)]
        tell("a message by an unlisted signer, and one that was changed on its way")
        with running_receiver(stage):
            wait_until(lambda: filed(stage) >= len(expected), "all messages to be filed")
    return compare(expected, stage.server_spool, begun_at)


def check_all(messages: Sequence[DemoMessage], now: int, tell: Tell) -> None:
    """What `ssm check` says of the messages before they are sent; what is not for it to judge, it passes over."""
    found = [(message.label, fault) for message in messages for fault in faults_of(message.payload, now)]
    faults = "1 fault" if len(found) == 1 else f"{len(found)} faults"
    tell(f"{len(messages)} messages checked: {faults}; what is faulty is told, and sent all the same")
    for label, fault in found:
        tell(f"  {label}, line {fault.line}: {fault.level.name.lower()}: {fault}")


def leave_all(site: Site, messages: Sequence[DemoMessage]) -> list[Expectation]:
    """Leave payloads in the spool, as a site's programs do."""
    return [
        Expectation(
            message.label,
            leave(site.outgoing, message.payload),
            len(message.payload),
            hashlib.sha256(message.payload).digest(),
        )
        for message in messages
    ]


def kill_in_mid_stream(stage: Stage, tell: Tell) -> None:
    """Start both ends, and kill the receiver once it has filed some messages, but not all."""
    with running_receiver(stage) as receiver:
        sender = run_sender(stage.site.config)
        wait_until(lambda: filed(stage) >= SEEN_BEFORE_KILL, "the first messages")
        receiver.kill()
        receiver.wait()
    tell(f"receiver killed with SIGKILL after {filed(stage)} messages; starting it again")
    end_of(sender, stage.site)


def filed(stage: Stage) -> int:
    """How many messages the server has filed."""
    return sum(len(elements(stage.server_spool / box)) for box in ("incoming", "reject"))


def send_as_stranger(stage: Stage) -> Expectation:
    """A message by somebody with a good certificate, who is not on the list."""
    payload = b"APEL-sync-message: v0.1\nSite: SOMEWHERE-ELSE\n%%\n"
    message_id = leave(stage.stranger.outgoing, payload)
    end_of(run_sender(stage.stranger.config), stage.stranger)
    reason = "Signer not in valid DNs list"
    return Expectation("by an unlisted signer", message_id, len(payload), None, reason)


def send_tampered(site: Site, message_id: str) -> Expectation:
    """A message of a site in which somebody raised a number after it was signed."""
    payload = b"APEL-sync-message: v0.1\nSite: EXAMPLE-T2\nNumberOfJobs: 1200\n%%\n"
    sealed = seal(payload, open_signer(site.credential.certificate, site.credential.key))
    changed = sealed.replace(b"NumberOfJobs: 1200", b"NumberOfJobs: 9200")
    assert changed != sealed
    settings, _ = read_sender(Sources(site.config))
    asyncio.run(publish_sealed(settings, message_id, changed))
    return Expectation("changed on its way", message_id, len(changed), None, "Failed to verify message")


def end_of(sender: subprocess.Popen[str], site: Site) -> None:
    """Wait until a sender has emptied its spool; StopError when it says that it could not."""
    status = sender.wait(60)
    if status != 0:
        raise StopError(f"ssm send ended with status {status}; see {site.config.with_suffix('.err')}")
