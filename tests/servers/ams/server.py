# SPDX-License-Identifier: Apache-2.0
"""The embedded AMS with faults on demand, and a record of what was asked."""

import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ssm.broker.ams.api import Received
from ssm.broker.ams.server import Answer, EmbeddedAms, Says, answer_of
from ssm.broker.ams.state import AmsError, AmsState, Json
from tests.pki import Credential, Pki


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call."""

    status: int | None = None
    """Answer this instead."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """With this, instead of what the service would say."""
    is_carried_out: bool = False
    """The call has its effect all the same."""
    is_silent: bool = False
    """No answer, for as long as the server runs."""
    is_dropped: bool = False
    """The connection ends instead of an answer."""
    is_cut: bool = False
    """The connection ends in the middle of the answer."""
    change: Callable[[Json], Json] | None = None
    """Of what the service says."""

    @property
    def has_effect(self) -> bool:
        replaces = self.status is not None or self.body is not None or self.is_silent or self.is_dropped
        return self.is_carried_out or not replaces

    def answer(self, status: int, said: Json) -> Answer:
        """The answer, or what is left of it."""
        if self.status is not None:
            status = self.status
            said = AmsError(status, "INTERNAL_SERVER_ERROR", "Backend Error").body()
        if self.change is not None:
            said = self.change(said)
        made = answer_of(status, said) if self.body is None else Answer(status, self.body)
        if self.is_cut:
            announced = {"Content-Length": str(len(made.body))}
            made = replace(made, body=made.body[: len(made.body) // 2], headers=announced, is_last=True)
        return replace(made, headers={**made.headers, **self.headers})


class AmsServer(EmbeddedAms):
    """For a with-block."""

    def __init__(self, pki: Pki, *, state: AmsState | None = None, server: Credential | None = None) -> None:
        super().__init__(tls_of(server or pki.issue("ams.example.org"), pki), state=state)
        self.faults: list[tuple[str, Fault]] = []
        self.asked: list[Received] = []
        self.keep_record = True
        self.counts: Counter[str] = Counter()

    def fail(self, call: str, fault: Fault, times: int = 1) -> None:
        """So many of the next calls of this name."""
        with self.state.lock:
            self.faults.extend([(call, fault)] * times)

    def fault_for(self, call: str) -> Fault | None:
        """The next one, which then has had its turn."""
        with self.state.lock:
            for index, (name, fault) in enumerate(self.faults):
                if name == call:
                    del self.faults[index]
                    return fault
        return None

    def note(self, received: Received) -> None:
        """Remember what was asked."""
        with self.state.lock:
            self.counts[received.call] += 1
            if self.keep_record:
                self.asked.append(received)

    def respond(self, received: Received, says: Says) -> Answer | None:
        self.note(received)
        fault = self.fault_for(received.call) or Fault()
        status, said = self.carry_out(received, says) if fault.has_effect else (200, {})
        if fault.is_silent:
            self.ending.wait(60)
        return None if fault.is_silent or fault.is_dropped else fault.answer(status, said)


def tls_of(credential: Credential, pki: Pki) -> ssl.SSLContext:
    """Clients may show a certificate; if they do, it must hold."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credential.certificate_path, credential.key_path)
    context.load_verify_locations(capath=str(pki.ca_directory))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
