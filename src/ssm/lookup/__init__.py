# SPDX-License-Identifier: Apache-2.0
"""Where brokers come from: a fixed list, or an LDAP server with a copy of its last answer on disk."""
