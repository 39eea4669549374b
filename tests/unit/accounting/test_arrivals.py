# SPDX-License-Identifier: Apache-2.0
"""When a message came, as one number that sorts."""

from itertools import pairwise

from ssm.accounting.arrivals import APART_BITS, MICROSECONDS, arrival_of, microseconds_of
from ssm.ports.incoming import IncomingElement
from ssm.spool.element_names import NameMaker

NOW = 1_760_000_000 * MICROSECONDS


def element(name: str, body: bytes = b"x", signer: str | None = "/CN=a") -> IncomingElement:
    return IncomingElement(name, body, signer, "id")


def test_numbers_sort_as_the_receiver_named_the_elements() -> None:
    maker = NameMaker()
    names = [f"00000000/{maker.next_name()}" for _ in range(2000)]
    found = [arrival_of(element(name), 2 * NOW).id for name in names]
    assert all(first < second for first, second in pairwise(found))
    assert max(found) < 2**63


def test_the_same_element_has_the_same_number_and_another_another() -> None:
    name = f"00000000/{NOW // MICROSECONDS:08x}000000"
    first = arrival_of(element(name), NOW)
    assert arrival_of(element(name), NOW + 5).id == first.id
    assert arrival_of(element(name, b"y"), NOW).id != first.id
    assert first.received == NOW // MICROSECONDS


def test_a_name_from_the_future_counts_as_now() -> None:
    far = arrival_of(element("00000000/ffffffff000000"), NOW)
    assert far.id >> APART_BITS == NOW
    assert far.received == NOW // MICROSECONDS


def test_microseconds_beyond_a_second_stay_within_it() -> None:
    assert microseconds_of("00000000/00000001fffff0") == 2 * MICROSECONDS - 1


def test_names_from_outside_fit_their_columns() -> None:
    arrival = arrival_of(element("00000000/00000001000000", signer="/CN=" + "x" * 3000 + "\n\0"), NOW)
    assert arrival.signer is not None
    assert len(arrival.signer) == 1024
    assert arrival_of(element("00000000/00000001000000", signer="/CN=a\0b\udce9"), NOW).signer == "/CN=a\\x00b\\udce9"
    assert arrival_of(element("00000000/00000001000000", signer=None), NOW).signer is None
