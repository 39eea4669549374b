# SPDX-License-Identifier: Apache-2.0
"""Chains, dates, revocation, namespaces and the cache of verdicts, over a CA directory made for each test."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from OpenSSL import crypto

from ssm.credentials.ca_directory import CaDirectory
from ssm.envelope import path
from ssm.envelope.path import PathValidator, Stamp
from ssm.errors import CannotJudgeError, SsmError, UntrustedCertificateError
from tests.pki import DAY, Authority, Credential, Pki
from tests.unit.envelope import craft
from tests.unit.envelope.craft import algorithm, seq, tlv


class CountingDirectory(CaDirectory):
    """Counts looks at its files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stamps = 0

    def stamp(self, names: Sequence[str]) -> Stamp:
        self.stamps += 1
        return super().stamp(names)


class Bench:
    """A PKI, a clock that can be set, and a validator over them."""

    def __init__(self, folder: Path) -> None:
        self.pki = Pki(folder / "pki")
        self.clock = datetime.now(UTC)
        self.directory = CountingDirectory(self.pki.ca_directory)

    def now(self) -> datetime:
        return self.clock

    def validator(self, *, check_crls: bool = True, check_namespaces: bool = True) -> PathValidator:
        return PathValidator(self.directory, self.now, check_crls=check_crls, check_namespaces=check_namespaces)

    def refused(self, credential: Credential, error: type[SsmError] = UntrustedCertificateError) -> SsmError:
        with pytest.raises(error) as caught:
            self.validator().judge(credential.der)
        assert type(caught.value) is error
        return caught.value


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_certificate_of_a_trusted_ca_holds(bench: Bench) -> None:
    bench.validator().judge(bench.pki.issue().der)


def test_a_chain_through_an_intermediate_in_the_directory_holds(bench: Bench) -> None:
    below = bench.pki.authority("Issuing CA", parent=bench.pki.ca)
    bench.validator().judge(bench.pki.issue(ca=below).der)


def test_any_extended_key_usage_is_accepted(bench: Bench) -> None:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    bench.validator().judge(bench.pki.issue(extensions=[(usage, True)]).der)


def test_an_elliptic_certificate_holds(bench: Bench) -> None:
    bench.validator().judge(bench.pki.issue(key="p256").der)


def test_an_unknown_ca_is_untrusted(bench: Bench) -> None:
    bench.refused(bench.pki.issue(ca=bench.pki.authority("Unknown CA", trusted=False)))


def test_an_intermediate_that_is_not_in_the_directory_is_untrusted(bench: Bench) -> None:
    bench.refused(bench.pki.issue(ca=bench.pki.authority("Issuing CA", parent=bench.pki.ca, trusted=False)))


def test_an_intermediate_whose_root_is_gone_is_untrusted(bench: Bench) -> None:
    below = bench.pki.authority("Issuing CA", parent=bench.pki.ca)
    credential = bench.pki.issue(ca=below)
    (bench.pki.ca_directory / f"{bench.pki.ca.hash}.0").unlink()
    bench.refused(credential)


def test_a_forged_signature_under_a_trusted_name_is_untrusted(bench: Bench) -> None:
    impostor = bench.pki.authority("Test CA", trusted=False)
    bench.refused(bench.pki.issue(ca=impostor))


def test_a_forged_signature_is_untrusted_even_while_our_list_of_revoked_is_missing(bench: Bench) -> None:
    # Else anybody could fill the folder of deferred messages.
    impostor = bench.pki.authority("Test CA", trusted=False)
    bench.pki.ca.remove_crl()
    bench.refused(bench.pki.issue(ca=impostor))


def test_a_self_signed_certificate_is_untrusted(bench: Bench) -> None:
    lonely = Authority(bench.pki, "Lonely")
    credential = bench.pki.write(lonely.certificate, lonely.key, lonely.dn)
    bench.refused(credential)


@pytest.mark.parametrize("dates", [(-10 * DAY, -DAY), (DAY, 10 * DAY)])
def test_an_expired_or_future_certificate_is_untrusted(bench: Bench, dates: tuple[timedelta, timedelta]) -> None:
    bench.refused(bench.pki.issue(not_before=dates[0], not_after=dates[1]))


def test_an_expired_root_is_untrusted(bench: Bench) -> None:
    credential = bench.pki.issue(not_after=3000 * DAY)
    bench.pki.ca.write_crl(next_update=3000 * DAY)
    bench.clock += 1500 * DAY
    bench.refused(credential)


