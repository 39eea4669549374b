# SPDX-License-Identifier: Apache-2.0
"""The options themselves, section by section, for both roles. Names of apel-ssm mean what they always meant."""

import re
from dataclasses import dataclass
from pathlib import Path

from ssm.settings.options import (
    BOOLEAN,
    LEVEL,
    OPTIONAL_PATH,
    OPTIONAL_TEXT,
    OPTIONAL_WORD,
    PATH,
    SIZE_IN_OCTETS,
    TEXT,
    Reader,
    choice,
    integer,
    option,
    seconds,
)

Hosts = tuple[tuple[str, int | None], ...]
Directories = tuple[tuple[str, int], ...]
DEFAULT_MAX_MESSAGE = 160 * 1024 * 1024
CIPHERS = ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm")
OLD_CIPHERS = ("des-ede3-cbc",)  # for consumers of SSM 1 that read nothing else
HOST = re.compile(
    r"(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?|([0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)"
)
MAX_PORT = 65535
LDAP_URL = re.compile(r"ldap://([^/?#@]+)/?", re.IGNORECASE)
LDAP_PORT = 389  # RFC 4516, 2; a BDII listens on 2170


def read_hosts(text: str) -> Hosts:
    """One or several brokers, separated by commas; a port of its own may follow each."""
    hosts = []
    for one in filter(None, re.split(r"[,\s]+", text)):
        match = HOST.fullmatch(one)
        if match is None or (match[3] and not 0 < int(match[3]) <= MAX_PORT):
            raise ValueError("must be host names, separated by commas, each with a port if it has its own")
        hosts.append((match[1] or match[2] or match[4], int(match[3]) if match[3] else None))
    if not hosts:
        raise ValueError("must name a broker")
    return tuple(hosts)


def read_directories(text: str) -> Directories:
    """One or several LDAP servers, separated by commas."""
    found = []
    for one in filter(None, re.split(r"[,\s]+", text)):
        match = LDAP_URL.fullmatch(one)
        server = HOST.fullmatch(match[1]) if match is not None else None
        if server is None or server[4] or (server[3] and not 0 < int(server[3]) <= MAX_PORT):
            raise ValueError("must be ldap://host:port, several separated by commas")
        found.append((server[1] or server[2], int(server[3] or LDAP_PORT)))
    if not found:
        raise ValueError("must name an LDAP server")
    return tuple(found)


