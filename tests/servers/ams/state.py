# SPDX-License-Identifier: Apache-2.0
"""Projects, topics, subscriptions, users: what the service holds, and what it makes of each call."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

BROKER_OCTETS = 1_500_000
MOST_DEADLINE_SECONDS = 600
Json = Mapping[str, object]


class AmsError(Exception):
    """An answer that is an error, in the envelope of the service."""

    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def body(self) -> Json:
        return {"error": {"code": self.code, "message": str(self), "status": self.status}}


@dataclass
class Topic:
    """A log of messages; offsets below ``oldest`` are not kept any more."""

    project: str
    name: str
    messages: list[Json] = field(default_factory=list)
    oldest: int = 0
    publishers: set[str] = field(default_factory=set)

    @property
    def full_name(self) -> str:
        return f"/projects/{self.project}/topics/{self.name}"


@dataclass
class Subscription:
    """One position in a topic."""

    topic: Topic
    name: str
    current: int
    deadline_seconds: int = 10
    next: int = 0
    pulled_at: float = 0.0
    consumers: set[str] = field(default_factory=set)

    @property
    def full_name(self) -> str:
        return f"/projects/{self.topic.project}/subscriptions/{self.name}"

    def body(self) -> Json:
        return {
            "name": self.full_name,
            "topic": self.topic.full_name,
            "pushConfig": {"pushEndpoint": "", "retryPolicy": {}},
            "ackDeadlineSeconds": self.deadline_seconds,
        }


@dataclass
class User:
    """Somebody, with a role in each project."""

    name: str
    roles: dict[str, set[str]] = field(default_factory=dict)


class AmsState:
    """Everything, under one lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.projects: set[str] = set()
        self.topics: dict[tuple[str, str], Topic] = {}
        self.subscriptions: dict[tuple[str, str], Subscription] = {}
        self.users: dict[str, User] = {}
        self.tokens: dict[str, str] = {}
        """Token to user name."""
        self.bindings: dict[str, str] = {}
        """DN of a certificate to user name."""
        self.hosts = {"localhost", "127.0.0.1"}
        self.max_message_octets = BROKER_OCTETS

    # What a test sets up.

    def add_user(self, name: str, project: str, *roles: str, dn: str | None = None) -> str:
        """Somebody with these roles; their token."""
        self.projects.add(project)
        self.users.setdefault(name, User(name)).roles[project] = set(roles)
        if dn is not None:
            self.bindings[dn] = name
        return self.new_token(name)

    def new_token(self, user: str) -> str:
        """A token for somebody; older ones are good for nothing any more."""
        with self.lock:
            self.tokens = {token: name for token, name in self.tokens.items() if name != user}
            token = secrets.token_hex(20)
            self.tokens[token] = user
            return token

    def expire(self, user: str) -> None:
        """Their token is good for nothing any more."""
        with self.lock:
            self.tokens = {token: name for token, name in self.tokens.items() if name != user}

    def token_of(self, user: str) -> str:
        """Their token, a new one if they have none."""
        with self.lock:
            return next((token for token, name in self.tokens.items() if name == user), "") or self.new_token(user)

    # Topics and subscriptions.

    def topic(self, project: str, name: str) -> Topic:
        if (project, name) not in self.topics:
            raise AmsError(404, "NOT_FOUND", "Topic doesn't exist")
        return self.topics[project, name]

    def subscription(self, project: str, name: str) -> Subscription:
        if (project, name) not in self.subscriptions:
            raise AmsError(404, "NOT_FOUND", "Subscription doesn't exist")
        return self.subscriptions[project, name]

    def create_topic(self, project: str, name: str) -> Topic:
        self.projects.add(project)
        if (project, name) in self.topics:
            raise AmsError(409, "ALREADY_EXISTS", "Topic already exists")
        return self.topics.setdefault((project, name), Topic(project, name))

    def create_subscription(self, project: str, name: str, topic: str, deadline_seconds: int = 10) -> Subscription:
        """It begins at the end of its topic."""
        if (project, name) in self.subscriptions:
            raise AmsError(409, "ALREADY_EXISTS", "Subscription already exists")
        if not 0 <= deadline_seconds <= MOST_DEADLINE_SECONDS:
            raise AmsError(
                400, "INVALID_ARGUMENT", "Invalid ackDeadlineSeconds(needs value between 0 and 600) Arguments"
            )
        found = self.topic(project, topic)
        made = Subscription(found, name, found.oldest + len(found.messages), deadline_seconds)
        self.subscriptions[project, name] = made
        return made

    # Messages.

    def publish(self, topic: Topic, messages: Sequence[Json]) -> list[str]:
        """One after the other: those before one that is too large are published all the same."""
        ids = []
        for one in messages:
            offset = topic.oldest + len(topic.messages)
            stored = {
                "messageId": str(offset),
                **one,
                "publishTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            }
            if len(json.dumps(stored)) > self.max_message_octets:
                raise AmsError(413, "INVALID_ARGUMENT", "Message size is too large")
            topic.messages.append(stored)
            ids.append(str(offset))
        return ids

    def drop_oldest(self, topic: Topic, count: int) -> None:
        """Messages do not stay for ever."""
        with self.lock:
            del topic.messages[:count]
            topic.oldest += count

    def pull(self, subscription: Subscription, count: int) -> list[Json]:
        """The next messages. The position stays; what may be acknowledged is noted."""
        topic = self.topic_of(subscription)
        subscription.current = max(subscription.current, topic.oldest)
        begin = subscription.current - topic.oldest
        messages = topic.messages[begin : begin + count]
        subscription.next = subscription.current + len(messages)
        subscription.pulled_at = self.clock()
        stem = subscription.full_name.removeprefix("/")
        return [
            {"ackId": f"{stem}:{subscription.current + number}", "message": one} for number, one in enumerate(messages)
        ]

    def topic_of(self, subscription: Subscription) -> Topic:
        topic = subscription.topic
        if self.topics.get((topic.project, topic.name)) is not topic:
            raise AmsError(409, "CONFLICT", "Subscription's topic doesn't exist")
        return topic

    def acknowledge(self, subscription: Subscription, ack_ids: object) -> None:
        """Everything up to the largest offset."""
        stem = subscription.full_name.removeprefix("/") + ":"
        if not isinstance(ack_ids, list) or not ack_ids:
            raise AmsError(400, "INVALID_ARGUMENT", "Invalid ack id")
        offsets = []
        for one in ack_ids:
            offset = one.removeprefix(stem) if isinstance(one, str) and one.startswith(stem) else ""
            if not offset.isdigit():
                raise AmsError(400, "INVALID_ARGUMENT", "Invalid ack id")
            offsets.append(int(offset))
        after = max(offsets) + 1
        if subscription.next == 0:
            raise AmsError(500, "INTERNAL_SERVER_ERROR", "no ack pending")
        if not subscription.current < after <= subscription.next:
            raise AmsError(500, "INTERNAL_SERVER_ERROR", "wrong ack")
        if int(self.clock() - subscription.pulled_at) > subscription.deadline_seconds:
            raise AmsError(408, "TIMEOUT", "ack timeout")
        subscription.current = after
        subscription.next = 0
