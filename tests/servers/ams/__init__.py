# SPDX-License-Identifier: Apache-2.0
"""The embedded AMS as tests need it: with faults on demand."""
