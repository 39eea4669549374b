# SPDX-License-Identifier: Apache-2.0
"""Whether a certificate holds: chain, dates, revocation and namespaces, over one CA directory and nothing else.

OpenSSL itself judges the path, through pyOpenSSL's X509Store; it is handed the directory, which is why this is the
one module of its floor that depends on files. Good verdicts are cached by certificate, and dropped when any file
they rest on changes or anything in the chain runs out. RFC 5280, section 6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import crypto

from ssm.envelope import ber
from ssm.envelope.certificate import MIN_RSA_BITS, parse_certificate
from ssm.envelope.namespaces import MAX_FILE_OCTETS, NamespaceError, namespaces_permit, signing_policy_permits
from ssm.errors import CannotJudgeError, UntrustedCertificateError

MAX_CACHED = 4096
MAX_CRL_OCTETS = 64 * 1024 * 1024
LONGEST_TRUST = timedelta(hours=1)
SHA2 = ("sha256", "sha384", "sha512")
SUFFIXES = (".0", ".1", ".2", ".3", ".r0", ".r1", ".r2", ".r3", ".namespaces", ".signing_policy")

# Codes of OpenSSL's X509_V_ERR_…: these say something about our files, not about the sender.
NO_CRL, CRL_SIGNATURE, CRL_NOT_YET_VALID, CRL_EXPIRED = 3, 8, 11, 12
OURS = {
    NO_CRL: "a CRL is missing",
    4: "a CRL's signature cannot be read",
    CRL_SIGNATURE: "a CRL's signature does not hold",
    CRL_NOT_YET_VALID: "a CRL is not yet valid",
    CRL_EXPIRED: "a CRL is out of date",
    15: "a CRL's lastUpdate is malformed",
    16: "a CRL's nextUpdate is malformed",
    33: "the issuer of a CRL is missing",
    35: "a CRL is signed with a key that may not sign CRLs",
    36: "a CRL has an unknown critical extension",
    44: "a CRL is of another scope",
    54: "a CRL's own path does not hold",
}
UNKNOWN_ISSUER = {2, 20, 21}

Stamp = tuple[tuple[int, int, int] | None, ...]


class CaFiles(Protocol):
    """The CA directory, as far as this module must see it."""

    @property
    def folder(self) -> str:
        """Its path, to hand to OpenSSL."""

    def holds_authorities(self) -> bool:
        """True when there is at least one CA in it; CannotJudgeError when it cannot be read."""

    def stamp(self, names: Sequence[str]) -> Stamp:
        """Inode, size and mtime_ns of each file, links followed; None for one that is not there."""

    def read(self, name: str, limit: int) -> bytes | None:
        """A file's content; None when it is not there, CannotJudgeError when it cannot be read or is too large."""


@dataclass(frozen=True, slots=True)
class GoodVerdict:
    """What a good verdict rests on."""

    names: tuple[str, ...]
    stamp: Stamp
    until: datetime