HOSTS = Reader("host[:port], several separated by commas", read_hosts)
DIRECTORIES = Reader("ldap://host[:port], several separated by commas", read_directories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """[broker]: where messages go to or come from."""

    host: Hosts = option(
        HOSTS, "The brokers, tried in turn, or with AMS the services; required unless they are looked up.", ()
    )
    port: int | None = option(
        integer(1, MAX_PORT), "Port of every broker that has none of its own in host, or in the BDII.", None
    )
    bdii: Directories | None = option(
        DIRECTORIES, "LDAP servers to look brokers up in, where host names none; needs the extra [bdii].", None
    )
    network: str | None = option(OPTIONAL_TEXT, "Which brokers to look up: the name of their network, as PROD.", None)
    bdii_timeout_seconds: float = option(seconds(0.1, 600), "Longest wait for a look-up as a whole.", 10.0)
    use_ssl: bool = option(BOOLEAN, "Whether the connection is TLS, with the host certificate shown.", default=True)
    verify_broker: bool = option(
        BOOLEAN, "Whether the broker's certificate and host name are verified against capath.", default=True
    )
    vhost: str = option(TEXT, "Virtual host; RabbitMQ's own is called /, ActiveMQ takes any.", "/")
    login: str | None = option(OPTIONAL_TEXT, "User name, where the certificate is not enough.", None)
    passcode: str | None = option(OPTIONAL_TEXT, "Password of that user.", None, secret=True)
    authn_port: int = option(integer(1, MAX_PORT), "AMS: where a certificate is exchanged for a token.", 8443)
    ams_trust: str = option(
        choice("system", "capath"),
        "AMS: what the service's certificate is verified against, the system's store of CAs or capath.",
        "system",
    )
    connect_timeout_seconds: float = option(seconds(0.1, 600), "Longest wait for a connection.", 10.0)
    receipt_timeout_seconds: float = option(
        seconds(0.1, 3600),
        "Longest wait for the receipt of a message, from when octets last left for the broker.",
        60.0,
    )
    heartbeat_seconds: float = option(seconds(0, 3600), "How often both ends show signs of life; 0 for never.", 30.0)
    retry_seconds: float = option(
        seconds(0, 86400), "How long a sender that runs once goes on without a broker before it gives up.", 60.0
    )

    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each broker."""
        assert all(port or self.port for _, port in self.host), "checked when the settings were read"
        return tuple((host, port or self.port or 0) for host, port in self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """[certificates]: who we are, and whom we believe."""

    certificate: Path = option(PATH, "Our host certificate (PEM).")
    key: Path = option(PATH, "Its private key (PEM), readable by this program's user only.")
    capath: Path = option(PATH, "Hashed directory of CA certificates and CRLs; nothing else is trusted.")
    check_crls: bool = option(BOOLEAN, "Whether revocation is checked, for the whole chain.", default=True)
    check_namespaces: bool = option(
        BOOLEAN, "Whether HASH.namespaces and HASH.signing_policy are honoured where they exist.", default=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderCertificates(Certificates):
    """[certificates] of a sender."""

    check_crls: bool = option(BOOLEAN, "Whether revocation of server_cert is checked.", default=False)
    server_cert: Path | None = option(
        OPTIONAL_PATH, "Certificate of the final receiver, to encrypt to; without it messages are only signed.", None
    )
    verify_server_cert: bool = option(BOOLEAN, "Whether server_cert must hold against capath.", default=True)
    cipher: str = option(
        choice(*CIPHERS, *OLD_CIPHERS),
        "What to encrypt with; deployed receivers read aes with cbc, des is for SSM 1.",
        "aes-128-cbc",
    )
    oaep: bool = option(
        BOOLEAN, "Whether the key is wrapped with OAEP, which deployed receivers do not read.", default=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Messaging:
    """[messaging]: spool and destination."""

    destination: str = option(
        TEXT, "The queue, such as /queue/accounting; with AMS, the topic of a sender or the subscription of a receiver."
    )
    ams_project: str | None = option(OPTIONAL_WORD, "AMS: the project, which must be set.", None)
    token: str | None = option(
        OPTIONAL_WORD, "AMS: a token; without one the host certificate is exchanged for one.", None, secret=True
    )
    path: Path = option(PATH, "The spool's folder.")
    max_message_size: int = option(
        SIZE_IN_OCTETS,
        "Largest message that is sent or taken; a sender cuts a larger one between its records.",
        DEFAULT_MAX_MESSAGE,
    )
    retention_days: int = option(
        integer(1, 3650), "How long history, and the digests that tell duplicates, are kept.", 30
    )
    state: Path | None = option(
        OPTIONAL_PATH, "Folder for journal and copies instead of .ssm in the spool, for spools on network disks.", None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderMessaging(Messaging):
    """[messaging] of a sender: path is the outgoing spool."""

    consumer_dn: str | None = option(
        OPTIONAL_TEXT, "DN of the one consumer, in slash form; its certificate comes over the wire (SSM 1).", None
    )
    reply_to: str = option(
        TEXT,
        "Where the consumer answers; $host and $pid become ours (SSM 1).",
        "/topic/global.accounting.cpu.client.$host.$pid",
    )
    answer_seconds: float = option(seconds(0.1, 3600), "Longest wait for the consumer's acknowledgement (SSM 1).", 60.0)
    path_type: str = option(
        choice("dirq", "directory", "ssm1", "ssm1-incoming"), "Layout of the outgoing spool.", "dirq"
    )
    check: str = option(
        choice("off", "warn", "error"),
        "Whether records are checked before they are signed: faults are logged, or messages with errors are set aside.",
        "warn",
    )
    window: int = option(integer(1, 4096), "Unconfirmed messages at a time.", 32)
    settle_seconds: float = option(
        seconds(0, 3600), "How old a file must be before it counts as completely written.", 1.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverMessaging(Messaging):
    """[messaging] of a receiver: incoming, reject and deferred are below path."""

    prefetch: int = option(integer(1, 65535), "Messages that the broker hands out ahead of acknowledgement.", 256)
    ack_deadline_seconds: float = option(
        seconds(1, 600), "AMS: the subscription's own deadline; as much is pulled as is filed well within it.", 10.0
    )
    batch: int = option(integer(1, 4096), "Messages that share a sync.", 64)
    deferred_retry_seconds: float = option(seconds(1, 86400), "How often deferred messages are judged again.", 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """[logging]: where the log goes."""

    logfile: Path | None = option(
        OPTIONAL_PATH, "The log file, appended to; it may be rotated away at any time. None: standard error.", None
    )
    level: int = option(LEVEL, "Least important level that is logged.", 20)
    console: bool = option(BOOLEAN, "Whether the log also goes to the terminal.", default=False)
    format: str = option(choice("text", "json"), "Lines of text, or JSON lines with the same facts.", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """[daemon]: of ssmreceive."""

    pidfile: Path | None = option(OPTIONAL_PATH, "Where ssmreceive writes its process id.", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSettings:
    """Everything a sender is told."""

    protocol: str = "STOMP"
    broker: Broker
    certificates: SenderCertificates
    messaging: SenderMessaging
    logging: Logging


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """Everything a receiver is told; by one listener, and by the others that feed the same spool."""

    protocol: str = "STOMP"
    name: str = ""
    """Of the listener: NAME in ``[receiver.NAME]``."""
    broker: Broker
    certificates: Certificates
    messaging: ReceiverMessaging
    logging: Logging
    daemon: Daemon
    others: "tuple[ReceiverSettings, ...]" = ()

    @property
    def listeners(self) -> "tuple[ReceiverSettings, ...]":
        """Every listener, this one first."""
        return (self, *self.others)
