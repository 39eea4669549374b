# SPDX-License-Identifier: Apache-2.0
"""What becomes of accepted messages: rows that count once. Decisions over ports, like the messenger beside it."""
