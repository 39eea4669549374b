# SPDX-License-Identifier: Apache-2.0
"""Every error raised on purpose, arranged by what the caller must do next.

::

    SsmError                       .hint: what to do next     .exit_status: from sysexits.h
    ├─ RejectError                 this message can never pass: file it in rejected, go on
    │  ├─ MalformedEnvelopeError     not the S/MIME that we read, or beyond a bound
    │  ├─ DecryptionError            one class and one text for every failure
    │  ├─ NotForUsError              encrypted to somebody else's certificate
    │  ├─ SignatureError             the signature does not prove the content
    │  ├─ UntrustedCertificateError  the signer's certificate does not hold
    │  ├─ UnauthorisedSignerError    a good signer who is not on the list
    │  ├─ UnsendableError            a payload that no envelope can carry
    │  ├─ BadContentError            a payload whose records the other side would refuse
    │  ├─ UnstorableError            records that the database refuses, whenever they come
    │  ├─ FormatError                not a message of records that we read: where, and what was expected
    │  └─ RecordError                a record that a format cannot hold: field, value, what it must be
    ├─ RetryError                  the world is in the way: keep the message, back off
    │  ├─ CannotJudgeError           the fault is on our side (CRL, CA directory)
    │  ├─ SpoolUnavailableError      disk full, input/output error
    │  ├─ RepositoryUnavailableError the database is down, full, or too busy
    │  └─ TransportError             ConnectFailed · ConnectionLost · TimedOut · Refused (TooLarge) · RemoteProtocol
    └─ StopError                   going on would do harm: stop, tell, exit non-zero
       ├─ ConfigError                all faults at once
       ├─ CredentialError            key unreadable, certificate expired, login refused
       ├─ SpoolError                 not writable, structure damaged
       ├─ RepositoryError            no such database, tables of another version, not permitted
       ├─ InputError                 a file that was named cannot be read
       └─ LocalProtocolError         we broke the protocol: our bug

Anything outside this tree is a bug. Only ``ssm.cli.main`` turns these into exit statuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

EX_DATAERR = 65
EX_NOINPUT = 66
EX_UNAVAILABLE = 69
EX_SOFTWARE = 70
EX_IOERR = 74
EX_TEMPFAIL = 75
EX_CONFIG = 78


class SsmError(Exception):
    """Parent of all. ``str()`` is one sentence for the operator."""

    exit_status: int = EX_SOFTWARE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class RejectError(SsmError):
    """This message can never pass. ``reason`` is a short class for tables and counters."""

    exit_status = EX_DATAERR
    reason: str = "rejected"


class MalformedEnvelopeError(RejectError):
    """The bytes are not an envelope that we read, or they exceed a bound."""

    reason = "malformed"


class DecryptionError(RejectError):
    """No signed message came out of the envelope. Says nothing more: nobody may learn from the difference."""

    reason = "decryption"

    def __init__(self) -> None:
        super().__init__("it could not be decrypted into a message with a good signature")


class NotForUsError(RejectError):
    """The message is encrypted, but to no certificate of ours."""

    reason = "not-for-us"


class SignatureError(RejectError):
    """The signature does not prove the content."""

    reason = "signature"


class UntrustedCertificateError(RejectError):
    """The signer's certificate does not hold: chain, dates, revocation, namespace or name."""

    reason = "untrusted"


class UnauthorisedSignerError(RejectError):
    """The signer is who they say they are, but not on the list of permitted DNs."""

    reason = "unauthorised"


class UnsendableError(RejectError):
    """A payload that no envelope can carry, such as an empty one."""

    reason = "unsendable"


class BadContentError(RejectError):
    """A payload that the other side would refuse for what is in it; the sentence lists every fault."""

    reason = "content"


class FormatError(RejectError):
    """A message cannot be read (on) as records."""

    reason = "format"

    def __init__(
        self, message: str, *, code: str, line: int | None = None, path: str = "", suggestion: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        """Stable name for programs, such as ``unknown-header``."""
        self.line = line
        self.path = path
        self.suggestion = suggestion
        self.file = ""
        """Where the message was read, for who knows it."""


class UnstorableError(RejectError):
    """The database refuses the records of a message, whenever they come."""

    reason = "unstorable"


class RecordError(RejectError):
    """A record cannot be written in a format without saying something else than it says."""

    reason = "record"

    def __init__(self, field: str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{field} {problem}", hint=hint)
        self.field = field


class RetryError(SsmError):
    """The world is in the way: keep the message, back off, try again."""

    exit_status = EX_TEMPFAIL


class CannotJudgeError(RetryError):
    """No verdict is possible now, for a reason on our side (CRL or CA directory)."""


class SpoolUnavailableError(RetryError):
    """The spool cannot take or give a message just now: disk full, input/output error."""


class RepositoryUnavailableError(RetryError):
    """The database cannot take or give anything just now: down, full, locked."""


class TransportError(RetryError):
    """Parent of what goes wrong between us and a broker."""

    exit_status = EX_UNAVAILABLE


class ConnectFailedError(TransportError):
    """No broker took us. ``attempts`` holds one sentence for each that was tried."""

    def __init__(self, message: str, *, attempts: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.attempts = tuple(attempts)


class ConnectionLostError(TransportError):
    """The connection ended while it was in use."""


class TimedOutError(TransportError):
    """A deadline passed: connect, read or receipt."""


class RefusedError(TransportError):
    """The broker answered one particular message with an error."""


class TooLargeError(RefusedError):
    """The other side takes no message of this size: sending it again is in vain."""


class RemoteProtocolError(TransportError):
    """The peer broke the protocol, or went beyond one of our bounds."""


class StopError(SsmError):
    """Going on would do harm: stop and tell somebody."""


@dataclass(frozen=True, slots=True)
class ConfigFault:
    """One thing that is wrong in a configuration."""

    section: str
    """Section of the file, or empty where the fault is not in a section."""
    option: str
    """Option name as written, or empty."""
    value: str
    """What was found; never a secret."""
    problem: str
    """What is wrong, and what it must be."""
    suggestion: str = ""
    """The nearest valid name, or empty."""

    def __str__(self) -> str:
        where = f"[{self.section}] {self.option}".strip() if self.section else self.option
        found = f" = {self.value}" if self.value else ""
        guess = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{where}{found}: {self.problem}{guess}".removeprefix(": ")


class ConfigError(StopError):
    """The configuration has faults: all of them, in ``faults``."""

    exit_status = EX_CONFIG

    def __init__(self, message: str, *, faults: Sequence[ConfigFault] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)


class CredentialError(StopError):
    """A key or certificate of ours cannot be used, or a login was refused."""

    exit_status = EX_CONFIG


class SpoolError(StopError):
    """The spool is missing, not writable, or damaged in its structure."""

    exit_status = EX_IOERR


class InputError(StopError):
    """A file that was named cannot be read."""

    exit_status = EX_NOINPUT


class RepositoryError(StopError):
    """The database is not one that we can work with: missing, of another version, not permitted."""

    exit_status = EX_CONFIG


class LocalProtocolError(StopError):
    """We broke the protocol: a bug of ours."""
