# SPDX-License-Identifier: Apache-2.0
"""SSM 1 (1.0 to 1.2): messages that their consumer acknowledges, as two machines that never open a socket."""
