# SPDX-License-Identifier: Apache-2.0
"""Giving messages to a transport and taking them from it, for tests of any transport."""

import asyncio

from ssm.ports.transport import Consumer, Delivery, Transport


async def give(transport: Transport, *bodies: bytes) -> None:
    """Publish all at once, under ids that tell them apart."""
    producer = await transport.open_producer()
    await asyncio.gather(*(producer.publish(f"id/{number}", body) for number, body in enumerate(bodies)))
    await producer.close()


async def taken(consumer: Consumer, count: int, *, acknowledge: bool = True) -> list[Delivery]:
    """This many, in the order they came."""
    deliveries: list[Delivery] = []
    while len(deliveries) < count:
        some = await consumer.receive(count - len(deliveries))
        if acknowledge:
            await consumer.acknowledge(some)
        deliveries.extend(some)
    return deliveries


async def nothing_comes(consumer: Consumer, seconds: float) -> bool:
    """True when this long nothing is delivered."""
    try:
        await asyncio.wait_for(consumer.receive(1), seconds)
    except TimeoutError:
        return True
    return False
