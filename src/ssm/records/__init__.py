# SPDX-License-Identifier: Apache-2.0
"""What is said: usage records, the formats they travel in, and what can be wrong with them. Pure, like the envelope."""
