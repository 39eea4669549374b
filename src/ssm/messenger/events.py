# SPDX-License-Identifier: Apache-2.0
"""The catalogue of log events: each change of a message's state, and what people must know besides.

Workflows tell an event with its facts; ``ssm.logs`` turns it into a line. Where the incumbent had a line that
others search for, ours holds the same words.
"""

import logging
from enum import Enum
from typing import Protocol

from ssm.ports.telling import Kind


class Event(Enum):
    """Every event there is."""

    FOUND = Kind("found", logging.INFO, "Found {count} messages.", "A run has looked into the outgoing spool.")
    NOTHING = Kind("nothing", logging.INFO, "No messages found to send.", "The outgoing spool is empty.")
    RECOVERED = Kind(
        "recovered",
        logging.WARNING,
        "Recovered {count} elements that an earlier run left half done.",
        "Claims given back, or filing finished, after a program died.",
    )
    BROKERS_FOUND = Kind(
        "brokers-found",
        logging.INFO,
        "Found {count} brokers in {source}: {brokers}.",
        "A look-up has an answer: at the start, and then once a day.",
    )
    BROKER_PASSED_OVER = Kind(
        "broker-passed-over",
        logging.WARNING,
        "No broker in the entry {service}: {reason}.",
        "A look-up found something that cannot be a broker; the others are used.",
    )
    LOOK_UP_FAILED = Kind(
        "look-up-failed",
        logging.WARNING,
        "Brokers cannot be looked up: {cause}. Going on with those found at {found}: {brokers}.",
        "No LDAP server has an answer; the last good one is used, from disk if need be.",
    )
    BROKERS_NOT_KEPT = Kind(
        "brokers-not-kept",
        logging.WARNING,
        "The brokers found cannot be kept on disk: {cause}.",
        "They are used, but a start without LDAP would not know them.",
    )
    CONNECTED = Kind("connected", logging.INFO, "Connected to {peer}.", "A broker has taken us.")
    CONNECTION_LOST = Kind(
        "connection-lost",
        logging.WARNING,
        "No connection: {cause}. Trying again in {retry_in} seconds.",
        "A connection ended, or none could be made; what was unconfirmed will be sent or delivered again.",
    )
    SENDING = Kind(
        "sending",
        logging.INFO,
        "Sending message: {message_id}. Waiting for broker to accept message.",
        "A sealed message is on its way.",
    )
    CONFIRMED = Kind(
        "confirmed",
        logging.INFO,
        "Broker received message: {message_id}",
        "The broker confirmed this very message.",
    )
    PUBLISHED = Kind(
        "published",
        logging.INFO,
        "Sent {message_id}",
        "Its element has left the spool.",
    )
    REFUSED = Kind(
        "refused",
        logging.WARNING,
        "The broker refused message {message_id}: {reason}. It stays in the spool.",
        "The broker answered one message with an error.",
    )
    NON_TEXT = Kind(
        "non-text",
        logging.WARNING,
        "Some payloads are not UTF-8 text: they travel in base64, which not every deployed receiver reads.",
        "Said once a run.",
    )
    FAULTY = Kind(
        "faulty",
        logging.WARNING,
        "Message {message_id} has {count} faults, and is sent all the same: {faults}",
        "Its records are not as a repository wants them; `ssm check` says more. See [messaging] check.",
    )
    CUT = Kind(
        "cut",
        logging.INFO,
        "Message {message_id} of {octets} octets is too large to go as one; it is sent as {pieces} pieces, {names}.",
        "Over max_message_size, or what the protocol takes. Records stay whole; it leaves when all are confirmed.",
    )
    SET_ASIDE = Kind(
        "set-aside",
        logging.ERROR,
        "Message {message_id} set aside as {element}: {reason}",
        "A message that can never be sent, or that ended the receiver three times; somebody must look at it.",
    )
    TIDYING = Kind("tidying", logging.INFO, "Tidying message directory.", "Old locks and empty folders go.")
    RUN_FINISHED = Kind(
        "run-finished",
        logging.INFO,
        "SSM run has finished. {sent} sent, {refused} refused, {set_aside} set aside.",
        "A sender has done what it could.",
    )
    SHUT_DOWN = Kind("shut-down", logging.INFO, "SSM has shut down.", "The program ends.")
    ACCEPTED = Kind(
        "accepted",
        logging.INFO,
        "Received message. ID = {message_id}. Valid signer: {signer}. "
        "Message saved to incoming queue as {element}{way}",
        "Verified, permitted, and durable in incoming.",
    )
    REJECTED = Kind(
        "rejected",
        logging.WARNING,
        "Received message. ID = {message_id}. Message rejected: {reason}. "
        "Message saved to reject queue as {element}{way}",
        "Can never pass; durable in reject with its reason.",
    )
    DEFERRED = Kind(
        "deferred",
        logging.WARNING,
        "Received message. ID = {message_id}. {reason}. Message saved to deferred queue as {element}{way}",
        "Cannot be judged now for a reason on our side; durable in deferred, judged again by itself.",
    )
    LEFT = Kind(
        "left",
        logging.WARNING,
        "Received message. ID = {message_id}. {reason}. It stays with its sender, who will send it again.",
        "Cannot be judged now for a reason on our side, and its sender keeps it until it is told.",
    )
    DUPLICATE = Kind(
        "duplicate",
        logging.INFO,
        "Message {message_id} had been filed before; only acknowledged.",
        "The same sealed octets came again.",
    )
    PING = Kind("ping", logging.DEBUG, "Received ping message.", "The keep-alive of an old receiver.")
    SPOOL_UNAVAILABLE = Kind(
        "spool-unavailable",
        logging.ERROR,
        "The spool is in the way: {cause}. Nothing is acknowledged before it is filed; trying again in {retry_in} s.",
        "Disk full or broken; goes on by itself when it can.",
    )


class Teller(Protocol):
    """How a workflow tells an event; never raises."""

    def __call__(self, event: Event, *, message_id: str | None = None, **facts: str | float | None) -> None:
        """One line, with the message's id first."""
        ...
