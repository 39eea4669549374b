# SPDX-License-Identifier: Apache-2.0
"""Open one message: decrypt, verify, judge the signer; the payload goes to standard output.

The sealed message comes from standard input. With --dn-file the signer must also be on that list.

  ssm unseal --ca-dir /etc/grid-security/certificates < message
  ssm unseal --ca-dir /etc/grid-security/certificates --json < message

With --json one object is printed instead: accepted, signer, and payload (base64) or reason and error.
Exit status: 0 accepted; 65 rejected; 75 cannot be judged now (a CRL, the CA directory); 78 credentials.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ssm.errors import CannotJudgeError, ConfigError, RejectError, SsmError, UnauthorisedSignerError

if TYPE_CHECKING:
    from ssm.envelope.opened import OpenedMessage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--ca-dir", type=Path, required=True, metavar="DIR", help="hashed directory of CAs and CRLs")
    parser.add_argument(
        "--check-crls",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="check revocation for the whole chain (default: yes)",
    )
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="our certificate, to decrypt")
    parser.add_argument("--key", type=Path, metavar="PEM", help="the key of that certificate")
    parser.add_argument("--dn-file", type=Path, metavar="FILE", help="list of permitted signers, one DN a line")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """``ssm unseal``."""
    signer: list[str] = []
    try:
        opened = judge(arguments, signer)
    except (RejectError, CannotJudgeError) as error:
        if not arguments.json:
            raise
        reason = error.reason if isinstance(error, RejectError) else "deferred"
        answer(accepted=False, signer=signer[0] if signer else None, reason=reason, error=sentence(error))
        return error.exit_status
    if arguments.json:
        import base64

        answer(accepted=True, signer=str(opened.signer), payload=base64.b64encode(opened.payload).decode("ascii"))
    else:
        print(f"signed by {opened.signer}", file=sys.stderr)
        sys.stdout.buffer.write(opened.payload)
        sys.stdout.buffer.flush()
    return 0


def judge(arguments: argparse.Namespace, signer: list[str]) -> "OpenedMessage":
    """The opened message; its signer is noted as soon as it is proved."""
    from ssm.wiring.messaging import open_opener, open_signer_list

    if bool(arguments.certificate) != bool(arguments.key):
        raise ConfigError("--certificate and --key go together")
    opener = open_opener(
        ca_directory=arguments.ca_dir,
        check_crls=arguments.check_crls,
        certificate=arguments.certificate,
        key=arguments.key,
    )
    signers = open_signer_list(arguments.dn_file) if arguments.dn_file else None
    opened = opener(sys.stdin.buffer.read())
    signer.append(str(opened.signer))
    if signers is not None and not signers.permits(opened.signer):
        raise UnauthorisedSignerError(f"Signer not in valid DNs list: {opened.signer}")
    return opened


def sentence(error: SsmError) -> str:
    """What went wrong, and what to do."""
    return f"{error} ({error.hint})" if error.hint else str(error)


def answer(**facts: str | bool | None) -> None:
    """One JSON object."""
    print(json.dumps(facts, ensure_ascii=False))
