# SPDX-License-Identifier: Apache-2.0
"""What is asked of the ARGO Messaging Service, as HTTP requests without a network and without a token.

A token never stands in a URL: whoever sends these puts it into the header ``x-api-key``.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

TOKEN_HEADER = "x-api-key"  # noqa: S105 - the name of a header
ID_ATTRIBUTE = "empaid"
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
HOST = re.compile(r"[A-Za-z0-9._-]{1,255}|\[?[0-9A-Fa-f:.]{2,64}\]?")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; where to and as whom is for the sender to know."""

    method: str
    path: str
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish, encoded once."""

    json: bytes = field(repr=False)
    """As it stands in the array of messages."""


def outgoing(message_id: str, body: bytes) -> Outgoing:
    """A sealed message with its id, in base64 without line ends (AMS, publish)."""
    attributes = json.dumps({ID_ATTRIBUTE: message_id}).encode("ascii")
    return Outgoing(b'{"attributes":' + attributes + b',"data":"' + base64.b64encode(body) + b'"}')


def publish(project: str, topic: str, messages: Sequence[Outgoing]) -> Request:
    """Publish some messages, in this order; none at all asks only whether we may."""
    body = b'{"messages":[' + b",".join(one.json for one in messages) + b"]}"
    return Request("POST", f"{place(project, 'topics', topic)}:publish", body)


def pull(project: str, subscription: str, count: int) -> Request:
    """Ask for the next messages, at most this many, without waiting for more; both options are texts (AMS, pull)."""
    body = json.dumps({"maxMessages": str(count), "returnImmediately": "true"}).encode("ascii")
    return Request("POST", f"{place(project, 'subscriptions', subscription)}:pull", body)


def acknowledge(project: str, subscription: str, ack_id: str) -> Request:
    """Everything up to and with this one is filed (AMS, acknowledge: the largest offset counts)."""
    body = json.dumps({"ackIds": [ack_id]}).encode("ascii")
    return Request("POST", f"{place(project, 'subscriptions', subscription)}:acknowledge", body)


def exchange(host: str) -> Request:
    """Ask for the token that belongs to the certificate of this connection. ValueError for what is no host."""
    if HOST.fullmatch(host) is None:
        raise ValueError(f"{host!r} is not a host name")
    return Request("GET", f"/v1/service-types/ams/hosts/{host}:authx509")


def place(project: str, kind: str, name: str) -> str:
    """The path of a topic or a subscription. ValueError for names that the service does not have."""
    for one in (project, name):
        if NAME.fullmatch(one) is None:
            raise ValueError(f"{one!r} is not a name of AMS: letters, digits, _ and - only")
    return f"/v1/projects/{project}/{kind}/{name}"
