# SPDX-License-Identifier: Apache-2.0
"""SSM 1 over STOMP connections: the shells around its two state machines."""
