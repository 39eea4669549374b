# SPDX-License-Identifier: Apache-2.0
"""Usage that nobody had: realistic records in any number, the same for the same seed. For trials and benchmarks."""
