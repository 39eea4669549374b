# SPDX-License-Identifier: Apache-2.0
"""TLS towards a broker: our certificate shown, the broker's verified against the CA directory and its host name."""

import logging
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from ssm.errors import CredentialError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What a connection shows and what it trusts."""

    certificate: Path
    key: Path
    ca_directory: Path | None
    """None for the system's store instead."""
    verify_broker: bool = True


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """TLS 1.2 or later. Only the CA directory is trusted, or only the system's store where none is given.

    Without ``VERIFY_X509_STRICT``, which some grid CAs do not satisfy. CredentialError when key or certificate cannot
    be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.verify_broker and settings.ca_directory is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    elif settings.verify_broker:
        context.load_verify_locations(capath=str(settings.ca_directory))
    else:
        logger.warning(
            "verify_broker is off: whoever answers at the broker's address is believed. Use this for a test bed only."
        )
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    load_chain(context, settings.certificate, settings.key)
    return context


def load_chain(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Show this certificate; CredentialError when it cannot be used."""
    try:
        # A pass phrase is never asked for on a terminal: an empty one fails instead.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:  # SSLError is one
        raise CredentialError(f"{certificate} with {key} cannot be used for TLS: {error}") from error


def explain(error: Exception, authorities: str = "in capath") -> str:
    """What a failed handshake means, in words that help; and where the CA should have been."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the broker's certificate does not hold: {error.verify_message} "
            f"(is its CA {authorities}, and is the host the name in its certificate?)"
        )
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        alert = (error.reason or "").lower().replace("_", " ")
        about_us = any(word in alert for word in ("certificate", "unknown ca", "access denied"))
        return (
            f"the broker does not accept our certificate ({alert})" if about_us else f"the broker ended TLS ({alert})"
        )
    if isinstance(error, ssl.SSLError):
        return f"no TLS with the broker ({error.reason or error}); is use_ssl right for this port?"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return reason_of(error)


def reason_of(error: Exception) -> str:
    """The system's words; asyncio's own name addresses instead."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno).lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
