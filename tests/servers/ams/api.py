# SPDX-License-Identifier: Apache-2.0
"""The calls of the service: routes, who may, what is read from a body, in the order in which the real one asks."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.servers.ams.state import AmsError, AmsState, Json, Subscription, Topic

VALID = re.compile(r"[A-Za-z0-9_-]+")
PLACE = re.compile(r"/v1/projects/([^/]*)/(topics|subscriptions)/([^/:]*)(?::(\w+))?")
EXCHANGE = re.compile(r"/v1/service-types/([^/]+)/hosts/([^/]+):authx509")
KINDS = {"topics": "topic", "subscriptions": "subscription"}


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    dn: str | None = None
    """Of the client's certificate."""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def token(self) -> str:
        """In a header, or as older clients sent it."""
        in_url = parse_qs(urlsplit(self.target).query).get("key", [""])[0]
        return self.headers.get("x-api-key", "") or in_url

    @property
    def call(self) -> str:
        """Its name, for faults and counts."""
        if self.path.endswith(":authx509"):
            return "exchange"
        match = PLACE.fullmatch(self.path)
        if match is None:
            return self.path.rpartition("/")[2]
        return match[4] or f"{self.method.lower()} {KINDS[match[2]]}"


Handler = Callable[[AmsState, "Asked"], Json]


@dataclass(frozen=True)
class Asked:
    """A request that has been let in so far."""

    received: Received
    project: str
    name: str
    user: str


def json_of(asked: Asked, code: str, message: str) -> dict[str, object]:
    """The body, or what the service says of one that is none."""
    try:
        loaded = json.loads(asked.received.body)
    except ValueError:
        raise AmsError(400, code, message) from None
    if not isinstance(loaded, dict):
        raise AmsError(400, code, message)
    return loaded


def permitted(state: AmsState, asked: Asked, allowed: set[str]) -> None:
    """Whether a publisher or consumer is on the list of this topic or subscription; an admin always is."""
    roles = state.users[asked.user].roles.get(asked.project, set())
    if "project_admin" not in roles and asked.user not in allowed:
        raise AmsError(403, "FORBIDDEN", "Access to this resource is forbidden")


def publish(state: AmsState, asked: Asked) -> Json:
    topic = state.topic(asked.project, asked.name)
    permitted(state, asked, topic.publishers)
    wrong = AmsError(400, "INVALID_ARGUMENT", "Invalid Message Arguments")
    messages = json_of(asked, "INVALID_ARGUMENT", str(wrong)).get("messages", [])
    if not isinstance(messages, list):
        raise wrong
    stored = []
    for one in messages:
        if not isinstance(one, dict):
            raise wrong
        attributes, data = one.get("attributes", {}), one.get("data", "")
        if not isinstance(data, str) or not isinstance(attributes, dict):
            raise wrong
        if not all(isinstance(text, str) for text in attributes.values()):
            raise wrong
        stored.append(({"attributes": attributes} if attributes else {}) | {"data": data})
    return {"messageIds": state.publish(topic, stored)}


def pull(state: AmsState, asked: Asked) -> Json:
    subscription = state.subscription(asked.project, asked.name)
    permitted(state, asked, subscription.consumers)
    wrong = AmsError(400, "INVALID_ARGUMENT", "Invalid Pull Parameters Arguments")
    options = json_of(asked, "INVALID_ARGUMENT", str(wrong))
    most, immediately = options.get("maxMessages", "1"), options.get("returnImmediately", "true")
    if not isinstance(most, str) or not isinstance(immediately, str):
        raise wrong
    # Everything that is there is there at once, and at the end nobody waits: the second option changes nothing.
    count = int(most) if re.fullmatch(r"[+-]?\d+", most) else 1
    return {"receivedMessages": state.pull(subscription, max(count, 0))}


def acknowledge(state: AmsState, asked: Asked) -> Json:
    subscription = state.subscription(asked.project, asked.name)
    permitted(state, asked, subscription.consumers)
    body = json_of(asked, "INVALID_ARGUMENT", "Invalid ack parameter")
    state.acknowledge(subscription, body.get("ackIds"))
    return {}


def topic_body(topic: Topic) -> Json:
    return {"name": topic.full_name}


def put_topic(state: AmsState, asked: Asked) -> Json:
    return topic_body(state.create_topic(asked.project, asked.name))


def get_topic(state: AmsState, asked: Asked) -> Json:
    return topic_body(state.topic(asked.project, asked.name))