def test_a_revoked_certificate_is_untrusted(bench: Bench) -> None:
    credential = bench.pki.issue()
    bench.pki.ca.revoke(credential)
    bench.refused(credential)


def test_a_revoked_intermediate_is_untrusted(bench: Bench) -> None:
    below = bench.pki.authority("Issuing CA", parent=bench.pki.ca)
    credential = bench.pki.issue(ca=below)
    bench.pki.ca.revoked.append(below.certificate.serial_number)
    bench.pki.ca.write_crl()
    bench.refused(credential)


def test_revocation_is_not_looked_at_when_turned_off(bench: Bench) -> None:
    credential = bench.pki.issue()
    bench.pki.ca.revoke(credential)
    bench.validator(check_crls=False).judge(credential.der)
    bench.pki.ca.remove_crl()
    bench.validator(check_crls=False).judge(credential.der)


def test_a_missing_list_of_revoked_is_our_fault_and_the_hint_says_which(bench: Bench) -> None:
    bench.pki.ca.remove_crl()
    error = bench.refused(bench.pki.issue(), CannotJudgeError)
    assert f"{bench.pki.ca.hash}.r0" in error.hint
    assert "fetch-crl" in error.hint


def test_a_missing_list_of_the_root_above_is_our_fault_too(bench: Bench) -> None:
    below = bench.pki.authority("Issuing CA", parent=bench.pki.ca)
    bench.pki.ca.remove_crl()
    error = bench.refused(bench.pki.issue(ca=below), CannotJudgeError)
    assert f"{bench.pki.ca.hash}.r0" in error.hint


@pytest.mark.parametrize(
    ("last_update", "next_update"), [(-10 * DAY, -DAY), (DAY, 10 * DAY)], ids=["out of date", "not yet valid"]
)
def test_a_list_of_the_wrong_time_is_our_fault(bench: Bench, last_update: timedelta, next_update: timedelta) -> None:
    bench.pki.ca.write_crl(last_update=last_update, next_update=next_update)
    bench.refused(bench.pki.issue(), CannotJudgeError)


def test_a_list_that_is_rubbish_is_our_fault(bench: Bench) -> None:
    bench.pki.ca.crl_path.write_bytes(b"rubbish")
    bench.refused(bench.pki.issue(), CannotJudgeError)


def test_a_list_signed_by_somebody_else_is_our_fault(bench: Bench) -> None:
    impostor = bench.pki.authority("Test CA", trusted=False)
    impostor.write_crl()
    bench.refused(bench.pki.issue(), CannotJudgeError)


def test_an_empty_directory_is_our_fault(bench: Bench) -> None:
    credential = bench.pki.issue()
    for file in bench.pki.ca_directory.iterdir():
        file.unlink()
    error = bench.refused(credential, CannotJudgeError)
    assert str(bench.pki.ca_directory) in str(error)


def test_a_missing_directory_is_our_fault(bench: Bench) -> None:
    credential = bench.pki.issue()
    bench.pki.ca_directory.rename(bench.pki.folder / "elsewhere")
    bench.refused(credential, CannotJudgeError)


def test_a_damaged_ca_file_is_our_fault(bench: Bench) -> None:
    credential = bench.pki.issue()
    (bench.pki.ca_directory / f"{bench.pki.ca.hash}.0").write_bytes(b"rubbish")
    bench.refused(credential, CannotJudgeError)


def test_a_link_to_nowhere_is_our_fault(bench: Bench) -> None:
    credential = bench.pki.issue()
    bench.pki.authority("Other CA")
    file = bench.pki.ca_directory / f"{bench.pki.ca.hash}.0"
    file.unlink()
    file.symlink_to("not-there.pem")
    bench.refused(credential, CannotJudgeError)


def test_two_cas_of_one_name_are_told_apart(bench: Bench) -> None:
    renewed = bench.pki.authority("Test CA", trusted=False)
    old = bench.pki.ca_directory / f"{bench.pki.ca.hash}.0"
    (bench.pki.ca_directory / f"{bench.pki.ca.hash}.1").write_bytes(old.read_bytes())
    old.write_bytes(renewed.certificate.public_bytes(serialization.Encoding.PEM))
    for authority in (bench.pki.ca, renewed):
        names = [x509.DirectoryName(authority.name)]
        named = x509.AuthorityKeyIdentifier(None, names, authority.certificate.serial_number)
        credential = bench.pki.issue(ca=authority, extensions=[(named, False)])
        bench.validator(check_crls=False).judge(credential.der)


