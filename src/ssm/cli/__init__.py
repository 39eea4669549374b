# SPDX-License-Identifier: Apache-2.0
"""The command line: the only place that talks to people and ends the program."""
