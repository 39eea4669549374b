# SPDX-License-Identifier: Apache-2.0
"""Names of certificates as the authentication service writes them: last part first, values of a kind together."""

from collections.abc import Iterable, Mapping

from ssm.names import components

KINDS = {
    "emailAddress": "emailAddress",
    "commonName": "CN",
    "organizationalUnitName": "OU",
    "organizationName": "O",
    "postalCode": "postalCode",
    "streetAddress": "street",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "countryName": "C",
    "domainComponent": "DC",
}


def of_slash_form(dn: str) -> str:
    """The name that is ``dn`` in a signer list. ValueError when it is none."""
    return joined(components(dn))


def of_peer(certificate: Mapping[str, object]) -> str:
    """The name in what ``SSLSocket.getpeercert`` says."""
    parts = certificate.get("subject", ())
    assert isinstance(parts, tuple)
    return joined((KINDS.get(kind, kind), value) for part in parts for kind, value in part)


def joined(pairs: Iterable[tuple[str, str]]) -> str:
    """In the service's order; kinds that it does not know are left out."""
    values: dict[str, list[str]] = {}
    for kind, value in pairs:
        values.setdefault(kind, []).append(value)
    return ",".join("+".join(f"{kind}={value}" for value in values[kind]) for kind in KINDS.values() if kind in values)
