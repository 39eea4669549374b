# SPDX-License-Identifier: Apache-2.0
"""Anything at all in frames, texts and certificates of SSM 1: documented errors come out, and nothing else."""

import base64
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssm.errors import CredentialError, MalformedEnvelopeError, UntrustedCertificateError
from ssm.protocols.ssm1.consumer import Consumer
from ssm.protocols.ssm1.frames import CHANNEL, MAX_CHANNEL, Kind, read_frame
from ssm.protocols.ssm1.payload import pack, unpack
from ssm.protocols.ssm1.producer import Producer
from ssm.wiring.ssm1 import examine
from tests.unit.envelope.craft import Witness

BOUND = 10_000
HEADERS = st.dictionaries(
    st.sampled_from(("ssm-msg-type", "ssm-msg-id", "ssm-reack", "reply-to", "other")),
    st.one_of(st.text(max_size=300), st.sampled_from((*Kind, "/topic/x", "/queue/central", "0" * 32))),
)
CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=5)


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a machine that does much else
@given(st.lists(st.tuples(HEADERS, st.binary(max_size=100)), max_size=8))
def test_any_frames_go_by_both_machines(frames: list[tuple[dict[str, str], bytes]]) -> None:
    consumer, producer = Consumer("/queue/central", b"PEM"), Producer("/topic/replies")
    producer.connected(0)
    for number, (headers, body) in enumerate(frames):
        frame = read_frame(headers, body)
        heard = consumer.receive(frame)
        for channel in (heard.reply.channel if heard.reply else None, heard.message.channel if heard.message else None):
            assert channel is None or (CHANNEL.fullmatch(channel) and len(channel) <= MAX_CHANNEL)
            assert channel != "/queue/central"
        producer.receive(frame)
        producer.on_time(float(number))


@given(st.binary(max_size=500))
def test_any_text_is_a_payload_or_malformed(text: bytes) -> None:
    for given_text in (text, base64.b64encode(text), base64.b64encode(zlib.compress(text) + text[:1])):
        try:
            assert 0 < len(unpack(given_text, BOUND)) <= BOUND
        except MalformedEnvelopeError:
            continue


@given(st.binary(min_size=1, max_size=300), CHANGES)
def test_a_changed_text_is_a_payload_or_malformed(payload: bytes, changes: list[tuple[int, int]]) -> None:
    text = bytearray(pack(payload))
    for position, octet in changes:
        text[position % len(text)] = octet
    try:
        assert len(unpack(bytes(text), BOUND)) <= BOUND
    except MalformedEnvelopeError:
        return


@given(st.binary(max_size=300))
def test_any_certificate_is_refused(octets: bytes) -> None:
    head, tail = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
    for pem in (octets, head + octets + tail, head + base64.encodebytes(octets) + tail):
        witness = Witness()
        with pytest.raises((CredentialError, UntrustedCertificateError)):
            examine(pem, judge=witness, consumer_dn="/CN=x")
        assert witness.asked == []
