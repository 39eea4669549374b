# SPDX-License-Identifier: Apache-2.0
"""Names are made by parsing only: what is none is refused, and what is one reads back as itself."""

import pytest

from ssm.names import MAX_SHOWN, DistinguishedName, components, printable

DN = "/C=UK/O=eScience/CN=host.example.org"


def test_a_name_in_slash_form_is_shown_as_it_was_parsed() -> None:
    assert str(DistinguishedName.parse(DN)) == DN
    assert f"from {DistinguishedName.parse(DN)}" == f"from {DN}"


def test_components_are_pairs_of_type_and_value() -> None:
    assert components(DN) == [("C", "UK"), ("O", "eScience"), ("CN", "host.example.org")]
    assert components("/CN=Robot - a/b=c") == [("CN", "Robot - a"), ("b", "c")]
    assert components("/DC=org/1.2.3=x/CN=host/ce1.example.org") == [
        ("DC", "org"),
        ("1.2.3", "x"),
        ("CN", "host/ce1.example.org"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with '/'"),
        ("CN=host,O=eScience", "begins with '/'"),
        ("/", "begins with '/TYPE='"),
        ("/host/CN=x", "begins with '/TYPE='"),
        ("/7=x", "begins with '/TYPE='"),
        ("/C=UK/CN=", "the value of CN is empty"),
        ("/C=/CN=x", "the value of C is empty"),
        ("/CN=a\nb", "no control characters"),
        ("/CN=a\x00", "no control characters"),
        ("/CN=a\x85", "no control characters"),
    ],
)
def test_what_is_no_name_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DistinguishedName.parse(text)


@pytest.mark.parametrize("pairs", [[("CN", "a/O=b")], [("CN", "a"), ("O", "b/CN=c")]])
def test_a_name_that_would_read_as_another_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        DistinguishedName.from_components(pairs)


def test_components_make_the_name_that_they_came_from() -> None:
    assert DistinguishedName.from_components(components(DN)) == DistinguishedName.parse(DN)


def test_what_is_shown_is_one_bounded_line() -> None:
    assert printable("a\nb\x1b[31m\u2028\ud800é") == "a\\nb\\x1b[31m\\u2028\\ud800é"
    assert printable("x" * MAX_SHOWN) == "x" * MAX_SHOWN
    assert printable("x" * (MAX_SHOWN + 1)) == "x" * MAX_SHOWN + "…"
