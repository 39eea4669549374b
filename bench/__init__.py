# SPDX-License-Identifier: Apache-2.0
"""How fast it is, beside a real broker: ``make bench`` writes docs/reference/benchmarks.md."""
