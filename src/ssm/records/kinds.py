# SPDX-License-Identifier: Apache-2.0
"""Kinds of values, each with its spelling in text messages, in XML and in JSON.

A kind reads liberally: what a repository accepts is accepted, with a doubt where it is not how it should be
written. ``quick`` and ``column`` are the same kind for whole columns of values that leave no doubt; whatever
they do not take is read again, one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from ssm.records import moments, values
from ssm.records.benchmarks import Benchmarks
from ssm.records.moments import Doubts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How values of one kind are read and written; readers raise ValueError with what it must be."""

    name: str
    read: Callable[[str, Doubts], T]
    """From a text message."""
    write: Callable[[T], str]
    read_xml: Callable[[str, Doubts], T]
    write_xml: Callable[[T], str]
    from_json: Callable[[object, Doubts], T]
    to_json: Callable[[T], object]
    quick: str
    """Regular expression, without groups, of what ``column`` takes."""
    column: Callable[[Sequence[str]], Sequence[T | None]]
    """A column of texts that match ``quick`` or are ``None``; ValueError sends it back to be read one by one."""
    holds: tuple[type, ...]
    """Classes of its values."""
    is_sound: Callable[[T], bool]
    """Whether a value of these classes is one that can be written, and read again."""


def anything(kind: Kind[T]) -> Kind[object]:
    """A kind among others in a table; the annotation of the field it stands at says which it is."""
    return cast("Kind[object]", kind)


TEXT = anything(
    Kind(
        name="text",
        read=values.read_text,
        write=str,
        read_xml=values.read_text,
        write_xml=str,
        from_json=values.text_from_json,
        to_json=str,
        quick="[^\n]*",
        column=values.text_column,
        holds=(str,),
        is_sound=values.is_sound_text,
    )
)
WHOLE = anything(
    Kind(
        name="whole number",
        read=values.read_integer,
        write=str,
        read_xml=values.read_integer,
        write_xml=str,
        from_json=values.integer_from_json,
        to_json=int,
        quick=r"-?[0-9]{1,15}",
        column=values.integer_column,
        holds=(int,),
        is_sound=values.is_sound_integer,
    )
)
DECIMAL = anything(
    Kind(
        name="number",
        read=values.read_number,
        write=repr,
        read_xml=values.read_number,
        write_xml=repr,
        from_json=values.number_from_json,
        to_json=float,
        quick=r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?",
        column=values.number_column,
        holds=(float, int),
        is_sound=values.is_sound_number,
    )
)
TIME = anything(
    Kind(
        name="time",
        read=values.read_time,
        write=str,
        read_xml=moments.read_iso_time,
        write_xml=moments.iso_time,
        from_json=values.time_from_json,
        to_json=int,
        quick="[0-9]{1,11}",
        column=values.integer_column,
        holds=(int,),
        is_sound=values.is_sound_time,
    )
)
SECONDS = anything(
    Kind(
        name="duration",
        read=values.read_integer,
        write=str,
        read_xml=values.read_xml_duration,
        write_xml=moments.iso_duration,
        from_json=values.integer_from_json,
        to_json=int,
        quick=r"-?[0-9]{1,15}",
        column=values.integer_column,
        holds=(int,),
        is_sound=values.is_sound_integer,
    )
)
BENCHMARKS = anything(
    Kind(
        name="benchmarks",
        read=values.read_benchmarks,
        write=str,
        read_xml=values.read_benchmarks,
        write_xml=str,
        from_json=values.benchmarks_from_json,
        to_json=values.benchmarks_to_json,
        quick=r"\{[^\n]*\}",
        column=values.benchmarks_column,
        holds=(Benchmarks,),
        is_sound=values.is_sound_benchmarks,
    )
)
PAIRS = anything(
    Kind(
        name="pairs",
        read=values.unreadable,
        write=values.unwritable,
        read_xml=values.unreadable,
        write_xml=values.unwritable,
        from_json=values.unreadable,
        to_json=list,
        quick="(?!)",
        column=values.no_column,
        holds=(tuple,),
        is_sound=bool,
    )
)
EARLIER_UNIT = anything(
    Kind(
        name="text",
        read=values.read_earlier_unit,
        write=values.earlier_unit,
        read_xml=values.read_earlier_unit,
        write_xml=values.earlier_unit,
        from_json=values.text_from_json,
        to_json=str,
        quick="[^\n]*",
        column=values.earlier_unit_column,
        holds=(str,),
        is_sound=values.is_sound_earlier_unit,
    )
)
