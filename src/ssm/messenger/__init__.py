# SPDX-License-Identifier: Apache-2.0
"""The work: send, receive, judge again. Decisions over ports; knows nothing of what it carries."""
