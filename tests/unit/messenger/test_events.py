# SPDX-License-Identifier: Apache-2.0
"""The catalogue: names of its own, lines that can be laid out, and the words that others search for."""

import logging
import string

import pytest

from ssm.messenger.events import Event


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_each_event_has_a_name_of_its_own_and_says_what_it_means() -> None:
    names = [event.value.name for event in Event]
    assert len(set(names)) == len(names)
    assert all(event.value.name == event.name.lower().replace("_", "-") for event in Event)
    assert all(event.value.meaning.endswith(".") for event in Event)


@pytest.mark.parametrize("event", Event)
def test_each_line_can_be_laid_out_from_plain_facts(event: Event) -> None:
    facts = dict.fromkeys(fields_of(event.value.text), "fact")
    assert "{" not in event.value.text.format_map(facts)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event.FOUND, "Found {count} messages."),
        (Event.NOTHING, "No messages found to send."),
        (Event.SENDING, "Sending message: {message_id}"),
        (Event.CONFIRMED, "Broker received message: {message_id}"),
        (Event.RUN_FINISHED, "SSM run has finished."),
        (Event.SHUT_DOWN, "SSM has shut down."),
        (Event.ACCEPTED, "Received message. ID = {message_id}"),
        (Event.ACCEPTED, "Valid signer: {signer}"),
        (Event.ACCEPTED, "Message saved to incoming queue as {element}"),
        (Event.REJECTED, "Message saved to reject queue as {element}"),
        (Event.PING, "Received ping message."),
    ],
)
def test_lines_that_others_search_for_keep_their_words(event: Event, words: str) -> None:
    assert words in event.value.text


def test_an_error_is_what_a_person_must_act_on() -> None:
    errors = {event for event in Event if event.value.level >= logging.ERROR}
    assert errors == {Event.SET_ASIDE, Event.SPOOL_UNAVAILABLE}
