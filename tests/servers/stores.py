# SPDX-License-Identifier: Apache-2.0
"""What a broker shows over TLS and whom it believes, as files in its own folder."""

import ssl
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.pki import Credential, Pki

PASSWORD = "changeit"  # of throw-away stores, and nobody's secret


def write_trust_pem(pki: Pki, path: Path) -> None:
    """Every CA of the directory in one file."""
    path.write_bytes(b"".join(file.read_bytes() for file in sorted(pki.ca_directory.glob("*.[0-9]"))))


def write_java_stores(pki: Pki, credential: Credential, folder: Path) -> tuple[Path, Path]:
    """Key store and trust store as Java reads them."""
    key_store, trust_store = folder / "broker.p12", folder / "trust.p12"
    secret = BestAvailableEncryption(PASSWORD.encode())
    key_store.touch(0o600)
    key_store.write_bytes(
        pkcs12.serialize_key_and_certificates(b"broker", credential.key, credential.certificate, None, secret)
    )
    for number, authority in enumerate(sorted(pki.ca_directory.glob("*.[0-9]"))):
        subprocess.run(
            [
                *("keytool", "-importcert", "-noprompt", "-alias", f"ca{number}", "-file", str(authority)),
                *("-storetype", "PKCS12", "-keystore", str(trust_store), "-storepass", PASSWORD),
            ],
            check=True,
            capture_output=True,
        )
    return key_store, trust_store


def client_tls(pki: Pki, credential: Credential) -> ssl.SSLContext:
    """For the raw client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(capath=str(pki.ca_directory))
    context.load_cert_chain(credential.certificate_path, credential.key_path)
    return context
