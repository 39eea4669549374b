# SPDX-License-Identifier: Apache-2.0
"""What both ends of SSM 1 do with frames: send one, and say that one was passed over."""

import logging

from ssm.names import printable
from ssm.protocols.ssm1.frames import Frame, Kind, headers_of
from ssm.transport.stomp.connection import Connection

logger = logging.getLogger(__name__)


async def send(connection: Connection, destination: str, frame: Frame) -> None:
    """Send one frame and wait for the broker's receipt; messages outlive the broker's restart, the rest need not."""
    lasting = {"persistent": "true"} if frame.kind == Kind.MESSAGE else {}
    await connection.send({"destination": destination, **headers_of(frame), **lasting}, frame.body)


def say_ignored(peer: str, why: str) -> None:
    """Frames that nobody expected may be anybody's."""
    logger.warning("From %s: %s; ignored", peer, printable(why))
