# SPDX-License-Identifier: Apache-2.0
"""The programs themselves: a sender's run, a receiver's life; whoever calls them, a command or another program."""