class PathValidator:
    """Judges certificates against one directory. Safe between threads."""

    def __init__(
        self, directory: CaFiles, now: Callable[[], datetime], *, check_crls: bool = True, check_namespaces: bool = True
    ) -> None:
        self.directory = directory
        self.now = now
        self.check_crls = check_crls
        self.check_namespaces = check_namespaces
        self.cache: dict[bytes, GoodVerdict] = {}

    def judge(self, certificate_der: bytes) -> None:
        """UntrustedCertificateError when it does not hold; CannotJudgeError when the fault is ours."""
        known = self.cache.get(certificate_der)
        if known and self.now() < known.until and self.directory.stamp(known.names) == known.stamp:
            return
        verdict = self.validate(certificate_der)
        if len(self.cache) >= MAX_CACHED:
            self.cache.clear()
        if verdict is None:
            self.cache.pop(certificate_der, None)
        else:
            self.cache[certificate_der] = verdict

    def validate(self, certificate_der: bytes) -> GoodVerdict | None:
        """Judge without the cache; None when files changed under our eyes, so that nothing may be cached."""
        try:
            subject = crypto.X509.from_cryptography(parse_certificate(certificate_der).x509)
        except (ValueError, crypto.Error) as error:
            raise UntrustedCertificateError("the signer's certificate cannot be read") from error
        # Twice: the first shows which files count, the second is judged between two equal stamps of them. The first
        # asks for no CRLs, so that a forgery is rejected as one and not deferred while a CRL of ours is missing.
        names = file_names(self.build_chain(subject, check_crls=False))
        before = self.directory.stamp(names)
        chain = self.build_chain(subject, check_crls=self.check_crls)
        parsed = [one.to_cryptography() for one in chain]
        check_strength(parsed)
        if self.check_namespaces:
            self.check_names(chain)
        ends = [self.now() + LONGEST_TRUST, *(one.not_valid_after_utc for one in parsed), *self.crl_ends(names)]
        unchanged = names == file_names(chain) and self.directory.stamp(names) == before
        return GoodVerdict(names, before, min(ends)) if unchanged else None

    def build_chain(self, subject: crypto.X509, *, check_crls: bool) -> list[crypto.X509]:
        """The verified chain, from the certificate to its root, by a store that is new each time.

        A store reads a CRL once and does not notice that the file has changed since.
        """
        store = crypto.X509Store()
        store.load_locations(None, self.directory.folder)
        if check_crls:
            store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)
        store.set_time(self.now())
        try:
            return crypto.X509StoreContext(store, subject).get_verified_chain()
        except crypto.X509StoreContextError as error:
            raise self.explain(error) from error

    def explain(self, error: crypto.X509StoreContextError) -> UntrustedCertificateError | CannotJudgeError:
        """Whose fault it is."""
        code = error.errors[0] if error.errors else None
        issuer_hash = hash_of_issuer(error.certificate)
        if code in OURS:
            hint = f"look at {self.directory.folder}/{issuer_hash}.r0, and run fetch-crl"
            return CannotJudgeError(f"{OURS[code]} for issuer {issuer_hash}", hint=hint)
        if code in UNKNOWN_ISSUER:
            self.require_sound_files(issuer_hash)
            return UntrustedCertificateError(f"no CA that we trust has issued the signer's certificate ({error})")
        return UntrustedCertificateError(f"the signer's certificate does not hold: {error}")

    def require_sound_files(self, issuer_hash: str) -> None:
        """CannotJudgeError when OpenSSL may have missed the issuer because of a file of ours."""
        if not self.directory.holds_authorities():
            raise CannotJudgeError(
                f"there is no CA in {self.directory.folder}",
                hint="install the CA bundle, or set [certificates] capath to the hashed directory",
            )
        for name in (f"{issuer_hash}{suffix}" for suffix in SUFFIXES if suffix[1:].isdigit()):
            content = self.directory.read(name, MAX_FILE_OCTETS)
            if content is None:
                continue
            try:
                x509.load_pem_x509_certificate(content)
            except ValueError as error:
                raise CannotJudgeError(
                    f"{self.directory.folder}/{name} is not a certificate", hint="install the CA bundle again"
                ) from error

    def check_names(self, chain: list[crypto.X509]) -> None:
        """Each certificate below the root has a subject that its issuer may sign."""
        for below, above in pairwise(chain):
            issuer_hash = f"{above.subject_name_hash():08x}"
            try:
                issuer = dn_of(above)
                subject = dn_of(below)
                permitted = self.permits(issuer_hash, issuer, subject)
            except ValueError as error:
                raise UntrustedCertificateError(f"its namespace cannot be judged: {error}") from error
            if not permitted:
                raise UntrustedCertificateError(f"{issuer} may not sign {subject}, by its namespace")

    def permits(self, issuer_hash: str, issuer: str, subject: str) -> bool:
        """What the namespace file says, if there is one."""
        for suffix, ask in ((".namespaces", namespaces_permit), (".signing_policy", signing_policy_permits)):
            content = self.directory.read(issuer_hash + suffix, MAX_FILE_OCTETS)
            if content is not None:
                try:
                    return ask(content.decode("utf-8"), issuer, subject)
                except ValueError as error:
                    raise NamespaceError(f"{issuer_hash}{suffix}: {error}") from error
        return True

    def crl_ends(self, names: Sequence[str]) -> list[datetime]:
        """When the CRLs run out that this verdict may rest on."""
        ends = []
        for name in names if self.check_crls else ():
            content = self.directory.read(name, MAX_CRL_OCTETS) if ".r" in name else None
            if content is not None:
                try:
                    end = x509.load_pem_x509_crl(content).next_update_utc
                except ValueError:
                    continue  # OpenSSL did not read it either; the good verdict rests on another
                # One that has run out already is not what the good verdict rests on.
                ends += [end] if end is not None and end > self.now() else []
        return ends


def dn_of(certificate: crypto.X509) -> str:
    """Slash form of a subject; ValueError when it has none."""
    der = certificate.to_cryptography().public_bytes(serialization.Encoding.DER)
    return str(parse_certificate(der).dn())


def hash_of_issuer(certificate: crypto.X509) -> str:
    """The hash by which OpenSSL looks for an issuer: the subject's hash of a certificate that bears its name."""
    der = certificate.to_cryptography().public_bytes(serialization.Encoding.DER)
    parsed = parse_certificate(der)
    body, *rest = (value.raw() for value in ber.read_one(der).children())
    renamed = [value.raw() for value in ber.read_one(body).children()]
    renamed[renamed.index(parsed.subject, 4)] = parsed.issuer
    named_as_issuer = ber.tlv(ber.SEQUENCE, ber.tlv(ber.SEQUENCE, *renamed), *rest)
    return f"{crypto.load_certificate(crypto.FILETYPE_ASN1, named_as_issuer).subject_name_hash():08x}"


def file_names(chain: Sequence[crypto.X509]) -> tuple[str, ...]:
    """Every file that a verdict on this chain can rest on."""
    authorities = chain[1:] or chain  # the root is its own issuer
    hashes = {f"{one.subject_name_hash():08x}" for one in authorities}
    return tuple(sorted(one + suffix for one in hashes for suffix in SUFFIXES))


def check_strength(chain: Sequence[x509.Certificate]) -> None:
    """SHA-2 in every signature but the root's own, and no small keys: OpenSSL does not ask."""
    for position, certificate in enumerate(chain):
        try:
            key = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UntrustedCertificateError("a key in the signer's chain cannot be read") from error
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
            raise UntrustedCertificateError(f"a key of {key.key_size} bits in the signer's chain")
        try:
            digest = certificate.signature_hash_algorithm
        except UnsupportedAlgorithm:
            digest = None
        is_root = position == len(chain) - 1
        if not is_root and (digest is None or digest.name not in SHA2):
            raise UntrustedCertificateError("a signature in the signer's chain is not made with SHA-2")
