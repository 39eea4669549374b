# SPDX-License-Identifier: Apache-2.0
"""Taking from a subscription of the ARGO Messaging Service: pull many, acknowledge what is filed, pull the rest again.

A pull moves nothing; only an acknowledgement does, and it must come within the subscription's deadline. When it comes
too late, or somebody else acknowledged, the messages are pulled once more and acknowledged at once.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from ssm.errors import ConnectionLostError, TransportError
from ssm.messenger.retry import Backoff
from ssm.ports.transport import Delivery
from ssm.protocols.ams.position import Position, PullSize
from ssm.protocols.ams.replies import Pulled, explain, read_pulled
from ssm.protocols.ams.requests import acknowledge, pull
from ssm.transport.ams.service import CLOSE_SECONDS, Service, Terms, TooLongError, reading

HELD_OCTETS = 16 * 1024 * 1024  # one answer with several messages
BATCH_OCTETS = 8 * 1024 * 1024  # taken at once
SLACK_OCTETS = 1024 * 1024  # of an answer, around the one message in it
FIRST_POLL_SECONDS = 0.25
MOST_POLL_SECONDS = 4.0
SETTLE_TRIES = 5
TOO_LATE = HTTPStatus.REQUEST_TIMEOUT.value
NOT_PENDING = HTTPStatus.INTERNAL_SERVER_ERROR.value


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is taken from, and within which bounds."""

    project: str
    name: str
    max_octets: int
    """Of one message; what is longer is cut."""
    most_at_a_time: int
    deadline_seconds: float
    """What the subscription gives us between pull and acknowledgement."""


class AmsConsumer:
    """Implements the port Consumer."""

    def __init__(self, service: Service, subscription: Subscription) -> None:
        self.service = service
        self.subscription = subscription
        self.position = Position(subscription.deadline_seconds / 2)
        self.size = PullSize(subscription.most_at_a_time)
        self.turn = asyncio.Lock()
        self.changed = asyncio.Event()
        self.polling = Backoff(FIRST_POLL_SECONDS, MOST_POLL_SECONDS)

    @property
    def peer(self) -> str:
        """The service."""
        return self.service.endpoint.peer

    async def begin(self) -> None:
        """The first pull, which tells whether we may; tried once."""
        await self.pull_into(self.size.now, is_patient=False)

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """At least one delivery, at most ``limit``; asks again, ever more rarely, while there is none."""
        while not self.position.waiting:
            self.require_open()
            self.changed.clear()
            if not self.position.may_pull():
                await self.changed.wait()
                continue
            async with self.turn:
                if self.position.may_pull():
                    await self.pull_into(self.size.now + len(self.position.in_hand))
                    await self.settle()
            if not self.position.waiting:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), self.polling.next_delay())
        self.require_open()
        self.polling.succeeded()
        return [delivery(one) for one in self.position.take(limit, BATCH_OCTETS)]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """They are filed: the service is told once all that was pulled is, or when it is getting late."""
        self.require_open()
        self.position.note_filed(one.token for one in deliveries)
        async with self.turn:
            await self.settle()
        self.changed.set()

    async def pull_into(self, count: int, *, is_patient: bool = True) -> None:
        """Pull, and note what came; fewer when it is too much for one answer."""
        while True:
            now = asyncio.get_running_loop().time()
            try:
                messages = await self.pull(count, is_patient=is_patient)
            except TooLongError:
                if count == 1:
                    raise
                count //= 2
                self.size.fit(count)
            else:
                self.position.pulled(messages, now)
                return

    async def pull(self, count: int, *, is_patient: bool) -> Sequence[Pulled]:
        """One pull. A message that is asked for alone may be as long as it likes: it is cut on its way."""
        whole = -(-self.subscription.max_octets // 3) * 4
        terms = (
            Terms(reply_octets=2 * whole + SLACK_OCTETS, shorten_to=whole, is_patient=is_patient)
            if count == 1
            else Terms(reply_octets=HELD_OCTETS, is_patient=is_patient)
        )
        answer = await self.service.ask(pull(self.subscription.project, self.subscription.name, count), terms)
        with reading():
            messages = read_pulled(answer.body, self.subscription.max_octets)
        if answer.full_size is None:
            return messages
        return [replace(one, full_size=answer.full_size) for one in messages]

    async def settle(self, *, in_full: bool = True) -> None:
        """Acknowledge what is due; what cannot be acknowledged any more is pulled again first."""
        backoff = Backoff(self.service.pace.first_retry_seconds, self.service.pace.most_retry_seconds)
        loop = asyncio.get_running_loop()
        said = "it does not move"
        for _ in range(SETTLE_TRIES):
            ack_id = self.position.due(loop.time(), in_full=in_full)
            if ack_id is None:
                return
            if not self.position.is_pending:
                await self.pull_into(len(self.position.in_hand))
                continue
            request = acknowledge(self.subscription.project, self.subscription.name, ack_id)
            answer = await self.service.ask(request, Terms(handled=frozenset({TOO_LATE, NOT_PENDING})))
            if answer.status == HTTPStatus.OK:
                self.adapt(loop.time())
                self.position.acknowledged(ack_id)
                return
            said = explain(answer.status, answer.body)
            self.position.no_pull_pending()
            if answer.status == TOO_LATE:
                self.size.shrink()
            else:
                await asyncio.sleep(backoff.next_delay())
        raise TransportError(f"the subscription could not be acknowledged: {said}")

    def adapt(self, now: float) -> None:
        """Pull more at a time while there is time to spare, less when there is not."""
        took = now - self.position.pulled_at
        if took > self.subscription.deadline_seconds / 2:
            self.size.shrink()
        elif took < self.subscription.deadline_seconds / 4:
            self.size.grow()

    def require_open(self) -> None:
        """Raise when this end is closed."""
        if self.service.is_closed:
            raise ConnectionLostError("this end is closed")

    async def close(self) -> None:
        """Acknowledge what is filed, if it can be done in a few seconds; never raises."""
        if not self.service.is_closed:
            with contextlib.suppress(TimeoutError, TransportError):
                async with asyncio.timeout(CLOSE_SECONDS), self.turn:
                    await self.settle(in_full=False)
        await self.service.close()
        self.changed.set()


def delivery(one: Pulled) -> Delivery:
    """As the port has it. The service does not say what it has handed out before."""
    return Delivery(one.body, one.message_id, one.ack_id, full_size=one.full_size)
