# SPDX-License-Identifier: Apache-2.0
"""Who signs and who reads, made once a run; and a judge that records whom it was asked about."""

from datetime import UTC, datetime

import pytest

from ssm.credentials.ca_directory import CaDirectory
from ssm.envelope.certificate import DecryptionKey
from ssm.envelope.path import PathValidator
from tests.pki import Credential, Pki
from tests.unit.envelope.craft import Witness


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("envelope") / "pki")


@pytest.fixture(scope="session")
def alice(pki: Pki) -> Credential:
    """A signer with an RSA key."""
    return pki.issue("alice.example.org")


@pytest.fixture(scope="session")
def mallory(pki: Pki) -> Credential:
    """Somebody else whom the same CA vouches for."""
    return pki.issue("mallory.example.org")


@pytest.fixture(scope="session")
def server(pki: Pki) -> Credential:
    """The receiver."""
    return pki.issue("server.example.org")


@pytest.fixture(scope="session")
def key(server: Credential) -> DecryptionKey:
    found = DecryptionKey.from_pem(server.certificate_pem, server.key_pem)
    assert found is not None
    return found


@pytest.fixture
def judge(pki: Pki) -> PathValidator:
    """The real one, over the test's CA directory."""
    return PathValidator(CaDirectory(pki.ca_directory), lambda: datetime.now(UTC))


@pytest.fixture
def witness() -> Witness:
    return Witness()
