# SPDX-License-Identifier: Apache-2.0
"""Who may publish what, for whom."""

from pathlib import Path

import pytest

from ssm.accounting.publishers import Rules
from ssm.credentials.publisher_file import PublisherFile, read_rules
from ssm.errors import CredentialError
from ssm.records.types import RECORD_TYPES

HOST = "/C=UK/O=eScience/CN=host: apel.example.org"
TEXT = f"""
# comment
[{HOST}]
sites: UKI-*, EXAMPLE-T2
types: job, summary
[/C=CH/CN=all]
sites: *
[*]
sites: PUBLIC
types: sync
"""


@pytest.fixture
def rules() -> Rules:
    return read_rules(TEXT, RECORD_TYPES)


@pytest.mark.parametrize(
    ("signer", "site", "kind", "permitted"),
    [
        (HOST, "UKI-NORTH", "job", True),
        (HOST, "EXAMPLE-T2", "summary", True),
        (HOST, "UKI-NORTH", "cloud", False),
        (HOST, "uki-north", "job", False),
        (HOST, "EXAMPLE-T22", "job", False),
        (HOST, "PUBLIC", "sync", True),
        ("/C=CH/CN=all", "ANY", "storage", True),
        ("/C=CH/CN=all ", "ANY", "storage", False),
        ("/C=XX/CN=stranger", "PUBLIC", "sync", True),
        ("/C=XX/CN=stranger", "PUBLIC", "job", False),
        (None, "UKI-NORTH", "job", False),
        ("*", "UKI-NORTH", "job", False),
    ],
)
def test_rules_permit_what_they_say(rules: Rules, signer: str | None, site: str, kind: str, *, permitted: bool) -> None:
    assert rules.permits(signer, site, kind) is permitted
    assert rules.forbidden(signer, [site], kind) == ([] if permitted else [site])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rule"),
        ("[nonsense]\nsites: A", "begins with"),
        ("[/CN=a]\ntypes: job", "must name sites"),
        ("[/CN=a]\nsites: A\ntypes: jobs", "no jobs"),
        ("[/CN=a]\nsites: A\nsite: B", "no option site"),
        ("[/CN=a]\nsites: A\n[/CN=a]\nsites: B", "already exists"),
        ("sites: A", "no section headers"),
        ("\udce9", "fault"),
    ],
)
def test_a_faulty_file_is_refused_at_the_start(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rules"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CredentialError, match=said):
        PublisherFile(path, RECORD_TYPES)


def test_a_dn_may_be_spelt_as_in_the_signer_list() -> None:
    found = read_rules("[/CN=a/Email=x@y]\nsites: A\n", RECORD_TYPES)
    assert found.permits("/CN=a/emailAddress=x@y", "A", "job")


def test_a_missing_or_endless_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot be read"):
        PublisherFile(tmp_path / "nowhere", RECORD_TYPES)
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    with pytest.raises(CredentialError, match="octets"):
        PublisherFile(tmp_path / "huge", RECORD_TYPES)


def test_a_changed_file_is_taken_over_and_a_broken_one_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "rules"
    path.write_text("[/CN=a]\nsites: A\n")
    file = PublisherFile(path, RECORD_TYPES)
    assert file.rules().permits("/CN=a", "A", "job")
    path.write_text("[/CN=a]\nsites: BB\n")
    assert file.rules().permits("/CN=a", "BB", "job")
    assert not file.rules().permits("/CN=a", "A", "job")
    path.write_text("broken")
    assert file.rules().permits("/CN=a", "BB", "job")
    path.unlink()
    assert file.rules().permits("/CN=a", "BB", "job")
    assert "old ones stay in force" in caplog.text
