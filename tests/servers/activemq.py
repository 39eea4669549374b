# SPDX-License-Identifier: Apache-2.0
"""A private ActiveMQ Classic: persistent, STOMP plain and over TLS with a client certificate required."""

import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.pki import Pki
from tests.servers.ports import free_ports, wait_for_port
from tests.servers.process import ServerProcess
from tests.servers.raw_stomp import Login
from tests.servers.stores import PASSWORD, write_java_stores

HOME = Path("/usr/share/activemq")
JAR = HOME / "bin" / "activemq.jar"
OPENED = ("lang", "util", "util.concurrent", "util.concurrent.atomic", "net", "security")

LOG4J = """log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %-5p %c{1} - %m%n
"""

XML = """<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans
    http://www.springframework.org/schema/beans/spring-beans.xsd
    http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="private" useJmx="false" persistent="true"
          dataDirectory="{folder}/data" schedulerSupport="false" advisorySupport="false">
    <persistenceAdapter><kahaDB directory="{folder}/data/kahadb"/></persistenceAdapter>
    <sslContext><sslContext
      keyStore="file:{keys}" keyStoreType="PKCS12" keyStorePassword="{password}"
      trustStore="file:{trust}" trustStoreType="PKCS12" trustStorePassword="{password}"/></sslContext>
    <systemUsage><systemUsage>
      <memoryUsage><memoryUsage percentOfJvmHeap="70"/></memoryUsage>
      <storeUsage><storeUsage limit="4 gb"/></storeUsage>
      <tempUsage><tempUsage limit="1 gb"/></tempUsage>
    </systemUsage></systemUsage>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:{plain}"/>
      <transportConnector name="stompssl"
        uri="stomp+ssl://127.0.0.1:{tls}?transport.needClientAuth=true&amp;transport.enabledProtocols=TLSv1.2,TLSv1.3"/>
    </transportConnectors>
  </broker>
</beans>
"""


class ActiveMq:
    """One instance in one folder, on the same ports for all its life. For a with-block, or start and stop."""

    kind = "activemq"

    def __init__(self, folder: Path, pki: Pki, *, memory: str = "512m") -> None:
        self.folder = folder
        self.plain_port, self.tls_port = free_ports(2)
        self.login = Login("anybody", "anything")
        for name in ("conf", "data", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        keys, trust = write_java_stores(pki, pki.issue("broker.activemq"), folder / "conf")
        (folder / "conf" / "log4j.properties").write_text(LOG4J)
        self.configuration = folder / "conf" / "activemq.xml"
        self.configuration.write_text(
            XML.format(
                folder=folder, keys=keys, trust=trust, password=PASSWORD, plain=self.plain_port, tls=self.tls_port
            )
        )
        self.server = ServerProcess(self.command(memory), os.environ, folder / "activemq.log")

    @staticmethod
    def is_installed() -> bool:
        """True when it can be started here."""
        return JAR.is_file() and all(map(shutil.which, ("java", "keytool")))

    def command(self, memory: str) -> list[str]:
        """In the foreground, without its start script."""
        folder = self.folder
        return [
            *("java", "-Xms64m", f"-Xmx{memory}", "-XX:+UseSerialGC", "-Djava.awt.headless=true"),
            *(part for one in OPENED for part in ("--add-opens", f"java.base/java.{one}=ALL-UNNAMED")),
            *(f"-Djava.io.tmpdir={folder}/tmp", f"-Dactivemq.home={HOME}", f"-Dactivemq.base={folder}"),
            *(f"-Dactivemq.conf={folder}/conf", f"-Dactivemq.data={folder}/data"),
            *(f"-Dactivemq.classpath={folder}/conf", "-Dorg.apache.activemq.UseDedicatedTaskRunner=false"),
            f"-Dlog4j.configuration=file:{folder}/conf/log4j.properties",
            *("-jar", str(JAR), "start", f"xbean:file:{self.configuration}"),
        ]

    @property
    def pid(self) -> int:
        """Of the Java process."""
        return self.server.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.server.start(self.plain_port, self.login)
        wait_for_port(self.tls_port)

    def stop(self) -> None:
        """End it in good order."""
        self.server.stop()

    def kill(self) -> None:
        """End it at once."""
        self.server.kill()

    def restart(self) -> None:
        """Start it again, after stop or kill, with what it had."""
        self.server.stop()
        self.start()

    def tail(self) -> str:
        """The end of its log."""
        return self.server.tail()

    def queue_is_on_disk(self, queue: str) -> bool:
        """Its journal knows a queue from its first confirmed message on."""
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
