# SPDX-License-Identifier: Apache-2.0
"""Certificate authorities, certificates, CRLs and keys, made on the spot. No key is ever committed."""

import functools
import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CURVES: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
OTHER_CURVES: dict[str, ec.EllipticCurve] = {"k256": ec.SECP256K1()}
DAY = timedelta(days=1)
Pairs = Sequence[tuple[x509.ObjectIdentifier, str]]


@functools.cache
def key_of(kind: str, serial: int) -> PrivateKey:
    """Keys are slow to make: the n-th of a kind is the same in the whole process."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    return ec.generate_private_key((CURVES | OTHER_CURVES)[kind])


@dataclass(frozen=True)
class Credential:
    """One certificate and its key, as values and as files."""

    certificate: x509.Certificate
    key: PrivateKey
    certificate_path: Path
    key_path: Path
    dn: str

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate_path.read_bytes()

    @property
    def key_pem(self) -> bytes:
        return self.key_path.read_bytes()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


class Authority:
    """One CA, below a root or a root itself."""

    def __init__(self, pki: "Pki", name: str, *, parent: "Authority | None" = None, key: str = "rsa2048") -> None:
        self.pki = pki
        self.key = key_of(key, next(pki.keys))
        self.name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), common_name(name)])
        self.dn = f"/O=Test/CN={name}"
        self.parent = parent
        self.revoked: list[int] = []
        issuer = parent or self
        now = pki.now
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name)
            .public_key(self.key.public_key())
            .serial_number(next(pki.serials))
            .not_valid_before(now - 10 * DAY)
            .not_valid_after(now + 1000 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        self.certificate = builder.sign(issuer.key, hashes.SHA256())
        self.hash = f"{crypto.X509.from_cryptography(self.certificate).subject_name_hash():08x}"

    def write(self) -> None:
        """Put the CA into the directory, with a fresh CRL."""
        path = self.pki.ca_directory / f"{self.hash}.0"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.write_crl()

    def write_crl(self, *, next_update: timedelta = 30 * DAY, last_update: timedelta = -DAY) -> None:
        now = self.pki.now
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now + last_update)
            .next_update(now + next_update)
        )
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        crl = builder.sign(self.key, hashes.SHA256())
        self.crl_path.write_bytes(crl.public_bytes(serialization.Encoding.PEM))

    @property
    def crl_path(self) -> Path:
        return self.pki.ca_directory / f"{self.hash}.r0"

    def remove_crl(self) -> None:
        self.crl_path.unlink()

    def revoke(self, credential: Credential) -> None:
        self.revoked.append(credential.certificate.serial_number)
        self.write_crl()

    def policy(self, kind: str, text: str) -> None:
        """Write HASH.signing_policy or HASH.namespaces."""
        (self.pki.ca_directory / f"{self.hash}.{kind}").write_text(text)


class Pki:
    """A hashed CA directory and what its CAs have issued, all below one folder."""

    def __init__(self, folder: Path, *, name: str = "Test CA") -> None:
        self.folder = folder
        self.ca_directory = folder / "certificates"
        self.ca_directory.mkdir(parents=True)
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.serials = itertools.count(1001)
        self.keys = itertools.count(1)
        self.ca = Authority(self, name)
        self.ca.write()

    def authority(self, name: str, *, parent: Authority | None = None, trusted: bool = True) -> Authority:
        """A further CA; in the directory unless it is not to be trusted."""
        made = Authority(self, name, parent=parent)
        if trusted:
            made.write()
        return made

    def issue(
        self,
        common: str = "host.example.org",
        *,
        key: str = "rsa2048",
        ca: Authority | None = None,
        not_before: timedelta = -DAY,
        not_after: timedelta = 100 * DAY,
        subject: Pairs | x509.Name | None = None,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        digest: hashes.SHA256 | None = None,
        issuer_credential: Credential | None = None,
        san: Sequence[str] = ("localhost", "127.0.0.1"),
    ) -> Credential:
        """A host certificate, with files for it and its key."""
        issuer = ca or self.ca
        private = key_of(key, next(self.keys))
        name = subject if isinstance(subject, x509.Name) else name_of(subject or [(NameOID.COMMON_NAME, common)])
        issuer_name = issuer_credential.certificate.subject if issuer_credential else issuer.name
        issuer_key = issuer_credential.key if issuer_credential else issuer.key
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer_name)
            .public_key(private.public_key())
            .serial_number(next(self.serials))
            .not_valid_before(self.now + not_before)
            .not_valid_after(self.now + not_after)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        )
        if san:
            builder = builder.add_extension(x509.SubjectAlternativeName([general_name(one) for one in san]), False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        certificate = builder.sign(issuer_key, digest or hashes.SHA256())
        return self.write(certificate, private, f"/O=Test/CN={common}")

    def write(self, certificate: x509.Certificate, key: PrivateKey, dn: str) -> Credential:
        stem = self.folder / f"host-{certificate.serial_number}"
        certificate_path, key_path = stem.with_suffix(".cert.pem"), stem.with_suffix(".key.pem")
        certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_path.touch(0o600)
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Credential(certificate, key, certificate_path, key_path, dn)


def common_name(text: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, text)


def name_of(pairs: Pairs) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test")
    return x509.Name([organisation, *(x509.NameAttribute(kind, value) for kind, value in pairs)])


def general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
