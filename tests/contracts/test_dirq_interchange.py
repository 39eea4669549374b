# SPDX-License-Identifier: Apache-2.0
"""The layouts are those of the dirq library: it reads what we write, and we read what it writes."""

import hashlib
import os
import stat
from pathlib import Path

import pytest
from dirq.queue import Queue
from dirq.QueueSimple import QueueSimple

from ssm.ports.filing import Box, Verdict
from ssm.spool.dirq import DirqQueue
from ssm.spool.dirq_simple import DirqSimpleSpool, leave
from ssm.wiring.messaging import open_cabinet

INCOMING = {"body": "string", "signer": "string", "empaid": "string?", "error": "string?"}
REJECT = {"body": "string", "signer": "string?", "empaid": "string?", "error": "string"}


def verdict(body: bytes, box: Box = Box.INCOMING) -> Verdict:
    error = None if box is Box.INCOMING else "Failed to verify message: x"
    return Verdict(hashlib.sha256(body).digest(), box, body, "/CN=é", "id/1", error, None)


# The outgoing spool.


def test_we_send_what_the_library_adds(tmp_path: Path) -> None:
    theirs = QueueSimple(str(tmp_path))
    names = [theirs.add(f"payload {number}") for number in range(3)]
    ours = DirqSimpleSpool(tmp_path, 0)
    assert list(ours.ready()) == names
    assert [ours.claim(name) for name in names] == [b"payload 0", b"payload 1", b"payload 2"]
    for name in names:
        ours.remove(name)
    assert theirs.count() == 0
    ours.close()


def test_the_library_sends_what_we_leave(tmp_path: Path) -> None:
    name = leave(tmp_path, b"payload")
    theirs = QueueSimple(str(tmp_path))
    assert list(theirs) == [name]
    assert theirs.lock(name)
    assert theirs.get(name) == b"payload"
    theirs.remove(name)
    assert theirs.count() == 0


def test_each_respects_the_locks_of_the_other(tmp_path: Path) -> None:
    theirs, ours = QueueSimple(str(tmp_path)), DirqSimpleSpool(tmp_path, 0)
    first, second = theirs.add("1"), theirs.add("2")
    assert ours.claim(first) == b"1"
    assert not theirs.lock(first)
    assert theirs.lock(second)
    assert ours.claim(second) is None
    assert list(ours.ready()) == []
    ours.purge()
    assert ours.claim(second) is None
    ours.release(first)
    assert theirs.lock(first)
    ours.close()


def test_the_librarys_tidying_leaves_our_fresh_locks_and_our_state_alone(tmp_path: Path) -> None:
    theirs, ours = QueueSimple(str(tmp_path)), DirqSimpleSpool(tmp_path, 0)
    name = theirs.add("1")
    ours.claim(name)
    theirs.purge(maxtemp=1, maxlock=600)
    assert not theirs.lock(name)
    assert ours.instance.marker.exists()
    ours.remove(name)
    ours.close()


def test_old_foreign_locks_and_temporary_files_go_and_young_ones_stay(tmp_path: Path) -> None:
    theirs, ours = QueueSimple(str(tmp_path)), DirqSimpleSpool(tmp_path, 0)
    old, young = theirs.add("1"), theirs.add("2")
    theirs.lock(old)
    theirs.lock(young)
    os.utime(tmp_path / f"{old}.lck", (1, 1))
    temporary = tmp_path / f"{young[:8]}/0123456789abcd.tmp"
    temporary.touch()
    os.utime(temporary, (1, 1))
    os.utime(tmp_path / f"{young}.lck")
    # The lock is another name of the element, so that both are as old as each other.
    ours.purge()
    assert not temporary.exists()
    assert ours.claim(old) == b"1"
    ours.release(old)
    ours.close()


# The receiver's queues.


@pytest.mark.parametrize(("box", "schema"), [(Box.INCOMING, INCOMING), (Box.REJECTED, REJECT), (Box.DEFERRED, REJECT)])
def test_the_loader_reads_what_we_file(tmp_path: Path, box: Box, schema: dict[str, str]) -> None:
    with open_cabinet(tmp_path, tmp_path / ".ssm") as cabinet:
        filed = cabinet.file([verdict("Zoë: 1\n".encode(), box)])
    queue = Queue(str(tmp_path / box.value), schema=schema)
    assert queue.count() == 1
    [name] = list(queue)
    assert name == filed[0].name
    assert queue.lock(name)
    found = queue.get(name)
    assert found["body"] == "Zoë: 1\n"
    assert (found["signer"], found["empaid"]) == ("/CN=é", "id/1")
    assert ("error" in found) == (box is not Box.INCOMING)
    queue.remove(name)
    assert queue.count() == 0


def test_the_librarys_purge_does_not_take_what_is_being_filed(tmp_path: Path) -> None:
    queue = DirqQueue(tmp_path / "incoming")
    staged = tmp_path / "incoming" / ".staging" / "id" / "x"
    queue.stage(staged, {"body": b"x"}, sync=False)
    os.utime(staged, (1, 1))
    Queue(str(tmp_path / "incoming"), schema=INCOMING).purge(maxtemp=1, maxlock=1)
    assert (staged / "body").read_bytes() == b"x"


def test_we_read_what_the_library_adds_and_see_its_locks(tmp_path: Path) -> None:
    theirs = Queue(str(tmp_path / "q"), schema=INCOMING)
    name = theirs.add({"body": "text", "signer": "/CN=x"})
    ours = DirqQueue(tmp_path / "q")
    assert list(ours.elements()) == [name]
    assert ours.read(name) == {"body": b"text", "signer": b"/CN=x"}
    assert theirs.lock(name)
    assert not ours.lock(name)
    theirs.unlock(name)
    assert ours.lock(name)
    assert not theirs.lock(name)
    ours.remove(name)
    assert theirs.count() == 0


def test_files_and_folders_have_the_modes_that_the_field_expects_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with open_cabinet(tmp_path / "new", tmp_path / "new" / ".ssm") as cabinet:
            [filed] = cabinet.file([verdict(b"x")])
    finally:
        os.umask(before)
    body = tmp_path / "new" / "incoming" / filed.name / "body"
    assert stat.S_IMODE(body.stat().st_mode) == 0o640
    for folder in (body.parent, body.parent.parent, body.parent.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o750, folder
