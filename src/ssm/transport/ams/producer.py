# SPDX-License-Identifier: Apache-2.0
"""Publishing to the ARGO Messaging Service: what waits together goes together, in its order, one request at a time."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ssm.errors import ConnectionLostError, RefusedError, TransportError
from ssm.protocols.ams.replies import require_published
from ssm.protocols.ams.requests import Outgoing, outgoing, publish
from ssm.transport.ams.service import Service, Terms, reading

BATCH_MESSAGES = 128
BATCH_OCTETS = 1_000_000  # what the service recommends for one request; a larger message goes alone


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message, and who waits for its fate."""

    message: Outgoing
    published: "asyncio.Future[None]"


class AmsProducer:
    """Implements the port Producer."""

    def __init__(self, service: Service, project: str, topic: str) -> None:
        self.service = service
        self.project = project
        self.topic = topic
        self.waiting: deque[Waiting] = deque()
        self.pump: asyncio.Task[None] | None = None

    @property
    def peer(self) -> str:
        """The service."""
        return self.service.endpoint.peer

    async def probe(self) -> None:
        """Publish nothing, which tells whether we may; an answer that it is nothing is as good."""
        request = publish(self.project, self.topic, [])
        await self.service.ask(request, Terms(handled=frozenset({400}), is_patient=False))

    async def publish(self, message_id: str, body: bytes) -> None:
        """Return when the service has given this message an id."""
        if self.service.is_closed:
            raise ConnectionLostError("this end is closed")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(outgoing(message_id, body), future))
        if self.pump is None or self.pump.done():
            self.pump = asyncio.create_task(self.publish_all())
        await future

    async def publish_all(self) -> None:
        """Until nothing waits."""
        while batch := self.next_batch():
            try:
                await self.publish_some(batch)
            finally:
                fail(batch, ConnectionLostError("this end was closed while the message was sent"))

    def next_batch(self) -> list[Waiting]:
        """What waits and fits into one request."""
        batch: list[Waiting] = []
        octets = 0
        while self.waiting and len(batch) < BATCH_MESSAGES:
            octets += len(self.waiting[0].message.json)
            if batch and octets > BATCH_OCTETS:
                break
            batch.append(self.waiting.popleft())
        return batch

    async def publish_some(self, batch: Sequence[Waiting]) -> None:
        """One request; when it is refused, one for each message finds those that it is about."""
        try:
            answer = await self.service.ask(publish(self.project, self.topic, [one.message for one in batch]), Terms())
            with reading():
                require_published(answer.body, len(batch))
        except RefusedError as error:
            if len(batch) == 1:
                fail(batch, error)
                return
            for one in batch:
                await self.publish_some([one])
        except TransportError as error:
            fail(batch, error)
        else:
            for one in batch:
                if not one.published.done():
                    one.published.set_result(None)

    async def close(self) -> None:
        """Whoever still waits is told; never raises."""
        cause = ConnectionLostError("this end was closed")
        fail(self.waiting, cause)
        self.waiting.clear()
        if self.pump is not None:
            self.pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({self.pump})
        await self.service.close()


def fail(batch: Sequence[Waiting] | deque[Waiting], error: TransportError) -> None:
    """Tell those that do not know yet."""
    for one in batch:
        if not one.published.done():
            one.published.set_exception(error)
            one.published.exception()  # whoever awaits it still gets it; nobody is warned when nobody does
