# SPDX-License-Identifier: Apache-2.0
"""Ways to a broker, one adapter a file. To add one: a file here, and a line in the table of ``ssm.wiring``."""
