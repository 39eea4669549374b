# SPDX-License-Identifier: Apache-2.0
"""The demonstration of every way in: SSM 1, SSM 2 over STOMP and SSM 2 over AMS feed one spool of one receiver.

Real programs, each in its own process: three sites, the embedded broker, the embedded AMS, and one receiver with three
listeners, which is killed in mid-stream and started again. What must not pass is tried by more than one way, and a
sender of SSM 1 whose signer is not on the list is told so at once.
"""

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ssm.demo.messages import JOB_MESSAGES, STAR, SUMMARY, DemoMessage, jobs, messages_with
from ssm.demo.outcome import Expectation, Row, compare, elements
from ssm.demo.play import TAMPERED_ID, Tell, check_all, end_of, filed, leave_all, send_as_stranger, send_tampered
from ssm.demo.programs import run_sender, running_ams, running_broker, running_receiver, wait_until
from ssm.demo.stage import Site
from ssm.demo.stage_all import AMS, NAMES, SSM1, STOMP, Ports, StageAll, log_of
from ssm.demo.told import Told, told
from ssm.errors import EX_TEMPFAIL, StopError

OLD_MESSAGES, AMS_MESSAGES = 40, 30
SEEN_BEFORE_KILL = 2
TAMPERED_OVER_AMS = "tampered-too"
REFUSED_ID = "not-on-the-list"
AT_ONCE_SECONDS = 10.0
"""Where the original notices after 60."""
END_SECONDS = 60.0
HEARD = {STOMP: "broker has it", SSM1: "filed", AMS: "AMS has it"}


def play_all(folder: Path, tell: Tell) -> list[Row]:
    """Run it all below ``folder``; the rows say what became of each message, and what its sender heard."""
    tell("making a throw-away certificate authority and eight host certificates")
    stage = StageAll.build(folder)
    begun_at = time.time()
    with serving(stage, tell):
        expected = leave_everything(stage, int(begun_at), tell)
        senders = [(run_sender(one.config), one) for one in (stage.old, stage.plain.site, stage.ams)]
        kill_in_mid_stream(stage, expected, tell)
        expected += [
            replace(send_as_stranger(stage.plain), way=STOMP),
            replace(send_tampered(stage.plain.site, TAMPERED_ID), way=STOMP),
            replace(send_tampered(stage.ams, TAMPERED_OVER_AMS), way=AMS),
        ]
        tell("messages by an unlisted signer, and messages that were changed on their way")
        with running_receiver(stage.plain):
            for process, one in senders:
                end_of(process, one)
            tell(what_old_site_heard(stage.old))
            expected.append(send_unlisted(stage.unlisted))
            wait_until(lambda: filed(stage.plain) >= len(expected), "all messages to be filed")
    return heard(compare(expected, stage.plain.server_spool, begun_at), expected, stage)


@contextlib.contextmanager
def serving(stage: StageAll, tell: Tell) -> Iterator[None]:
    """The embedded servers, and everybody's configuration."""
    with running_broker(stage.plain) as port, running_ams(stage.plain, stage.ams.credential.dn, names=NAMES) as ams:
        stage.configure(Ports(port, *ams))
        tell(f"embedded broker on 127.0.0.1:{port}, embedded AMS on 127.0.0.1:{ams[0]}, both over TLS")
        yield


def leave_everything(stage: StageAll, now: int, tell: Tell) -> list[Expectation]:
    """What three sites have to say."""
    every = jobs(JOB_MESSAGES + OLD_MESSAGES + AMS_MESSAGES)
    of_old, of_ams = every[JOB_MESSAGES:][:OLD_MESSAGES], every[JOB_MESSAGES + OLD_MESSAGES :]
    new = messages_with(every[:JOB_MESSAGES])
    old = [*of_old, DemoMessage("APEL summary", SUMMARY.encode())]
    ams = [*of_ams, DemoMessage("StAR storage", STAR.encode())]
    check_all([*new, *old, *ams], now, tell)
    tell(f"left by three sites: {len(new)} messages for {STOMP}, {len(old)} for {SSM1}, {len(ams)} for {AMS}")
    return [
        *(replace(one, way=STOMP) for one in leave_all(stage.plain.site, new)),
        *leave_as_files(stage.old, old),
        *(replace(one, way=AMS) for one in leave_all(stage.ams, ams)),
    ]


