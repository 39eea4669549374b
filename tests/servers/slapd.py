# SPDX-License-Identifier: Apache-2.0
"""A private OpenLDAP server with what a BDII holds of brokers: the part of the GLUE 1.3 schema that names them."""

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import HOST, free_ports
from tests.servers.process import ServerProcess

SLAPD = Path("/usr/sbin/slapd")
SLAPADD = Path("/usr/sbin/slapadd")
MODULES = Path("/usr/lib/ldap")
CORE_SCHEMA = Path("/etc/ldap/schema/core.schema")

# Names, types and rules as in GLUE 1.3; the numbers are of the arc for experiments, since nobody asks for them here.
ATTRIBUTES = (
    "GlueServiceUniqueID",
    "GlueServiceType",
    "GlueServiceEndpoint",
    "GlueServiceDataKey",
    "GlueServiceDataValue",
    "GlueChunkKey",
    "GlueForeignKey",
)
ATTRIBUTE = """attributetype ( 1.1.2.1.{number} NAME '{name}'
  EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
"""
CLASSES = """objectclass ( 1.1.2.2.1 NAME 'GlueTop' ABSTRACT )
objectclass ( 1.1.2.2.2 NAME 'GlueKey' SUP GlueTop AUXILIARY MAY ( GlueChunkKey $ GlueForeignKey ) )
objectclass ( 1.1.2.2.3 NAME 'GlueService' SUP GlueTop STRUCTURAL
  MUST GlueServiceUniqueID MAY ( GlueServiceType $ GlueServiceEndpoint ) )
objectclass ( 1.1.2.2.4 NAME 'GlueServiceData' SUP GlueTop STRUCTURAL
  MUST GlueServiceDataKey MAY GlueServiceDataValue )
"""
CONFIGURATION = """include {core}
include {folder}/glue.schema
modulepath {modules}
moduleload back_mdb
pidfile {folder}/slapd.pid
sizelimit {size_limit}
database mdb
suffix "o=grid"
directory {folder}/data
maxsize 16777216
dbnosync
"""


@dataclass(frozen=True)
class Service:
    """One service, and the networks it belongs to."""

    endpoints: Sequence[str]
    networks: Sequence[str] = ("PROD",)
    use_tls: bool = False
    name: str = "broker"

    def entries(self, number: int) -> list[dict[str, Sequence[str]]]:
        """As a site's information provider publishes them."""
        kind = "msg.broker.stomp-ssl" if self.use_tls else "msg.broker.stomp"
        service = f"{self.name}_{kind}_{number}"
        service_dn = f"GlueServiceUniqueID={dn_escaped(service)},o=grid"
        return [
            {
                "dn": [service_dn],
                "objectClass": ["GlueTop", "GlueService", "GlueKey"],
                "GlueServiceUniqueID": [service],
                "GlueServiceType": [kind],
                "GlueServiceEndpoint": self.endpoints,
            },
            {
                "dn": [f"GlueServiceDataKey=cluster,{service_dn}"],
                "objectClass": ["GlueTop", "GlueServiceData", "GlueKey"],
                "GlueServiceDataKey": ["cluster"],
                "GlueServiceDataValue": self.networks,
                "GlueChunkKey": [f"GlueServiceUniqueID={service}"],
            },
        ]


class Slapd:
    """One server in one folder, on the same port for all its life. For a with-block, or start and stop."""

    def __init__(self, folder: Path, services: Sequence[Service] = (), *, size_limit: str = "unlimited") -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        (folder / "data").mkdir(parents=True)
        attributes = "".join(ATTRIBUTE.format(number=number, name=name) for number, name in enumerate(ATTRIBUTES))
        (folder / "glue.schema").write_text(attributes + CLASSES)
        self.configuration = folder / "slapd.conf"
        self.configuration.write_text(
            CONFIGURATION.format(core=CORE_SCHEMA, folder=folder, modules=MODULES, size_limit=size_limit)
        )
        command = [str(SLAPD), "-f", str(self.configuration), "-h", f"ldap://{HOST}:{self.port}", "-d", "0"]
        self.server = ServerProcess(command, os.environ, folder / "slapd.log")
        self.publish([{"dn": ["o=grid"], "objectClass": ["organization"], "o": ["grid"]}])
        for number, service in enumerate(services):
            self.publish(service.entries(number))

    @staticmethod
    def is_installed() -> bool:
        """True when it can be started here."""
        return SLAPD.is_file() and SLAPADD.is_file() and CORE_SCHEMA.is_file()

    @property
    def url(self) -> str:
        """As [broker] bdii has it."""
        return f"ldap://{HOST}:{self.port}"

    def publish(self, entries: Sequence[Mapping[str, Sequence[str]]]) -> None:
        """Put entries in while it is not running."""
        blocks = [
            "".join(f"{name}: {value}\n" for name, values in entry.items() for value in values) for entry in entries
        ]
        subprocess.run(
            [SLAPADD, "-q", "-f", self.configuration],
            input="\n".join(blocks),
            text=True,
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.server.launch(self.listens, "a listening port")

    def listens(self) -> bool:
        """True when it takes connections."""
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it in good order."""
        self.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def dn_escaped(text: str) -> str:
    """A value as a DN may hold it (RFC 4514, 2.4)."""
    return "".join(f"\\{char}" if char in ',+"\\<>;=#' else char for char in text)
