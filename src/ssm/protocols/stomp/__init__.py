# SPDX-License-Identifier: Apache-2.0
"""STOMP 1.0 to 1.2: frames, a bounded incremental codec, and the session as a table of moves."""
