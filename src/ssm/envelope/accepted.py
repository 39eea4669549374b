# SPDX-License-Identifier: Apache-2.0
"""Which algorithms a message that comes may use: the ordinary short list, and the longer one of SSM 1 listeners.

SHA-1 in signatures and triple DES are in the second list only, and whoever opens a message has to name it: there is
no switch that widens the first one (docs/adr/0014-ssm-1-confined.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from ssm.envelope import oids

Digest = type[hashes.SHA1 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Tables from object identifiers."""

    digests: Mapping[str, str]
    rsa_with_digest: Mapping[str, str]
    hashes: Mapping[str, Digest]
    cbc: Mapping[str, int]
    """Octets of the key."""


STRONG = Accepted(
    digests=oids.DIGESTS,
    rsa_with_digest=oids.RSA_WITH_DIGEST,
    hashes={"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512},
    cbc=oids.AES_CBC,
)
# Elliptic curves came after SSM 1: with them SHA-1 has no excuse.
OF_SSM_1 = Accepted(
    digests={**STRONG.digests, oids.SHA1: "sha1"},
    rsa_with_digest={**STRONG.rsa_with_digest, oids.SHA1_WITH_RSA: "sha1"},
    hashes={**STRONG.hashes, "sha1": hashes.SHA1},
    cbc={**STRONG.cbc, oids.DES_EDE3_CBC: 24},
)
