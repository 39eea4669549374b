# SPDX-License-Identifier: Apache-2.0
"""From settings to ready objects: the only place that chooses implementations.

``messaging`` is what every protocol needs, ``stomp``, ``ssm1`` and ``ams`` are what one of them needs, ``transports``
is the table of these; ``accounting`` is apart, so that a messenger loads no database.
"""
