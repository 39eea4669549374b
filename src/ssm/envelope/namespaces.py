# SPDX-License-Identifier: Apache-2.0
"""Which subjects a CA may sign: the two forms of namespace files in a grid CA directory.

``HASH.namespaces`` (EUGridPMA Namespaces Format Specification) is asked first, else ``HASH.signing_policy`` (Globus
EACL). Where neither exists, the CA may sign anything. A file that cannot be understood permits nothing.
"""

import re
from collections.abc import Iterator
from fnmatch import translate

MAX_FILE_OCTETS = 256 * 1024
RULE = re.compile(r'TO\s+Issuer\s+"([^"]*)"\s+(PERMIT|DENY)\s+Subject\s+"([^"]*)"', re.IGNORECASE)
POLICY_LINE = re.compile(r"(\S+)\s+(\S+)\s+(.+)")
QUOTED = re.compile(r"""'([^']*)'|"([^"]*)"|(\S+)""")


class NamespaceError(ValueError):
    """The file does not have the form that it should have."""


def namespaces_permit(text: str, issuer: str, subject: str) -> bool:
    """True when a line permits this subject for this issuer, and none denies it."""
    permitted = False
    for line in logical_lines(text):
        rule = RULE.fullmatch(line)
        if rule is None:
            raise NamespaceError(f"not a rule: {line[:80]}")
        named_issuer, verb, pattern = rule.groups()
        if named_issuer not in {issuer, "Self", "self", "SELF"}:
            continue
        try:
            matches = re.fullmatch(pattern, subject) is not None
        except re.error as error:
            raise NamespaceError(f"not a regular expression: {pattern[:80]}") from error
        if matches and verb.upper() == "DENY":
            return False
        permitted = permitted or matches
    return permitted


def signing_policy_permits(text: str, issuer: str, subject: str) -> bool:
    """True when this issuer has the right to sign, and one of its globs matches the subject."""
    access_id, may_sign, globs = "", False, list[str]()
    for line in logical_lines(text):
        parts = POLICY_LINE.fullmatch(line)
        if parts is None:
            raise NamespaceError(f"not a policy line: {line[:80]}")
        keyword, authority, rest = parts.groups()
        match keyword, authority:
            case "access_id_CA", "X509":
                access_id, may_sign = unquote(rest), False
            case "pos_rights", "globus":
                may_sign = may_sign or (access_id == issuer and rest.strip() == "CA:sign")
            case "cond_subjects", "globus":
                if access_id == issuer and may_sign:
                    globs += unquoted(unquote(rest))
            case _:
                raise NamespaceError(f"an unknown keyword: {keyword[:40]} {authority[:40]}")
    return any(re.fullmatch(translate(escape_all_but_star(glob)), subject) for glob in globs)


def logical_lines(text: str) -> Iterator[str]:
    """Lines without comments and blank ones; a backslash at the end joins with the next."""
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines():
        bare = line.strip()
        if bare and not bare.startswith("#"):
            yield bare


def unquote(text: str) -> str:
    """The first quoted text, or bare word, of a text that is not blank."""
    return unquoted(text)[0]


def unquoted(text: str) -> list[str]:
    """Every quoted text, or bare word."""
    return [single or double or bare for single, double, bare in QUOTED.findall(text)]


def escape_all_but_star(glob: str) -> str:
    """Only ``*`` has a meaning in these globs."""
    return re.sub(r"([?\[])", r"[\1]", glob)
