# SPDX-License-Identifier: Apache-2.0
"""The folder of the demonstration of every way in: one receiver with three listeners, and a site for each."""

from dataclasses import dataclass
from pathlib import Path

from ssm.demo.programs import AmsNames
from ssm.demo.stage import Site, Stage, site

STOMP, SSM1, AMS = "SSM 2, STOMP", "SSM 1", "SSM 2, AMS"
NAMES = AmsNames("demo", "records", "receiver")
OLD_QUEUE = "/queue/demo.central"

SENDER = """[sender]
protocol: {protocol}

[broker]
{broker}

[certificates]
certificate: {credential.certificate}
key: {credential.key}
capath: {ca_directory}

[messaging]
path: {path}
settle_seconds: 0
{messaging}

[logging]
logfile: {log}
level: INFO
console: false
"""

OLD_BROKER = """host: 127.0.0.1
port: {port}
use_ssl: true"""

OLD_MESSAGING = """path_type: directory
destination: {destination}
consumer_dn: {server.dn}
reply_to: /queue/demo.client.$host.$pid
# Short, since the receiver is killed while somebody waits.
answer_seconds: 5"""

AMS_BROKER = """host: 127.0.0.1:{ports.ams}
authn_port: {ports.authn}
ams_trust: capath"""

AMS_MESSAGING = """ams_project: {names.project}
destination: {names.topic}
window: 4"""

LISTENERS = """
[receiver.old]
protocol: SSM1
destination: {old_queue}

[receiver.ams]
protocol: AMS
{ams_broker}
ams_project: {names.project}
destination: {names.subscription}
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the embedded servers listen."""

    broker: int
    ams: int
    authn: int


@dataclass(frozen=True, slots=True)
class StageAll:
    """Everything in its place: what the plain demonstration has, and more sites."""

    plain: Stage
    old: Site
    """Sends with SSM 1."""
    unlisted: Site
    """Sends with SSM 1, but is not on the server's list."""
    ams: Site
    """Sends over AMS."""

    @classmethod
    def build(cls, folder: Path) -> "StageAll":
        """Make credentials and folders."""
        plain = Stage.build(folder)
        hosts = {"old": "old.example.org", "unlisted": "forgotten.example.net", "ams": "ce2.example.org"}
        old, unlisted, ams = (site(folder, name, plain.authority.issue(host, name)) for name, host in hosts.items())
        return cls(plain, old, unlisted, ams)

    def configure(self, ports: Ports) -> None:
        """Write the configuration files, now that every port is known."""
        self.plain.configure(ports.broker)
        ams_broker = AMS_BROKER.format(ports=ports)
        with self.plain.server_config.open("a") as file:
            file.write(LISTENERS.format(old_queue=OLD_QUEUE, ams_broker=ams_broker, names=NAMES))
        with self.plain.dn_file.open("a") as file:
            file.write(f"{self.old.credential.dn}\n{self.ams.credential.dn}\n")
        old_broker = OLD_BROKER.format(port=ports.broker)
        old_messaging = OLD_MESSAGING.format(destination=OLD_QUEUE, server=self.plain.server)
        for one in (self.old, self.unlisted):
            self.write(one, "SSM1", old_broker, old_messaging)
        self.write(self.ams, "AMS", ams_broker, AMS_MESSAGING.format(names=NAMES))

    def write(self, sender: Site, protocol: str, broker: str, messaging: str) -> None:
        """The configuration of one site."""
        text = SENDER.format(
            protocol=protocol,
            broker=broker,
            credential=sender.credential,
            ca_directory=self.plain.authority.ca_directory,
            path=sender.outgoing,
            messaging=messaging,
            log=log_of(sender),
        )
        sender.config.write_text(text)


def log_of(sender: Site) -> Path:
    """Where a site's program says what it does."""
    return sender.config.with_suffix(".log")