def leave_as_files(old: Site, messages: Sequence[DemoMessage]) -> list[Expectation]:
    """Leave payloads as an old site's programs do: files in a folder."""
    expected = []
    for number, message in enumerate(messages):
        name = f"accounting-{number:03}"
        (old.outgoing / name).write_bytes(message.payload)
        digest = hashlib.sha256(message.payload).digest()
        expected.append(Expectation(message.label, name, len(message.payload), digest, way=SSM1))
    return expected


def kill_in_mid_stream(stage: StageAll, expected: Sequence[Expectation], tell: Tell) -> None:
    """Start the receiver, and kill it once it has filed something of each way, but not all."""
    way_of = {one.message_id: one.way for one in expected}

    def counted() -> Counter[str]:
        return Counter(way_of[one.message_id] for one in elements(stage.plain.server_spool / "incoming"))

    with running_receiver(stage.plain) as receiver:
        wait_until(lambda: all(counted()[way] >= SEEN_BEFORE_KILL for way in HEARD), "the first messages of each way")
        receiver.kill()
        receiver.wait()
    count = counted()
    seen = ", ".join(f"{count[way]} by {way}" for way in HEARD)
    tell(f"receiver killed with SIGKILL after {count.total()} of {len(expected)} messages ({seen}); starting it again")


def send_unlisted(old: Site) -> Expectation:
    """A message of SSM 1 by somebody who is not on the list; it must be refused, and stay where it is."""
    payload = b"APEL-sync-message: v0.1\nSite: FORGOTTEN\n%%\n"
    (old.outgoing / REFUSED_ID).write_bytes(payload)
    status = run_sender(old.config).wait(END_SECONDS)
    if status != EX_TEMPFAIL:
        raise StopError(f"ssm send ended with status {status}; see {log_of(old)}")
    if not (old.outgoing / REFUSED_ID).exists():
        raise StopError(f"what was refused is not in {old.outgoing} any more")
    return Expectation(
        "by an unlisted signer", REFUSED_ID, len(payload), None, "Signer not in valid DNs list", way=SSM1
    )


# What senders heard.


def heard(rows: Sequence[Row], expected: Sequence[Expectation], stage: StageAll) -> list[Row]:
    """The rows, with what each sender heard of its message."""
    sites = (stage.plain.site, stage.plain.stranger, stage.old, stage.unlisted, stage.ams)
    answers = {name: answer for one in sites for name, answer in told(log_of(one)).items()}
    ids = [one.message_id for one in expected]
    return [
        *(heard_of(row, answers.get(name)) for row, name in zip(rows, ids, strict=False)),
        *rows[len(ids) :],
    ]


def what_old_site_heard(old: Site) -> str:
    """In one sentence; somebody waited while there was no receiver."""
    answers = told(log_of(old)).values()
    longest = max((one.seconds for one in answers), default=0.0)
    return f"the sender of SSM 1 was told of {len(answers)} messages that they are filed; longest wait {longest:.1f} s"


def heard_of(row: Row, answer: Told | None) -> Row:
    """One row. With SSM 1 a sender hears of the outcome itself: once, and at once where it is refused."""
    text = "" if answer is None else f"{HEARD[row.way] if answer.is_taken else 'refused'}, {answer.seconds:.2f} s"
    is_right = row.right
    if row.way == SSM1:
        is_right = is_right and answer is not None and is_told_rightly(row, answer)
    return replace(row, told=text, right=is_right)


def is_told_rightly(row: Row, answer: Told) -> bool:
    """Whether an old sender heard what became of its message."""
    if row.outcome == "accepted":
        return answer.is_taken and answer.times == 1
    return not answer.is_taken and answer.times == 1 and answer.seconds < AT_ONCE_SECONDS
