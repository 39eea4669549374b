# SPDX-License-Identifier: Apache-2.0
"""Which format an XML document is of, by its root; and what the root must be where it is none that we know."""

from collections.abc import Mapping

from ssm.errors import FormatError
from ssm.records.fault import nearest, quoted
from ssm.records.formats.safe_xml import Element, root_of

Root = tuple[str, str]
"""Namespace and name."""


def format_by_root(beginning: bytes, formats: Mapping[Root, str]) -> str:
    """The name of the format; FormatError where it has none."""
    root = root_of(beginning)
    if root is None:
        raise FormatError(
            "no root element begins in the document, or only far from its start", code="truncated-xml", line=1
        )
    found = formats.get((root.namespace, root.name))
    if found is None:
        raise unknown_root(root, formats)
    return found


def unknown_root(root: Element, formats: Mapping[Root, str]) -> FormatError:
    """What the root must be instead."""
    wanted = next((space for space, name in formats if name == root.name), "")
    if wanted:
        said = f"{root.name} stands in the namespace {quoted(root.namespace)}; it must be {wanted}"
        return FormatError(said, code="wrong-namespace", line=root.line, path=root.name, suggestion=wanted)
    said = f"{quoted(root.name)} is not the root element of records that we know"
    guess = nearest(root.name, {name for _, name in formats})
    return FormatError(said, code="unknown-header", line=root.line, path=root.name, suggestion=guess)