def put_subscription(state: AmsState, asked: Asked) -> Json:
    body = json_of(asked, "INVALID_ARGUMENT", "Invalid Subscription Arguments")
    name, deadline = body.get("topic"), body.get("ackDeadlineSeconds", 10)
    match = re.fullmatch(
        rf"/?projects/{re.escape(asked.project)}/topics/([^/]+)", name if isinstance(name, str) else ""
    )
    if match is None or not isinstance(deadline, int):
        raise AmsError(400, "INVALID_ARGUMENT", "Invalid Subscription Arguments")
    return state.create_subscription(asked.project, asked.name, match[1], deadline).body()


def get_subscription(state: AmsState, asked: Asked) -> Json:
    return state.subscription(asked.project, asked.name).body()


def offsets(state: AmsState, asked: Asked) -> Json:
    subscription = state.subscription(asked.project, asked.name)
    newest = subscription.topic.oldest + len(subscription.topic.messages)
    return {"max": newest, "min": subscription.topic.oldest, "current": subscription.current}


def modify_offset(state: AmsState, asked: Asked) -> Json:
    subscription: Subscription = state.subscription(asked.project, asked.name)
    offset = json_of(asked, "INVALID_ARGUMENT", "Invalid Offset Arguments").get("offset")
    if not isinstance(offset, int):
        raise AmsError(400, "INVALID_ARGUMENT", "Invalid Offset Arguments")
    subscription.current, subscription.next = offset, 0
    return {}


# (method, kind, verb) -> who may, and what is done.
ROUTES: Mapping[tuple[str, str, str], tuple[set[str], Handler]] = {
    ("POST", "topics", "publish"): ({"publisher", "project_admin"}, publish),
    ("POST", "subscriptions", "pull"): ({"consumer", "project_admin"}, pull),
    ("POST", "subscriptions", "acknowledge"): ({"consumer", "project_admin"}, acknowledge),
    ("PUT", "topics", ""): ({"project_admin"}, put_topic),
    ("GET", "topics", ""): ({"publisher", "consumer", "project_admin"}, get_topic),
    ("PUT", "subscriptions", ""): ({"project_admin"}, put_subscription),
    ("GET", "subscriptions", ""): ({"consumer", "project_admin"}, get_subscription),
    ("GET", "subscriptions", "offsets"): ({"consumer", "project_admin"}, offsets),
    ("POST", "subscriptions", "modifyOffset"): ({"consumer", "project_admin"}, modify_offset),
}


def answer(state: AmsState, received: Received) -> Json:
    """What the service answers on its own port; AmsError for everything else."""
    if received.method == "GET" and received.path in {"/v1/status", "/v1/version"}:
        return {"status": "ok"} if received.path.endswith("status") else {"release": "test"}
    match = PLACE.fullmatch(received.path)
    if match is None or (received.method, match[2], match[4] or "") not in ROUTES:
        raise AmsError(404, "NOT_FOUND", "The requested URL was not found")
    project, kind, name, verb = match.groups(default="")
    roles, handler = ROUTES[received.method, kind, verb]
    with state.lock:
        for what, text in (("project", project), (KINDS[kind], name)):
            if VALID.fullmatch(text) is None:
                raise AmsError(400, "INVALID_ARGUMENT", f"Invalid {what} name")
        if not received.token:
            raise AmsError(401, "UNAUTHORIZED", "Unauthorized")
        if project not in state.projects:
            raise AmsError(404, "NOT_FOUND", "project doesn't exist")
        user = state.tokens.get(received.token)
        if user is None or project not in state.users[user].roles:
            raise AmsError(401, "UNAUTHORIZED", "Unauthorized")
        if not roles & state.users[user].roles[project]:
            raise AmsError(403, "FORBIDDEN", "Access to this resource is forbidden")
        return handler(state, Asked(received, project, name, user))


def answer_authn(state: AmsState, received: Received) -> Json:
    """What the authentication service answers on its port."""
    match = EXCHANGE.fullmatch(received.path)
    if match is None or received.method != "GET":
        raise AmsError(404, "NOT FOUND", "Not found")
    if received.dn is None:
        raise AmsError(400, "BAD REQUEST", "No certificate provided")
    with state.lock:
        for is_there, what in (
            (match[1] == "ams", "Service-type"),
            (match[2] in state.hosts, "Host"),
            (received.dn in state.bindings, "Binding"),
        ):
            if not is_there:
                raise AmsError(404, "NOT FOUND", f"{what} was not found")
        return {"token": state.token_of(state.bindings[received.dn])}
