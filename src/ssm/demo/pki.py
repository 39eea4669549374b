# SPDX-License-Identifier: Apache-2.0
"""A throw-away certificate authority with a hashed directory, for the demonstration only."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

LIFE = datetime.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DemoCredential:
    """Where one certificate and its key lie, and what it is called."""

    certificate: Path
    key: Path
    dn: str


class DemoAuthority:
    """Issues host certificates below ``folder`` and keeps the CA directory there, with its CRL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca_directory = folder / "certificates"
        self.ca_directory.mkdir(parents=True)
        self.key = new_key()
        self.name = name_of("Demonstration CA")
        self.now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
        self.certificate = self.sign(self.name, self.key, authority=True)
        self.publish()

    def issue(self, common_name: str, file_name: str) -> DemoCredential:
        """Make one host certificate."""
        key = new_key()
        subject = name_of(common_name)
        certificate = self.sign(subject, key, authority=False)
        certificate_path = self.folder / f"{file_name}.cert.pem"
        key_path = self.folder / f"{file_name}.key.pem"
        certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_path.touch(0o600)
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return DemoCredential(certificate_path, key_path, f"/C=EU/O=Demonstration/CN={common_name}")

    def sign(self, subject: x509.Name, key: rsa.RSAPrivateKey, *, authority: bool) -> x509.Certificate:
        """Sign one certificate; host certificates are good for this machine's loopback names."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now)
            .not_valid_after(self.now + LIFE)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName("localhost"), loopback]), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())

    def publish(self) -> None:
        """Write the CA and an empty CRL under the names by which OpenSSL finds them."""
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(self.now)
            .next_update(self.now + LIFE)
            .sign(self.key, hashes.SHA256())
        )
        hashed = f"{crypto.X509.from_cryptography(self.certificate).subject_name_hash():08x}"
        (self.ca_directory / f"{hashed}.0").write_bytes(pem)
        (self.ca_directory / f"{hashed}.r0").write_bytes(crl.public_bytes(serialization.Encoding.PEM))


def new_key() -> rsa.RSAPrivateKey:
    """The kind of key that most host certificates have."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def name_of(common_name: str) -> x509.Name:
    """A name in the demonstration's own tree."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "EU"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Demonstration"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
