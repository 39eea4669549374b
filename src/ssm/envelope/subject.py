# SPDX-License-Identifier: Apache-2.0
"""The slash form of a certificate's subject, by walking its DER.

The DN decides who may publish, so nothing is guessed: one attribute a component, known types, values that
decode strictly, and a text that reads back into the same components. Anything else is refused.
Attribute types: RFC 4519, RFC 5280 appendix A, and OpenSSL's short names for them.
"""

from ssm.envelope.ber import SEQUENCE, SET, BerError, Value, read_one
from ssm.names import DistinguishedName

X520 = {
    "3": "CN", "4": "SN", "5": "serialNumber", "6": "C", "7": "L", "8": "ST", "9": "street", "10": "O", "11": "OU",
    "12": "title", "13": "description", "15": "businessCategory", "17": "postalCode", "41": "name", "42": "GN",
    "43": "initials", "44": "generationQualifier", "45": "x500UniqueIdentifier", "46": "dnQualifier",
    "65": "pseudonym", "72": "role", "97": "organizationIdentifier",
}  # fmt: skip

SHORT_NAMES = {f"2.5.4.{arc}": name for arc, name in X520.items()} | {
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.44": "uid",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

# String types and what their octets mean.
CODECS = {
    0x0C: "utf-8",
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # T61String, as OpenSSL reads it
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}


def slash_form(name_der: bytes) -> DistinguishedName:
    """The slash form of one Name; ValueError says why it has none."""
    name = read_one(name_der).expect(SEQUENCE, "a name")
    return DistinguishedName.from_components([component(rdn) for rdn in name.children()])


def component(rdn: Value) -> tuple[str, str]:
    """Short name and value of a component with exactly one attribute."""
    attributes = rdn.expect(SET, "a component of a name").children()
    if len(attributes) != 1:
        raise BerError("a component of the name has several attributes")
    parts = attributes[0].expect(SEQUENCE, "an attribute").children()
    if len(parts) != 2:  # noqa: PLR2004 - type and value
        raise BerError("an attribute is not a type and a value")
    kind, value = parts
    short_name = SHORT_NAMES.get(kind.oid())
    if short_name is None:
        raise BerError(f"the attribute type {kind.oid()} has no short name")
    codec = CODECS.get(value.tag)
    if codec is None:
        raise BerError(f"the value of {short_name} is not a string")
    return short_name, value.octets().decode(codec)
