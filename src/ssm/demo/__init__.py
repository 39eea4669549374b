# SPDX-License-Identifier: Apache-2.0
"""The demonstration: real programs, a throw-away PKI, and things going wrong on purpose."""
