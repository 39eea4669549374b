# SPDX-License-Identifier: Apache-2.0
"""Round trips per version, any split of the octets, and two ends tied back to back."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ssm.protocols.stomp.codec import Decoder
from ssm.protocols.stomp.frames import Frame, Version, encode
from ssm.protocols.stomp.session import ClientSession, Message, Receipt, SessionSettings

LIMIT = 2000
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
VERSIONS = st.sampled_from(list(Version))
BODIES = st.binary(max_size=300) | st.binary(max_size=3).map(lambda one: one * 1000)
FORBIDDEN: Mapping[Version, str] = {Version.V1_0: "\r\n", Version.V1_1: "\r", Version.V1_2: ""}


def texts(version: Version, *, is_name: bool) -> st.SearchStrategy[str]:
    """What a version can carry in a header; in 1.0 a name has no way to hold a colon."""
    forbidden = FORBIDDEN[version] + (":" if is_name and version is Version.V1_0 else "")
    return st.text(ANY, max_size=12).filter(lambda text: not any(char in text for char in forbidden))


def headers_of(version: Version) -> st.SearchStrategy[dict[str, str]]:
    names = texts(version, is_name=True).filter(lambda name: name != "content-length")
    return st.dictionaries(names, texts(version, is_name=False), max_size=5)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Version, list[Frame]]:
    version = draw(VERSIONS)
    commands = st.sampled_from(("SEND", "MESSAGE", "RECEIPT", "ERROR", "ACK"))
    frames = st.builds(Frame, commands, headers_of(version), BODIES)
    return version, draw(st.lists(frames, min_size=1, max_size=5))


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The octets in pieces, cut at these places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:stop] for start, stop in pairwise(places)]


def decoded(pieces: Sequence[bytes], version: Version) -> list[Frame]:
    decoder = Decoder(LIMIT, version)
    return [frame for piece in pieces for frame in decoder.feed(piece)]


def without_length(frame: Frame) -> Frame:
    headers = {name: value for name, value in frame.headers.items() if name != "content-length"}
    return Frame(frame.command, headers, frame.body, frame.full_size)


def kept(frame: Frame) -> Frame:
    """What is to come out: a body beyond the limit says its size."""
    return Frame(frame.command, frame.headers, frame.body[:LIMIT], len(frame.body) if len(frame.body) > LIMIT else None)


@given(streams(), st.lists(st.integers(0, 100_000), max_size=30), st.sampled_from([b"", b"\n", b"\r\n\n"]))
def test_frames_come_out_as_they_went_in_however_the_octets_are_cut(
    drawn: tuple[Version, list[Frame]], cuts: list[int], beats: bytes
) -> None:
    version, frames = drawn
    wire = beats.join(encode(frame, version) for frame in frames) + beats
    assert [without_length(frame) for frame in decoded(split(wire, cuts), version)] == [kept(one) for one in frames]


@given(streams())
def test_frames_come_out_the_same_octet_by_octet(drawn: tuple[Version, list[Frame]]) -> None:
    version, frames = drawn
    wire = b"".join(encode(frame, version) for frame in frames)
    assert decoded([wire[at : at + 1] for at in range(len(wire))], version) == decoded([wire], version)


@given(
    st.lists(st.binary(min_size=1, max_size=50).filter(lambda body: b"\0" not in body), min_size=1, max_size=5),
    st.lists(st.integers(0, 100_000), max_size=10),
)
def test_bodies_that_end_at_nul_come_out_however_the_octets_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    wire = b"".join(b"MESSAGE\na:b\n\n" + body + b"\0" for body in bodies)
    assert [frame.body for frame in decoded(split(wire, cuts), Version.V1_2)] == bodies


@given(VERSIONS, st.lists(BODIES, max_size=8), st.randoms(use_true_random=False))
def test_a_sender_tied_to_a_taker_of_frames_gets_each_receipt_in_any_order(
    version: Version, bodies: list[bytes], chance: Random
) -> None:
    session = greeted(version)
    far = Decoder(10_000, version)
    wire = b"".join(
        b"".join(session.send({"destination": "/queue/a", "empa-id": f"id {number}"}, body, f"r-{number}", 0.0))
        for number, body in enumerate(bodies)
    )
    frames = list(far.feed(wire))
    assert [frame.body for frame in frames] == bodies
    answers = [Frame("RECEIPT", {"receipt-id": frame.headers["receipt"]}) for frame in frames]
    chance.shuffle(answers)
    events = list(session.receive(b"".join(encode(answer, version) for answer in answers), 1.0))
    assert events == [Receipt(answer.headers["receipt-id"]) for answer in answers]
    assert not session.receipts


@given(VERSIONS, st.data())
def test_what_is_handed_out_is_acknowledged_by_what_the_far_end_calls_it(version: Version, data: st.DataObject) -> None:
    token = data.draw(texts(version, is_name=False))
    session = greeted(version)
    session.subscribe("/queue/a", 1, 1, 0.0)
    name = "ack" if version is Version.V1_2 else "message-id"
    [event] = session.receive(encode(Frame("MESSAGE", {name: token, "message-id": token}, b"x"), version), 1.0)
    assert isinstance(event, Message)
    [frame] = Decoder(LIMIT, version).feed(session.acknowledge([event.token], 2.0))
    assert frame.headers["id" if version is Version.V1_2 else "message-id"] == token


def greeted(version: Version) -> ClientSession:
    session = ClientSession(SessionSettings())
    session.connect(0.0)
    list(session.receive(encode(Frame("CONNECTED", {"version": version.value}), version), 0.0))
    return session
