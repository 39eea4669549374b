# SPDX-License-Identifier: Apache-2.0
"""What the port of the incoming box promises."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssm.errors import SpoolError
from ssm.ports.incoming import IncomingElement
from ssm.repository.session import Access
from ssm.spool.dirq import DirqQueue
from ssm.spool.incoming import DirqIncoming
from tests.accounting import Server

DIES = """
import os, sys
from pathlib import Path
from ssm.spool.incoming import DirqIncoming
spool = DirqIncoming(Path(sys.argv[1]), Path(sys.argv[1]) / ".ssm")
for name in spool.ready():
    assert spool.claim(name) is not None
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def server(tmp_path: Path) -> Server:
    made = Server(tmp_path, Access("sqlite:///unused"))
    made.spool.mkdir()
    return made


@contextmanager
def loader(server: Server) -> Iterator[DirqIncoming]:
    spool = DirqIncoming(server.spool, server.spool / ".ssm")
    try:
        yield spool
    finally:
        spool.close()


def die_with_everything(server: Server) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, server.spool], check=False, timeout=60)
    assert done.returncode == -9


def test_elements_come_in_order_with_who_sent_them(server: Server) -> None:
    names = [server.accept(b"%d" % number, signer=f"/CN={number}", message_id=f"m{number}") for number in range(20)]
    with loader(server) as spool:
        assert list(spool.ready()) == names
        assert spool.claim(names[3]) == IncomingElement(names[3], b"3", "/CN=3", "m3")


def test_an_element_is_claimed_once(server: Server) -> None:
    names = [server.accept(b"x") for _ in range(50)]
    with loader(server) as first, loader(server) as second:

        def claim(spool: DirqIncoming) -> list[str]:
            return [name for name in names if spool.claim(name) is not None]

        with ThreadPoolExecutor(4) as pool:
            taken = [name for found in pool.map(claim, [first, second, first, second]) for name in found]
        assert sorted(taken) == sorted(names)
        for name in names:
            for spool in (first, second):
                assert spool.claim(name) is None
            first.release(name)
            assert second.claim(name) is not None
            second.release(name)


def test_an_element_that_another_program_has_locked_is_left_alone(server: Server) -> None:
    name = server.accept(b"x")
    queue = DirqQueue(server.spool / "incoming")
    assert queue.lock(name)
    with loader(server) as spool:
        assert spool.claim(name) is None
        assert len(server.locked()) == 1, "it is not ours to take away"
        assert spool.recover() == 0
        queue.unlock(name)
        assert spool.claim(name) is not None
        spool.release(name)


def test_a_finished_element_is_gone(server: Server) -> None:
    name = server.accept(b"x")
    with loader(server) as spool:
        assert spool.claim(name) is not None
        spool.finish(name)
        assert spool.claim(name) is None
        assert list(spool.ready()) == []
        assert list(spool.claims.iterdir()) == []


def test_a_refused_element_keeps_everything_and_its_reason(server: Server) -> None:
    name = server.accept(b"body", signer="/CN=a", message_id="m")
    with loader(server) as spool:
        assert spool.claim(name) is not None
        assert spool.refuse(name, "because\nof this") == name
        assert list(spool.ready()) == []
    assert server.rejected() == {
        name: {"body": b"body", "signer": b"/CN=a", "empaid": b"m", "error": b"because\nof this"}
    }


def test_an_element_that_was_refused_before_a_crash_is_there_once(server: Server) -> None:
    name = server.accept(b"body")
    with loader(server) as spool:
        assert spool.claim(name) is not None
        spool.place(name, {"body": b"body", "error": b"because"})  # and then the program dies
        spool.release(name)
        assert spool.claim(name) is not None
        assert spool.refuse(name, "because") == name
    assert list(server.rejected()) == [name]
    assert server.waiting() == []


def test_another_element_of_the_same_name_is_not_overwritten(server: Server) -> None:
    name = server.accept(b"body")
    with loader(server) as spool:
        spool.place(name, {"body": b"the receiver's", "error": b"signature"})
        assert spool.claim(name) is not None
        assert spool.refuse(name, "because") != name
    assert sorted(fields["body"] for fields in server.rejected().values()) == [b"body", b"the receiver's"]


def test_claims_of_the_dead_are_given_back_and_counted(server: Server) -> None:
    names = [server.accept(b"x") for _ in range(3)]
    for deaths in range(1, 4):
        die_with_everything(server)
        with loader(server) as spool:
            assert spool.claim(names[0]) is None
            assert spool.recover() == 3
            assert spool.recover() == 0
            assert spool.deaths() == dict.fromkeys(names, deaths)
    with loader(server) as spool:
        for name in names:
            assert spool.claim(name) is not None
        spool.finish(names[0])
        spool.refuse(names[1], "x")
        spool.release(names[2])
        assert spool.deaths() == {names[2]: 3}, "to be given back is not to be survived"


def test_claims_of_the_living_are_not_touched(server: Server) -> None:
    name = server.accept(b"x")
    with loader(server) as living, loader(server) as other:
        assert living.claim(name) is not None
        assert other.recover() == 0
        assert other.claim(name) is None


def test_a_claim_that_outlives_its_loader_in_good_order_is_found_too(server: Server) -> None:
    """A bug ended the program, but its clean-up ran."""
    name = server.accept(b"x")
    with loader(server) as spool:
        assert spool.claim(name) is not None
    with loader(server) as spool:
        assert spool.recover() == 1
        assert spool.claim(name) is not None


def test_who_loses_the_state_folder_stops(server: Server) -> None:
    name = server.accept(b"x")
    with loader(server) as spool:
        spool.instance.marker.unlink()
        with pytest.raises(SpoolError, match="has gone"):
            spool.claim(name)
        spool.instance.marker.touch()
    assert server.locked() == []


def test_an_element_that_cannot_be_read_is_given_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    name = server.accept(b"x")
    with loader(server) as spool:
        body = server.spool / "incoming" / name / "body"
        body.rename(body.with_name("kept"))
        body.mkdir()  # reading a folder is an error of the disk
        with pytest.raises(SpoolError):
            spool.claim(name)
        body.rmdir()
        body.with_name("kept").rename(body)
        assert server.locked() == []
        assert spool.claim(name) is not None


def test_files_are_not_for_everybody(server: Server) -> None:
    name = server.accept(b"x")
    with loader(server) as spool:
        assert spool.claim(name) is not None
        spool.refuse(name, "because")
    for path in (server.spool / "reject").rglob("*"):
        assert os.stat(path).st_mode & 0o007 == 0  # noqa: PTH116 - short


def test_what_is_no_element_is_named_and_left_alone(server: Server) -> None:
    name = server.accept(b"x")
    box = server.spool / "incoming"
    (box / "lost+found").mkdir()
    (box / "records.txt").touch()
    (box / "00000001").touch()
    (box / "00000000" / f"{0x68000000:08x}000000").write_bytes(b"a message, as other spools have it")
    (box / "00000000" / "records").mkdir()
    (box / "00000000" / "hollow").mkdir()
    hollow = f"00000000/{0x68000001:08x}000000"
    (box / hollow).mkdir()
    strays = ["00000000/68000000000000", "00000000/hollow", "00000000/records", "00000001", "records.txt"]
    with loader(server) as spool:
        assert spool.strays() == strays
        claimed = {one for one in spool.ready() if spool.claim(one) is not None}
        assert claimed == {name}
        assert spool.strays() == sorted([*strays, hollow])
        spool.finish(name)
        (box / hollow / "body").write_bytes(b"y")
        assert spool.claim(hollow) is not None
        spool.finish(hollow)
        assert spool.strays() == strays
