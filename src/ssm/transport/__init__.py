# SPDX-License-Identifier: Apache-2.0
"""Ways to a broker, one package each; what they share stands beside them. ``ssm.wiring`` chooses."""
