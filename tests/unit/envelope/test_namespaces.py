# SPDX-License-Identifier: Apache-2.0
"""Namespace files: which subjects they permit, and that what cannot be understood permits nothing."""

import pytest

from ssm.envelope.namespaces import NamespaceError, namespaces_permit, signing_policy_permits

CA = "/C=UK/O=eScienceCA/CN=UK CA"
HOST = "/C=UK/O=eScience/CN=host.example.org"


@pytest.mark.parametrize(
    ("text", "permitted"),
    [
        (f'TO Issuer "{CA}" PERMIT Subject "/C=UK/O=eScience/.*"', True),
        (f'# comment\n\n  TO Issuer "{CA}" \\\n    PERMIT Subject "/C=UK/O=eScience/.*"\n', True),
        (f'TO Issuer "{CA}" \\\r\n PERMIT Subject "/C=UK/O=eScience/.*"\r\n', True),
        ('TO Issuer "Self" PERMIT Subject "/C=UK/O=eScience/.*"', True),
        ('to issuer "self" permit subject "/C=UK/.*"', True),
        (f'TO Issuer "{CA}" PERMIT Subject "/C=UK/O=eScience"', False),
        (f'TO Issuer "{CA}" PERMIT Subject "/O=eScience/.*"', False),
        (f'TO Issuer "{CA}" PERMIT Subject "/c=uk/.*"', False),
        ('TO Issuer "/CN=other" PERMIT Subject ".*"', False),
        ("", False),
        ("# nothing\n", False),
        (f'TO Issuer "{CA}" PERMIT Subject "/C=FR/.*"\nTO Issuer "{CA}" PERMIT Subject "/C=UK/.*"', True),
        (f'TO Issuer "{CA}" PERMIT Subject ".*"\nTO Issuer "{CA}" DENY Subject ".*host.*"', False),
        (f'TO Issuer "{CA}" DENY Subject ".*other.*"\nTO Issuer "{CA}" PERMIT Subject ".*"', True),
    ],
)
def test_namespaces_permit_by_regular_expression(text: str, permitted: bool) -> None:  # noqa: FBT001 - parametrised
    assert namespaces_permit(text, CA, HOST) is permitted


@pytest.mark.parametrize(
    "text",
    [
        "rubbish",
        f'TO Issuer "{CA}" ALLOW Subject ".*"',
        f'TO Issuer "{CA}" PERMIT Subject "(" ',
        f'TO Issuer "{CA}" PERMIT Subject .*',
        f'TO Issuer "{CA}" PERMIT Subject ".*" extra',
        f'TO Issuer "{CA}" \\',
    ],
)
def test_namespaces_that_cannot_be_understood_are_an_error(text: str) -> None:
    with pytest.raises(NamespaceError):
        namespaces_permit(text, CA, HOST)


def policy(glob: str, ca: str = CA, right: str = "CA:sign") -> str:
    return f"access_id_CA X509 '{ca}'\npos_rights globus {right}\ncond_subjects globus '{glob}'\n"


@pytest.mark.parametrize(
    ("text", "permitted"),
    [
        (policy('"/C=UK/O=eScience/*"'), True),
        (policy('"/C=FR/*" "/C=UK/*"'), True),
        (policy('"*"'), True),
        ("# EACL\n\n" + policy('"/C=UK/*"').replace(" X509 ", "\t X509   "), True),
        (policy('"/C=UK/O=eScience/*"', ca="/CN=other"), False),
        (policy('"/C=UK/O=eScience"'), False),
        (policy('"/c=uk/*"'), False),
        (policy('"/C=UK/O=eScience/CN=host?example.org"'), False),
        (policy('"/C=UK/O=eScience/CN=[h]ost.example.org"'), False),
        (policy('"*"', right="CA:read"), False),
        (policy('"/C=FR/*"') + policy('"/C=UK/*"'), True),
        (policy('"*"', ca="/CN=other") + policy('"/C=FR/*"'), False),
        (policy('"/C=FR/*"') + policy('"*"', ca="/CN=other"), False),
        (f"access_id_CA X509 '{CA}'\ncond_subjects globus '\"*\"'\npos_rights globus CA:sign\n", False),
        ("", False),
    ],
)
def test_signing_policies_permit_by_glob(text: str, permitted: bool) -> None:  # noqa: FBT001 - parametrised
    assert signing_policy_permits(text, CA, HOST) is permitted


@pytest.mark.parametrize("text", ["rubbish", "access_id_ANYBODY X509 '/x'", "neg_rights globus CA:sign", "a b c"])
def test_policies_that_cannot_be_understood_are_an_error(text: str) -> None:
    with pytest.raises(NamespaceError):
        signing_policy_permits(policy('"*"') + text, CA, HOST)


def test_a_dot_in_a_glob_is_only_a_dot() -> None:
    assert not signing_policy_permits(policy('"/C=UK/O=eScience/CN=host.exampleXorg"'), CA, HOST)
    assert not signing_policy_permits(policy('"/C=UK/O=eScience/CN=host.example.org"'), CA, HOST.replace(".", "x"))
