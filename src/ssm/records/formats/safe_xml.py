# SPDX-License-Identifier: Apache-2.0
"""The one way XML is read: a stream of whole records, each a flat list of elements, everything bounded.

A document type is refused before any entity can be declared, so nothing expands and nothing is fetched. Depth,
elements of a record, attributes of an element, length of a text and of a tag are bounded; memory is that of a portion.
"""

from collections.abc import Callable
from dataclasses import dataclass
from xml.parsers import expat  # with every bound that it lacks by itself, below

import msgspec

from ssm.errors import FormatError
from ssm.records.fault import quoted
from ssm.records.message import BYTE_ORDER_MARK, MAX_RECORD_OCTETS

MAX_DEPTH = 16
MAX_ELEMENTS = 5_000
MAX_ATTRIBUTES = 32
MAX_TEXT = 64 * 1024
MAX_TAG = 1024 * 1024
MAX_STRAYS = 100
FEED = 64 * 1024
SEPARATOR = "\n"
"""Between namespace and name; expat's own choice would be ambiguous."""


class Element(msgspec.Struct, gc=False):
    """One element of a record; its children follow it in the record's list."""

    tag: str
    """Namespace and name, with a line feed between."""
    attributes: dict[str, str]
    """By tag likewise; an attribute without a prefix is in no namespace."""
    line: int
    depth: int
    """1 for the root."""
    text: str = ""

    @property
    def name(self) -> str:
        """Without the namespace."""
        return self.tag.rpartition(SEPARATOR)[2]

    @property
    def namespace(self) -> str:
        """Alone."""
        return self.tag.rpartition(SEPARATOR)[0]


Elements = list[Element]
"""A record: an element with everything in it, in document order."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A text that is no element's value."""

    line: int
    text: str


