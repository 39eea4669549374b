# SPDX-License-Identifier: Apache-2.0
"""What a log event is. Each side has a catalogue of its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the catalogue."""

    name: str
    """What it is called in JSON lines, in the journal and in counters."""
    level: int
    """Of the standard library's levels. ERROR: a person must act."""
    text: str
    """The line for people; fields in braces are the event's facts."""
    meaning: str
    """One sentence for the reference page."""
