# SPDX-License-Identifier: Apache-2.0
import pytest

from ssm.protocols.stomp.frames import ESCAPES, Frame, Version, carriable, decode_text, encode, encode_head

VERSIONS = list(Version)


def test_a_frame_is_command_headers_empty_line_body_and_nul() -> None:
    frame = Frame("SEND", {"destination": "/queue/a"}, b"body\0with nul")
    assert encode(frame, Version.V1_2) == b"SEND\ndestination:/queue/a\ncontent-length:13\n\nbody\0with nul\0"


def test_a_frame_without_body_has_no_content_length() -> None:
    assert encode(Frame("BEGIN", {"transaction": "t"}), Version.V1_2) == b"BEGIN\ntransaction:t\n\n\0"


def test_a_content_length_that_is_given_stays() -> None:
    assert b"content-length:0\n" in encode(Frame("MESSAGE", {"content-length": "0"}), Version.V1_2)


def test_encoding_leaves_its_callers_headers_alone() -> None:
    headers = {"destination": "/queue/a"}
    encode(Frame("SEND", headers, b"x"), Version.V1_2)
    assert headers == {"destination": "/queue/a"}


@pytest.mark.parametrize(
    ("version", "wire"),
    [(Version.V1_1, r"a\cb\\c\nd"), (Version.V1_2, r"a\cb\\c\nd")],
)
def test_what_would_end_a_header_is_escaped(version: Version, wire: str) -> None:
    assert encode_head("SEND", {"x": "a:b\\c\nd"}, version) == f"SEND\nx:{wire}\n\n".encode()


def test_header_names_are_escaped_too() -> None:
    assert encode_head("SEND", {"a:b": "c"}, Version.V1_2) == b"SEND\na\\cb:c\n\n"


def test_a_carriage_return_has_an_escape_in_1_2_only() -> None:
    assert encode_head("SEND", {"x": "a\rb"}, Version.V1_2) == b"SEND\nx:a\\rb\n\n"
    for version in (Version.V1_0, Version.V1_1):
        with pytest.raises(ValueError, match="cannot carry"):
            encode_head("SEND", {"x": "a\rb"}, version)


def test_1_0_has_no_escapes_and_carries_a_colon_in_a_value_as_it_is() -> None:
    assert encode_head("SEND", {"x": "a:b\\n"}, Version.V1_0) == b"SEND\nx:a:b\\n\n\n"


def test_1_0_refuses_a_value_with_a_line_end() -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        encode_head("SEND", {"x": "a\nevil:1"}, Version.V1_0)


@pytest.mark.parametrize(("command", "version"), [("SEND", Version.V1_0), ("CONNECT", Version.V1_2)])
def test_without_escapes_a_colon_in_a_name_is_refused_as_it_would_forge_another_header(
    command: str, version: Version
) -> None:
    with pytest.raises(ValueError, match="name that this version of STOMP cannot carry"):
        encode_head(command, {"content-length:5": "x"}, version)


def test_what_a_version_cannot_carry_is_left_out_and_the_rest_passes() -> None:
    headers = {"message-id:7": "forged", "a": "x:y", "b": "one\ntwo", "c": "one\rtwo", "d": "\0", "e\r": "z", "f": ""}
    carried = {version: "".join(carriable(headers, version)) for version in VERSIONS}
    assert carried == {Version.V1_0: "af", Version.V1_1: "message-id:7abf", Version.V1_2: "message-id:7abce\rf"}
    assert carriable(headers, Version.V1_0) == {"a": "x:y", "f": ""}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("text", ["a\0b", "a:\0b"])
def test_no_version_carries_nul(version: Version, text: str) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        encode_head("SEND", {"x": text}, version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("command", ["CONNECT", "CONNECTED"])
def test_the_frames_of_the_greeting_are_never_escaped(version: Version, command: str) -> None:
    assert encode_head(command, {"passcode": "a:b\\c"}, version) == f"{command}\npasscode:a:b\\c\n\n".encode()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_greeting_refuses_a_line_end_in_a_value(version: Version) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        encode_head("CONNECT", {"login": "me\npasscode:x"}, version)


@pytest.mark.parametrize("version", [Version.V1_1, Version.V1_2])
@pytest.mark.parametrize("text", ["\\t", "a\\", "\\\\\\", "\\0"])
def test_an_unknown_escape_is_refused(version: Version, text: str) -> None:
    unescape = {escaped: plain for plain, escaped in ESCAPES[version].items()}
    with pytest.raises(ValueError, match="unknown escape"):
        decode_text(text, unescape)


def test_an_escaped_backslash_before_a_letter_is_no_line_end() -> None:
    unescape = {escaped: plain for plain, escaped in ESCAPES[Version.V1_2].items()}
    assert decode_text(r"a\\n\n", unescape) == "a\\n\n"


def test_a_passcode_and_a_body_stay_out_of_repr() -> None:
    shown = repr(Frame("CONNECT", {"login": "me", "passcode": "hunter2"}, b"payload"))
    assert "hunter2" not in shown
    assert "payload" not in shown
    assert "me" in shown
    assert "7 octets" in shown
