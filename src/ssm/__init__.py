# SPDX-License-Identifier: Apache-2.0
"""Secure STOMP Messenger: carry usage records, signed and complete, from a spool to a server.

The folders are the architecture; imports only go down:

* ``errors``, ``names``: what every floor shares.
* ``envelope``, ``protocols``: pure functions and state machines; bytes in, values out.
* ``ports``, ``messenger``: the work, as decisions over interfaces.
* ``spool``, ``transport``, ``credentials``, ``broker``: the world, one adapter a file.
* ``settings``, ``logs``, ``wiring``, ``cli``: putting it together, and people.
"""

from ssm.version import __version__

__all__ = ["__version__"]
