# SPDX-License-Identifier: Apache-2.0
"""The value that only a successful verification makes."""

from dataclasses import dataclass
from datetime import datetime

from ssm.names import DistinguishedName


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """A message whose signature, certificate path, dates and revocation are proved."""

    payload: bytes
    """What the signer signed, transfer encoding undone, line ends as LF where it is text."""
    signer: DistinguishedName
    """Subject of the one certificate whose key made the one signature."""
    encrypted: bool
    """True when it came inside an envelope for us."""
    signing_time: datetime | None
    """The sender's word for when; timezone-aware UTC. Proves nothing."""
