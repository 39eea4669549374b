# SPDX-License-Identifier: Apache-2.0
"""What is particular to the message store of SSM 1."""

import os
import time
from pathlib import Path

import pytest

from ssm.errors import SpoolError
from ssm.spool.ssm1_store import Ssm1Incoming, Ssm1Outgoing


def test_its_folder_is_made_where_the_store_is_and_nowhere_else(tmp_path: Path) -> None:
    Ssm1Outgoing(tmp_path / "outgoing", 0).close()
    assert (tmp_path / "outgoing").is_dir()
    with pytest.raises(SpoolError, match="is not a folder"):
        Ssm1Outgoing(tmp_path / "mistyped" / "outgoing", 0)


def test_messages_go_in_the_order_of_their_names_not_their_times(tmp_path: Path) -> None:
    now = time.time()
    for number, name in enumerate(["c", "a", "b", ".tmp-writing"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now, now - 100 + number))
    spool = Ssm1Outgoing(tmp_path, 0)
    assert list(spool.ready()) == ["a", "b", "c"]
    spool.close()


def test_any_name_is_a_message_in_outgoing(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    (tmp_path / "x.sig").write_bytes(b"y")
    spool = Ssm1Outgoing(tmp_path, 0)
    assert list(spool.ready()) == ["x", "x.sig"]
    assert spool.claim("x") == b"x"
    spool.remove("x")
    assert list(spool.ready()) == ["x.sig"]
    spool.close()


def test_in_incoming_a_dn_is_no_message_and_a_message_without_one_is_not_complete(tmp_path: Path) -> None:
    for name in ("20120101-000000-001", "20120101-000000-002"):
        (tmp_path / name).write_bytes(b"body")
    (tmp_path / "20120101-000000-001.sig").write_text("/CN=a\n")
    (tmp_path / "20120101-000000-003.sig").write_text("/CN=a\n")
    spool = Ssm1Incoming(tmp_path, 0)
    assert list(spool.ready()) == ["20120101-000000-001"]
    assert spool.claim("20120101-000000-001") == b"body"
    spool.remove("20120101-000000-001")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "20120101-000000-002",
        "20120101-000000-003.sig",
    ]
    spool.close()


def test_what_a_store_had_refused_is_read_without_its_reasons_which_go_with_it(tmp_path: Path) -> None:
    for name in ("1", "1.sig", "1.err", "2", "2.err"):
        (tmp_path / name).write_bytes(name.encode())
    spool = Ssm1Incoming(tmp_path, 0)
    assert list(spool.ready()) == ["1"]
    assert spool.claim("1") == b"1"
    spool.remove("1")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["2", "2.err"]
    spool.close()


def test_what_is_too_young_is_counted(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    spool = Ssm1Outgoing(tmp_path, 60)
    assert spool.claim("x") is None
    assert spool.unsettled == 1
    spool.close()