def test_a_host_certificate_may_not_sign_another(bench: Bench) -> None:
    host = bench.pki.issue()
    child = bench.pki.issue(
        subject=x509.Name([*host.certificate.subject, x509.NameAttribute(NameOID.COMMON_NAME, "child")]),
        issuer_credential=host,
    )
    bench.refused(child)


@pytest.mark.parametrize("trusted_file", [False, True])
def test_legacy_proxies_are_refused(bench: Bench, *, trusted_file: bool) -> None:
    host = bench.pki.issue()
    if trusted_file:
        name_hash = crypto.X509.from_cryptography(host.certificate).subject_name_hash()
        (bench.pki.ca_directory / f"{name_hash:08x}.0").write_bytes(host.certificate_pem)
    proxy = bench.pki.issue(
        subject=x509.Name([*host.certificate.subject, x509.NameAttribute(NameOID.COMMON_NAME, "proxy")]),
        issuer_credential=host,
    )
    bench.refused(proxy)


def test_proxies_are_refused_even_from_a_ca(bench: Bench) -> None:
    # proxyCertInfo with id-ppl-inheritAll (RFC 3820, 3.8)
    info = bytes.fromhex("300c300a06082b06010505071501")
    extension = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.5.5.7.1.14"), info)
    bench.refused(bench.pki.issue(san=(), extensions=[(extension, True)]))


def test_an_unknown_critical_extension_is_refused(bench: Bench) -> None:
    extension = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    bench.refused(bench.pki.issue(extensions=[(extension, True)]))


def test_a_certificate_signed_with_sha1_is_refused(bench: Bench) -> None:
    good = bench.pki.issue()
    assert isinstance(bench.pki.ca.key, rsa.RSAPrivateKey)
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    body = good.certificate.tbs_certificate_bytes.replace(sha256, sha1)
    signature = bench.pki.ca.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    der = seq(body, algorithm(craft.RSA_SHA1, craft.NULL), tlv(3, b"\0", signature))
    with pytest.raises(UntrustedCertificateError, match="SHA-2"):
        bench.validator().judge(der)


def test_a_small_key_above_the_signer_is_refused(bench: Bench) -> None:
    weak = Authority(bench.pki, "Weak CA", parent=bench.pki.ca, key="rsa1024")
    weak.write()
    with pytest.raises(UntrustedCertificateError, match="1024"):
        bench.validator().judge(bench.pki.issue(ca=weak).der)


def resigned(bench: Bench, credential: Credential, old: bytes, new: bytes) -> x509.Certificate:
    """A certificate in which something of the same length is another, with a signature of the CA that holds."""
    assert isinstance(bench.pki.ca.key, rsa.RSAPrivateKey)
    body = credential.certificate.tbs_certificate_bytes
    assert body.count(old) == 1
    body = body.replace(old, new)
    signature = bench.pki.ca.key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    return x509.load_der_x509_certificate(seq(body, algorithm(craft.RSA_SHA256, craft.NULL), tlv(3, b"\0", signature)))


def test_a_key_that_cannot_be_read_is_refused_above_the_signer_too(bench: Bench) -> None:
    rsa_key, none_of_ours = craft.oid(craft.RSA), craft.oid("1.2.840.113549.1.1.99")
    odd = resigned(bench, bench.pki.issue(), rsa_key, none_of_ours)
    with pytest.raises(UntrustedCertificateError, match="key in the signer's chain cannot be read"):
        path.check_strength([bench.pki.issue().certificate, odd, bench.pki.ca.certificate])


def test_a_signature_by_a_digest_that_nobody_knows_is_none_by_sha_2(bench: Bench) -> None:
    good, unknown = bench.pki.issue().certificate, craft.oid("1.2.840.113549.1.1.99")
    odd = x509.load_der_x509_certificate(
        good.public_bytes(serialization.Encoding.DER).replace(craft.oid(craft.RSA_SHA256), unknown)
    )
    with pytest.raises(UntrustedCertificateError, match="not made with SHA-2"):
        path.check_strength([odd, bench.pki.ca.certificate])
    path.check_strength([good, odd])  # nobody asks how a root has signed itself


