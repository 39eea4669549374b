# SPDX-License-Identifier: Apache-2.0
"""Ways to a broker, one adapter a file. ``ssm.wiring`` chooses."""
