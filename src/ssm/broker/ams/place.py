# SPDX-License-Identifier: Apache-2.0
"""A project with one topic and one subscription, for people who are known by their certificates."""

from collections.abc import Sequence
from dataclasses import dataclass

from ssm.broker.ams.api import VALID
from ssm.broker.ams.state import AmsState
from ssm.broker.ams.subjects import of_slash_form


@dataclass(frozen=True, slots=True)
class Place:
    """What a sender and a receiver need to be told."""

    project: str
    topic: str
    subscription: str

    def state(self, publishers: Sequence[str], consumers: Sequence[str]) -> AmsState:
        """A fresh service for these DNs, in slash form. ValueError says which name is none."""
        for name in (self.project, self.topic, self.subscription):
            if VALID.fullmatch(name) is None:
                raise ValueError(f"{name!r} is not a name: letters, digits, _ and -")
        state = AmsState()
        topic = state.create_topic(self.project, self.topic)
        subscription = state.create_subscription(self.project, self.subscription, self.topic)
        for dn in dict.fromkeys((*publishers, *consumers)):
            roles = [role for role, who in (("publisher", publishers), ("consumer", consumers)) if dn in who]
            state.add_user(dn, self.project, *roles, dn=service_name(dn))
        topic.publishers.update(publishers)
        subscription.consumers.update(consumers)
        return state


def service_name(dn: str) -> str:
    """As the service writes it. ValueError when it is none."""
    try:
        return of_slash_form(dn)
    except ValueError as error:
        raise ValueError(f"{dn!r} is not a DN in slash form: {error}") from error
