# SPDX-License-Identifier: Apache-2.0
"""The signer list: one DN a line; a broken new one never replaces a good old one."""

import logging
import os
from pathlib import Path

import pytest

from ssm.credentials.dn_file import DnFile, read_list
from ssm.errors import CredentialError
from ssm.names import DistinguishedName

ONE = "/C=UK/O=eScience/CN=one.example.org"
TWO = "/C=UK/O=eScience/CN=two.example.org"


def name(text: str) -> DistinguishedName:
    return DistinguishedName.parse(text)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dns"
    path.write_text(f"{ONE}\n")
    return path


@pytest.fixture
def signers(file: Path) -> DnFile:
    return looking(DnFile(file))


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def looking(signers: DnFile) -> DnFile:
    """Make it look at the file at the next question, as if a second had gone by."""
    signers.next_look = 0.0
    return signers


def noticed(signers: DnFile) -> DnFile:
    """A change is taken over once it has been seen to be the same at two looks."""
    looking(signers).refresh()
    looking(signers).refresh()
    return signers


def test_a_list_that_is_still_being_written_is_not_taken_over(signers: DnFile, file: Path) -> None:
    file.write_text("")
    looking(signers).refresh()
    file.write_text(f"{TWO}\n")
    assert looking(signers).permits(name(ONE))
    assert looking(signers).permits(name(TWO))
    assert not signers.permits(name(ONE))


def replace(file: Path, text: str | bytes) -> None:
    """As a careful program does: a new file, renamed into place."""
    new = file.with_suffix(".new")
    new.write_bytes(text if isinstance(text, bytes) else text.encode())
    new.rename(file)


def test_a_listed_signer_is_permitted_and_another_is_not(signers: DnFile) -> None:
    assert signers.permits(name(ONE))
    assert not signers.permits(name(TWO))


@pytest.mark.parametrize(
    "other",
    [ONE.upper(), ONE.lower(), ONE[:-1], ONE + "x", ONE + "/CN=proxy", "/CN=one.example.org", ONE + " "],
)
def test_names_are_compared_letter_for_letter(signers: DnFile, other: str) -> None:
    assert not signers.permits(name(other))


def test_blank_lines_comments_and_blanks_around_are_passed_over() -> None:
    found = read_list(f"\n# a comment\n   # another\n\t\n  {ONE}  \r\n{TWO}")
    assert found.names == {ONE, TWO}
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("/O=Test/CN=a/Email=a@example.org", "/O=Test/CN=a/emailAddress=a@example.org"),
        ("/O=Test/CN=a/E=a@example.org", "/O=Test/CN=a/emailAddress=a@example.org"),
        ("/O=Test/USERID=a/CN=b", "/O=Test/UID=a/CN=b"),
        (r"/O=Test/CN=host\/a.example.org", "/O=Test/CN=host/a.example.org"),
    ],
)
def test_other_spellings_are_read_with_a_word_and_the_line_number(line: str, read: str) -> None:
    found = read_list(f"{ONE}\n{line}\n")
    assert found.names == {ONE, read}
    (warning,) = found.warnings
    assert warning.startswith("line 2:")
    assert read in warning


@pytest.mark.parametrize(
    "line",
    ["CN=a", "C=UK, O=eScience, CN=a", "/", "//CN=a", "/CN=", "/O=Test/CN=", "/no equals", "/CN=a\tb", "/CN=a\x00b"],
)
def test_a_line_that_is_no_dn_is_passed_over_with_its_number(line: str) -> None:
    found = read_list(f"{ONE}\n\n{line}\n")
    assert found.names == {ONE}
    (warning,) = found.warnings
    assert warning.startswith("line 3: DN in incorrect format")
    assert warning.isprintable()


def test_a_long_line_does_not_flood_the_log() -> None:
    (warning,) = read_list("x" * 1_000_000).warnings
    assert len(warning) < 1000


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "CN=a\n"])
def test_a_list_without_a_dn_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dns"
    path.write_text(text)
    with pytest.raises(CredentialError, match=r"No valid DNs found in .*dns\.  SSM will not start"):
        DnFile(path)


def test_a_missing_list_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot be read") as caught:
        DnFile(tmp_path / "none")
    assert caught.value.hint


def test_a_list_that_is_not_utf8_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "dns"
    path.write_bytes(b"/CN=\xff\n")
    with pytest.raises(CredentialError, match="UTF-8"):
        DnFile(path)


def test_names_beyond_ascii_are_listed_in_utf8(tmp_path: Path) -> None:
    path = tmp_path / "dns"
    path.write_text("/O=Université/CN=é\n", encoding="utf-8")
    assert DnFile(path).permits(name("/O=Université/CN=é"))


def test_a_changed_list_is_taken_over(signers: DnFile, file: Path, log: pytest.LogCaptureFixture) -> None:
    replace(file, f"{TWO}\n")
    assert noticed(signers).permits(name(TWO))
    assert not signers.permits(name(ONE))
    assert "Fetching valid DNs." in log.text


def test_a_change_in_place_of_the_same_size_is_noticed(signers: DnFile, file: Path) -> None:
    before = file.stat()
    file.write_text(f"{TWO}\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert file.stat().st_size == before.st_size
    assert noticed(signers).permits(name(TWO))


@pytest.mark.parametrize("broken", [b"", b"# nobody\n", b"CN=a\n", b"/CN=\xff\n"])
def test_a_broken_new_list_leaves_the_old_one_in_force_and_says_so(
    signers: DnFile, file: Path, broken: bytes, log: pytest.LogCaptureFixture
) -> None:
    replace(file, broken)
    assert noticed(signers).permits(name(ONE))
    loud = [record for record in log.records if record.levelno >= logging.WARNING]
    assert any("old one stays in force" in record.getMessage() for record in loud)


def test_a_vanished_list_leaves_the_old_one_in_force_until_a_new_one_comes(signers: DnFile, file: Path) -> None:
    file.unlink()
    assert noticed(signers).permits(name(ONE))
    file.write_text(f"{TWO}\n")
    assert noticed(signers).permits(name(TWO))


def test_a_broken_list_is_complained_about_once(signers: DnFile, file: Path, log: pytest.LogCaptureFixture) -> None:
    replace(file, b"")
    noticed(signers).permits(name(ONE))
    said = len(log.records)
    noticed(signers).permits(name(ONE))
    assert len(log.records) == said


def test_the_file_is_looked_at_no_more_than_once_a_second(file: Path) -> None:
    signers = DnFile(file)
    signers.next_look = float("inf")
    replace(file, f"{TWO}\n")
    assert signers.permits(name(ONE))
