# SPDX-License-Identifier: Apache-2.0
"""Payload to sealed message and back (S/MIME): pure functions, bytes in, values out."""
