# SPDX-License-Identifier: Apache-2.0
"""Options, declared once and parsed once into frozen values."""