def test_octets_that_are_no_certificate_are_untrusted(bench: Bench) -> None:
    with pytest.raises(UntrustedCertificateError):
        bench.validator().judge(b"rubbish")


def test_a_namespace_permits_or_refuses(bench: Bench) -> None:
    credential = bench.pki.issue()
    bench.pki.ca.policy("namespaces", f'TO Issuer "{bench.pki.ca.dn}" PERMIT Subject "/O=Test/.*"\n')
    bench.validator().judge(credential.der)
    bench.pki.ca.policy("namespaces", f'TO Issuer "{bench.pki.ca.dn}" PERMIT Subject "/O=Other/.*"\n')
    assert "namespace" in str(bench.refused(credential))
    bench.validator(check_namespaces=False).judge(credential.der)


def test_a_signing_policy_permits_or_refuses(bench: Bench) -> None:
    credential = bench.pki.issue()
    text = f"access_id_CA X509 '{bench.pki.ca.dn}'\npos_rights globus CA:sign\ncond_subjects globus '\"/O=%s/*\"'\n"
    bench.pki.ca.policy("signing_policy", text % "Test")
    bench.validator().judge(credential.der)
    bench.pki.ca.policy("signing_policy", text % "Other")
    bench.refused(credential)


def test_namespaces_go_before_the_signing_policy(bench: Bench) -> None:
    bench.pki.ca.policy("signing_policy", "")
    bench.pki.ca.policy("namespaces", 'TO Issuer "Self" PERMIT Subject ".*"\n')
    bench.validator().judge(bench.pki.issue().der)


def test_the_namespace_of_the_root_binds_the_intermediate(bench: Bench) -> None:
    below = bench.pki.authority("Issuing CA", parent=bench.pki.ca)
    bench.pki.ca.policy("namespaces", 'TO Issuer "Self" PERMIT Subject "/O=Test/CN=host.*"\n')
    bench.refused(bench.pki.issue(ca=below))


def test_a_namespace_that_cannot_be_understood_permits_nothing(bench: Bench) -> None:
    bench.pki.ca.policy("namespaces", "rubbish\n")
    assert f"{bench.pki.ca.hash}.namespaces" in str(bench.refused(bench.pki.issue()))


# The cache


def judged_from_cache(bench: Bench, validator: PathValidator, credential: Credential) -> bool:
    before = bench.directory.stamps
    validator.judge(credential.der)
    return bench.directory.stamps == before + 1


def test_a_good_verdict_is_kept(bench: Bench) -> None:
    validator, credential = bench.validator(), bench.pki.issue()
    assert not judged_from_cache(bench, validator, credential)
    assert judged_from_cache(bench, validator, credential)


def test_a_revocation_counts_at_once(bench: Bench) -> None:
    validator, credential = bench.validator(), bench.pki.issue()
    validator.judge(credential.der)
    bench.pki.ca.revoke(credential)
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)


def test_a_revocation_counts_at_once_in_a_file_of_the_same_size_written_in_place(bench: Bench) -> None:
    validator, credential, other = bench.validator(), bench.pki.issue(), bench.pki.issue("other.example.org")
    bench.pki.ca.revoke(other)
    validator.judge(credential.der)
    size = bench.pki.ca.crl_path.stat().st_size
    bench.pki.ca.revoked[:] = [credential.certificate.serial_number]
    bench.pki.ca.write_crl()
    assert bench.pki.ca.crl_path.stat().st_size == size
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)


def test_a_ca_that_is_removed_counts_at_once(bench: Bench) -> None:
    validator, credential = bench.validator(), bench.pki.issue()
    bench.pki.authority("Other CA")
    validator.judge(credential.der)
    (bench.pki.ca_directory / f"{bench.pki.ca.hash}.0").unlink()
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)


def test_a_root_that_is_removed_above_an_intermediate_counts_at_once(bench: Bench) -> None:
    below = bench.pki.authority("Issuing CA", parent=bench.pki.ca)
    validator, credential = bench.validator(), bench.pki.issue(ca=below)
    validator.judge(credential.der)
    (bench.pki.ca_directory / f"{bench.pki.ca.hash}.0").unlink()
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)


@pytest.mark.parametrize("kind", ["namespaces", "signing_policy"])
def test_a_namespace_file_that_appears_counts_at_once(bench: Bench, kind: str) -> None:
    validator, credential = bench.validator(), bench.pki.issue()
    validator.judge(credential.der)
    bench.pki.ca.policy(kind, "")
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)


