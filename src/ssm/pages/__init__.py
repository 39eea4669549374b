# SPDX-License-Identifier: Apache-2.0
"""Pages for people: HTML without scripts and without anything to be fetched, and the charts in them."""
