# SPDX-License-Identifier: Apache-2.0
"""Real brokers, each started privately: its own folder, free loopback ports, nothing left behind."""
