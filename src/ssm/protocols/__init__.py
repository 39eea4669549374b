# SPDX-License-Identifier: Apache-2.0
"""How programs talk, without a network: bytes and the time in, events and bytes out."""
