# SPDX-License-Identifier: Apache-2.0
"""A program that ends in whatever way leaves no claim that nobody gives back. (For tests/crash/.)"""

from pathlib import Path

import pytest

from ssm.spool.outgoing import OUTGOING_SPOOLS


def element_in(spool: Path, path_type: str) -> None:
    folder = spool / "00000000" if path_type == "dirq" else spool
    folder.mkdir(parents=True, exist_ok=True)
    if path_type == "ssm1-incoming":
        (folder / "5f0a1c41b2d3e7.sig").write_text("/CN=a\n")
    (folder / "5f0a1c41b2d3e7").write_bytes(b"payload\n")


@pytest.mark.parametrize("path_type", OUTGOING_SPOOLS)
def test_a_claim_that_was_still_held_at_close_is_given_back_at_the_next_start(tmp_path: Path, path_type: str) -> None:
    element_in(tmp_path, path_type)
    ended_badly = OUTGOING_SPOOLS[path_type](tmp_path, 0)
    [name] = ended_badly.ready()
    assert ended_badly.claim(name) == b"payload\n"
    ended_badly.close()  # disk full in mid-batch, a second Ctrl-C, a bug: the claim was never released
    following = OUTGOING_SPOOLS[path_type](tmp_path, 0)
    assert following.recover() == 1
    assert list(following.ready()) == [name]
    following.close()


def test_another_sender_leaves_the_locks_of_one_that_lives_for_long(tmp_path: Path) -> None:
    import os
    import time

    element_in(tmp_path, "dirq")
    living = OUTGOING_SPOOLS["dirq"](tmp_path, 0)
    [name] = living.ready()
    living.claim(name)
    long_ago = time.time() - 700
    os.utime(next((tmp_path / ".ssm" / "instances").glob("[0-9a-f]*")), (long_ago, long_ago))
    other = OUTGOING_SPOOLS["dirq"](tmp_path, 0)
    other.purge()
    assert list(other.ready()) == []
    other.close()
    living.close()
