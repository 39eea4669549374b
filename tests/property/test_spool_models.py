# SPDX-License-Identifier: Apache-2.0
"""Any sequence of operations on a spool, deaths and restarts among them, against a few dictionaries."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from ssm.ports.filing import Box, Verdict
from ssm.spool.dirq_simple import leave
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.outgoing import OUTGOING_SPOOLS, OpenSpool
from ssm.spool.placing import LARGE_OCTETS

QUICK = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
ANY_BODY = st.binary(max_size=40) | st.integers(0, 9).map(lambda number: b"%d" % number * (LARGE_OCTETS + 1))


class OutgoingMachine(RuleBasedStateMachine):
    """Two senders on one spool."""

    kind = "dirq"
    names = Bundle("names")

    @initialize()
    def begin(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="spool-"))
        self.senders: list[OpenSpool] = [self.opened(), self.opened()]
        self.there: dict[str, bytes] = {}
        self.owner: dict[str, int] = {}
        self.count = 0

    def opened(self) -> OpenSpool:
        return OUTGOING_SPOOLS[self.kind](self.path, 0)

    @rule(target=names, payload=st.binary(max_size=40))
    def add(self, payload: bytes) -> str:
        if self.kind == "dirq":
            name = leave(self.path, payload)
        else:
            self.count += 1
            name = f"message {self.count}"
            (self.path / name).write_bytes(payload)
        self.there[name] = payload
        return name

    @rule(name=names, who=st.integers(0, 1))
    def claim(self, name: str, who: int) -> None:
        free = name in self.there and name not in self.owner
        assert self.senders[who].claim(name) == (self.there[name] if free else None)
        if free:
            self.owner[name] = who

    @precondition(lambda self: self.owner)
    @rule(which=st.integers(0, 9))
    def release(self, which: int) -> None:
        name = list(self.owner)[which % len(self.owner)]
        self.senders[self.owner.pop(name)].release(name)

    @precondition(lambda self: self.owner)
    @rule(which=st.integers(0, 9))
    def remove(self, which: int) -> None:
        name = list(self.owner)[which % len(self.owner)]
        self.senders[self.owner.pop(name)].remove(name)
        del self.there[name]

    @rule(who=st.integers(0, 1))
    def die_and_start_again(self, who: int) -> None:
        os.close(self.instance_descriptor(who))
        lost = [name for name, owner in self.owner.items() if owner == who]
        self.senders[who] = self.opened()
        assert self.senders[who].recover() == len(lost)
        for name in lost:
            del self.owner[name]

    def instance_descriptor(self, who: int) -> int:
        descriptor = self.senders[who].instance.descriptor  # type: ignore[attr-defined]  # dies without closing
        assert isinstance(descriptor, int)
        return descriptor

    @rule(who=st.integers(0, 1))
    def tidy(self, who: int) -> None:
        self.senders[who].purge()

    @rule(who=st.integers(0, 1))
    def recover_beside_the_living(self, who: int) -> None:
        assert self.senders[who].recover() == 0

    @invariant()
    def what_is_ready_is_what_is_there_and_free(self) -> None:
        for sender in self.senders:
            assert sorted(sender.ready()) == sorted(self.there.keys() - self.owner.keys())

    def teardown(self) -> None:
        for sender in self.senders:
            sender.close()
        shutil.rmtree(self.path)


class DirectoryMachine(OutgoingMachine):
    """The same in a plain directory."""

    kind = "directory"


class CabinetMachine(RuleBasedStateMachine):
    """A receiver that files, defers, resolves, settles, dies; and a machine that goes down."""

    waiting = Bundle("waiting")

    @initialize()
    def begin(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="cabinet-"))
        self.boot = 0
        self.elements: dict[Box, dict[str, bytes]] = {box: {} for box in Box}
        self.where: dict[bytes, Box] = {}
        self.cabinet = self.opened()

    def opened(self) -> DirqCabinet:
        journal = SqliteJournal(self.path / ".ssm")
        return DirqCabinet(self.path, journal, retention_days=30, boot=str(self.boot))

    @rule(target=waiting, bodies=st.lists(ANY_BODY, max_size=6), box=st.sampled_from(Box))
    def file(self, bodies: list[bytes], box: Box) -> object:
        verdicts = [
            Verdict(hashlib.sha256(body).digest(), box, body, "/CN=a", "id", None if box is Box.INCOMING else "why")
            for body in bodies
        ]
        new = [one for one in dict.fromkeys(verdicts) if one.digest not in self.where]
        filed = self.cabinet.file(verdicts)
        assert [one.verdict for one in filed] == new
        for one in filed:
            self.elements[box][one.name] = one.verdict.body
            self.where[one.verdict.digest] = box
        return multiple(*(one.name for one in filed if box is Box.DEFERRED))

    @rule(name=consumes(waiting), body=ANY_BODY, box=st.sampled_from([Box.INCOMING, Box.REJECTED]))
    def resolve(self, name: str, body: bytes, box: Box) -> None:
        taken = self.cabinet.take_deferred(name)
        assert taken is not None
        assert taken.body == self.elements[Box.DEFERRED].pop(name)
        digest = hashlib.sha256(taken.body).digest()
        filed = self.cabinet.resolve_deferred(name, Verdict(digest, box, body, None, None, "why"))
        assert filed is not None
        self.elements[box][filed.name] = body
        self.where[digest] = box

    @rule()
    def settle_everything(self) -> None:
        with self.cabinet.journal.transaction() as connection:
            connection.execute("UPDATE unsettled SET at = 0")
        self.cabinet.settle()
        assert self.cabinet.journal.rows("SELECT count(*) FROM unsettled") == [(0,)]

    @rule()
    def the_program_dies(self) -> None:
        os.close(self.cabinet.instance.descriptor)
        self.cabinet.syncing.shutdown()
        self.cabinet.journal.close()
        self.cabinet = self.opened()
        assert self.cabinet.recover() == 0

    @rule(tear=st.booleans())
    def the_machine_goes_down(self, tear: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        held = [str(row[0]) for row in self.cabinet.journal.rows("SELECT element FROM unsettled")]
        os.close(self.cabinet.instance.descriptor)
        self.cabinet.syncing.shutdown()
        self.cabinet.journal.close()
        for element in held if tear else []:
            (self.path / element / "body").write_bytes(b"")
        self.boot += 1
        self.cabinet = self.opened()
        torn = [one for one in held if tear and self.elements[Box(one.split("/")[0])][one.split("/", 1)[1]]]
        assert self.cabinet.recover() == len(torn)

    @invariant()
    def every_element_is_where_it_was_filed(self) -> None:
        for box, expected in self.elements.items():
            found = {path.parent.name: path.read_bytes() for path in (self.path / box.value).glob("????????/*/body")}
            assert found == {name.split("/")[1]: body for name, body in expected.items()}

    @invariant()
    def every_digest_is_known(self) -> None:
        assert self.cabinet.known(list(self.where)) == self.where

    @invariant()
    def nothing_is_left_in_staging(self) -> None:
        assert list(self.path.glob("*/.staging/*/*")) == []

    def teardown(self) -> None:
        self.cabinet.close()
        self.cabinet.journal.close()
        shutil.rmtree(self.path)


@pytest.mark.parametrize("machine", [OutgoingMachine, DirectoryMachine, CabinetMachine])
def test_whatever_happens_in_whatever_order(machine: type[RuleBasedStateMachine]) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(machine, settings=QUICK)
