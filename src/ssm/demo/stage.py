# SPDX-License-Identifier: Apache-2.0
"""The demonstration's folder: credentials, configuration files as a site and a server would write them, spools."""

from dataclasses import dataclass
from pathlib import Path

from ssm.demo.pki import DemoAuthority, DemoCredential

QUEUE = "/queue/demo.accounting"

SENDER = """[sender]
protocol: STOMP

[broker]
host: 127.0.0.1
port: {port}
use_ssl: true

[certificates]
certificate: {credential.certificate}
key: {credential.key}
capath: {ca_directory}
server_cert: {server.certificate}

[messaging]
destination: {queue}
path: {path}
path_type: dirq
settle_seconds: 0

[logging]
logfile: {log}
level: INFO
console: false
"""

RECEIVER = """[receiver]
protocol: STOMP

[broker]
host: 127.0.0.1
port: {port}
use_ssl: true

[certificates]
certificate: {credential.certificate}
key: {credential.key}
capath: {ca_directory}
check_crls: true

[messaging]
destination: {queue}
path: {path}
# Small, so that a kill finds something half done.
batch: 2
prefetch: 4

[logging]
logfile: {log}
level: INFO
console: false

[daemon]
pidfile: {path}/ssmreceive.pid
"""


@dataclass(frozen=True, slots=True)
class Site:
    """One sender: who it is, where its programs leave messages, and its configuration."""

    credential: DemoCredential
    outgoing: Path
    config: Path


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything in its place, before the first program starts."""

    folder: Path
    authority: DemoAuthority
    broker: DemoCredential
    server: DemoCredential
    site: Site
    stranger: Site
    """Holds a good certificate of the same CA, but is not on the server's list."""
    server_spool: Path
    server_config: Path
    dn_file: Path

    @classmethod
    def build(cls, folder: Path) -> "Stage":
        """Make credentials and folders."""
        authority = DemoAuthority(folder / "pki")
        return cls(
            folder=folder,
            authority=authority,
            broker=authority.issue("localhost", "broker"),
            server=authority.issue("accounting.demo.example", "server"),
            site=site(folder, "site", authority.issue("ce1.example.org", "site")),
            stranger=site(folder, "stranger", authority.issue("elsewhere.example.net", "stranger")),
            server_spool=folder / "server",
            server_config=folder / "receiver.cfg",
            dn_file=folder / "dns",
        )

    def configure(self, port: int) -> None:
        """Write the configuration files, now that the broker's port is known."""
        for sender in (self.site, self.stranger):
            sender.config.write_text(
                SENDER.format(
                    port=port,
                    credential=sender.credential,
                    ca_directory=self.authority.ca_directory,
                    server=self.server,
                    queue=QUEUE,
                    path=sender.outgoing,
                    log=self.folder / f"{sender.config.stem}.log",
                )
            )
        self.server_spool.mkdir(exist_ok=True)
        self.server_config.write_text(
            RECEIVER.format(
                port=port,
                credential=self.server,
                ca_directory=self.authority.ca_directory,
                queue=QUEUE,
                path=self.server_spool,
                log=self.folder / "receiver.log",
            )
        )
        self.dn_file.write_text(f"# who may report to this server\n{self.site.credential.dn}\n")


def site(folder: Path, name: str, credential: DemoCredential) -> Site:
    """One sender's place."""
    outgoing = folder / name / "outgoing"
    outgoing.mkdir(parents=True)
    return Site(credential, outgoing, folder / f"sender-{name}.cfg")