def test_a_list_that_vanishes_counts_at_once(bench: Bench) -> None:
    validator, credential = bench.validator(), bench.pki.issue()
    validator.judge(credential.der)
    bench.pki.ca.remove_crl()
    with pytest.raises(CannotJudgeError):
        validator.judge(credential.der)
    bench.pki.ca.write_crl()
    validator.judge(credential.der)


def test_a_link_that_is_turned_to_another_file_counts_at_once(bench: Bench) -> None:
    validator, credential = bench.validator(), bench.pki.issue()
    first = bench.pki.folder / "first.crl"
    os.replace(bench.pki.ca.crl_path, first)  # noqa: PTH105 - a rename onto a path
    bench.pki.ca.crl_path.symlink_to(first)
    validator.judge(credential.der)
    bench.pki.ca.crl_path.unlink()
    bench.pki.ca.revoke(credential)
    second = bench.pki.ca.crl_path.rename(bench.pki.folder / "second.crl")
    bench.pki.ca.crl_path.symlink_to(second)
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)


def test_a_verdict_ends_with_the_certificate(bench: Bench) -> None:
    validator, credential = bench.validator(), bench.pki.issue(not_after=timedelta(minutes=10))
    validator.judge(credential.der)
    bench.clock += timedelta(minutes=11)
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)


def test_a_verdict_ends_with_the_list_of_revoked(bench: Bench) -> None:
    bench.pki.ca.write_crl(next_update=timedelta(minutes=10))
    validator, credential = bench.validator(), bench.pki.issue()
    validator.judge(credential.der)
    bench.clock += timedelta(minutes=11)
    with pytest.raises(CannotJudgeError):
        validator.judge(credential.der)


def test_a_verdict_ends_after_an_hour(bench: Bench) -> None:
    validator, credential = bench.validator(), bench.pki.issue()
    validator.judge(credential.der)
    bench.clock += timedelta(minutes=59)
    assert judged_from_cache(bench, validator, credential)
    bench.clock += timedelta(minutes=2)
    assert not judged_from_cache(bench, validator, credential)


def test_a_bad_verdict_is_not_kept(bench: Bench) -> None:
    validator = bench.validator()
    unknown = bench.pki.authority("Late CA", trusted=False)
    credential = bench.pki.issue(ca=unknown)
    with pytest.raises(UntrustedCertificateError):
        validator.judge(credential.der)
    unknown.write()
    validator.judge(credential.der)


def test_an_old_list_beside_the_fresh_one_does_not_keep_verdicts_from_the_cache(bench: Bench) -> None:
    fresh = bench.pki.ca.crl_path.read_bytes()
    bench.pki.ca.write_crl(last_update=-10 * DAY, next_update=-DAY)
    bench.pki.ca.crl_path.rename(bench.pki.ca.crl_path.with_suffix(".r1"))
    bench.pki.ca.crl_path.write_bytes(fresh)
    validator, credential = bench.validator(), bench.pki.issue()
    validator.judge(credential.der)
    assert judged_from_cache(bench, validator, credential)


def test_a_list_that_is_rubbish_beside_the_good_one_does_not_count(bench: Bench) -> None:
    bench.pki.ca.crl_path.with_suffix(".r1").write_bytes(b"rubbish")
    bench.pki.ca.write_crl(next_update=timedelta(minutes=10))
    validator, credential = bench.validator(), bench.pki.issue()
    validator.judge(credential.der)
    assert judged_from_cache(bench, validator, credential)
    bench.clock += timedelta(minutes=11)
    with pytest.raises(CannotJudgeError):
        validator.judge(credential.der)


def test_a_file_that_changes_while_it_is_judged_keeps_the_verdict_out_of_the_cache(bench: Bench) -> None:
    credential = bench.pki.issue()

    class Restless(CaDirectory):
        def stamp(self, names: Sequence[str]) -> Stamp:
            bench.pki.ca.write_crl()
            return super().stamp(names)

    validator = PathValidator(Restless(bench.pki.ca_directory), bench.now)
    validator.judge(credential.der)
    assert not validator.cache


def test_the_cache_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "MAX_CACHED", 3)
    validator = bench.validator(check_crls=False)
    for number in range(7):
        validator.judge(bench.pki.issue(f"host{number}.example.org", key="p256").der)
        assert len(validator.cache) <= 3