class SafeParser:
    """Feed it octets; take whole records from ``ready``.

    ``is_container`` says of the root whether it holds records or is one; it raises FormatError for a wrong one.
    The handlers are called a hundred times a record, which is why they do so little.
    """

    def __init__(self, is_container: Callable[[Element], bool]) -> None:
        self.is_container = is_container
        self.root: Element | None = None
        self.ready: list[Elements] = []
        self.strays: list[Stray] = []
        self.record: Elements = []
        self.begin = 0
        """Octet at which the last record begins."""
        self.begins: list[int] = []
        """The same of each; whoever feeds takes them away."""
        self.ends_at = 0
        """Octet at which the last end tag of a record, or of the root, begins."""
        self.texts: list[str] = []
        self.depth = 0
        self.record_depth = 1
        self.fed = 0
        self.lines_fed = 0
        self.lines_before = 0
        """What is to be added to the parser's count of lines, which does not see everything."""
        self.parser = expat.ParserCreate("utf-8", SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start_root
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.texts.append
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.parser.XmlDeclHandler = self.declaration

    def feed(self, data: bytes, line: int, *, is_last: bool = False) -> None:
        """Go on with these octets, which stand on this line; whole records are in ``ready`` then.

        FormatError where the document is broken or beyond a bound.
        """
        self.lines_before = line - self.lines_fed - 1
        for start in range(0, len(data) or 1, FEED):
            portion = data[start : start + FEED]
            self.fed += len(portion)
            if self.root is None and b"\0" in portion:
                # The parser would take it for UTF-16, whatever encoding it is told.
                raise FormatError("the document is not in UTF-8", code="not-utf8", line=line)
            try:
                self.parser.Parse(portion, is_last and start + FEED >= len(data))
            except expat.ExpatError as error:
                raise self.broken(error) from error
            self.keep_bounds()
        self.lines_fed += data.count(b"\n")

    def keep_bounds(self) -> None:
        """What may grow without an element beginning, or within a record."""
        if self.fed - self.parser.CurrentByteIndex > MAX_TAG:
            raise self.too_much(f"a tag, comment or instruction is longer than {MAX_TAG} octets")
        self.joined()
        if self.record:
            self.keep_record_bounds()

    def keep_record_bounds(self) -> None:
        """Looked at when a record ends too, so that what is refused does not depend on how it was fed."""
        if len(self.record) > MAX_ELEMENTS:
            raise self.too_much(f"a record has more than {MAX_ELEMENTS} elements")
        if self.parser.CurrentByteIndex - self.begin > MAX_RECORD_OCTETS:
            raise self.too_much(f"a record is longer than {MAX_RECORD_OCTETS} octets")

    def joined(self) -> str:
        """The text so far; the parser hands over long ones in parts."""
        text = "".join(self.texts)
        if len(text) > MAX_TEXT:
            raise self.too_much(f"a text is longer than {MAX_TEXT} characters")
        return text

    def start_root(self, tag: str, attributes: dict[str, str]) -> None:
        """The first element begins; it decides what the document is."""
        self.root = Element(tag, attributes, self.line(), 1)
        self.parser.StartElementHandler = self.start
        if self.is_container(self.root):
            self.record_depth = 2
            self.depth = 1
        else:
            self.start(tag, attributes)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins; text before it is its parent's."""
        depth = self.depth = self.depth + 1
        if depth > MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise self.too_much(
                f"elements are nested deeper than {MAX_DEPTH}, or have over {MAX_ATTRIBUTES} attributes"
            )
        texts, record = self.texts, self.record
        if texts:
            text = texts[0] if len(texts) == 1 else self.joined()
            if record and record[-1].depth == depth - 1:
                record[-1].text = text
            elif not text.isspace():
                self.stray(text)
            texts.clear()
        if depth == self.record_depth:
            self.begin = self.parser.CurrentByteIndex
            self.begins.append(self.begin)
        record.append(Element(tag, attributes, self.parser.CurrentLineNumber + self.lines_before, depth))

    def end(self, _: str) -> None:
        """An element ends; text before that is its own, if it has no children."""
        depth = self.depth
        texts = self.texts
        if texts:
            text = texts[0] if len(texts) == 1 else self.joined()
            last = self.record[-1] if self.record else None
            if last is not None and last.depth == depth:
                last.text = text
            elif not text.isspace():
                self.stray(text)
            texts.clear()
        if depth <= self.record_depth:
            self.ends_at = self.parser.CurrentByteIndex
            if self.record:
                self.keep_record_bounds()
                self.ready.append(self.record)
                self.record = []
        self.depth = depth - 1

    def stray(self, text: str) -> None:
        """Remember some of them; the line is that on which it ends."""
        if len(self.strays) < MAX_STRAYS:
            self.strays.append(Stray(self.line(), text.strip()))

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        """Only UTF-8 is read, and what is a part of it."""
        del version, standalone
        if encoding is not None and encoding.lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
            said = f"the document declares the encoding {quoted(encoding)}; it must be UTF-8"
            raise FormatError(said, code="not-utf8", line=self.line())

    def refuse_doctype(self, *_: object) -> None:
        """Nothing that is declared there is of use here."""
        said = "the document has a DOCTYPE, which usage records do not have"
        raise FormatError(said, code="doctype", line=self.line())

    def line(self) -> int:
        """Where we are."""
        return self.parser.CurrentLineNumber + self.lines_before

    def too_much(self, said: str) -> FormatError:
        """A bound."""
        return FormatError(said, code="too-large", line=self.line())

    def broken(self, error: expat.ExpatError) -> FormatError:
        """In the parser's words, which quote nothing."""
        words = expat.ErrorString(error.code)
        line = error.lineno + self.lines_before
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]:
            words += ", or octets that are not UTF-8"
        elif error.code in {expat.errors.codes[one] for one in TRUNCATED}:
            return FormatError("the document ends before its root element does", code="truncated-xml", line=line)
        return FormatError(f"the document is not well-formed XML: {words}", code="not-well-formed", line=line)


TRUNCATED = (
    expat.errors.XML_ERROR_NO_ELEMENTS,
    expat.errors.XML_ERROR_UNCLOSED_TOKEN,
    expat.errors.XML_ERROR_PARTIAL_CHAR,
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
)


def root_of(beginning: bytes) -> Element | None:
    """The first element of a document, seen from its first octets; None where there is none in them."""
    parser = SafeParser(lambda _: True)
    text = beginning.removeprefix(BYTE_ORDER_MARK)
    data = text.lstrip()
    try:
        parser.feed(data, 1 + text[: len(text) - len(data)].count(b"\n"))
    except FormatError:
        if parser.root is None:
            raise
    return parser.root
