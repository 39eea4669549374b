# SPDX-License-Identifier: Apache-2.0
"""STOMP: a connection, what waits to be written to it, and the brokers that are tried in turn."""
