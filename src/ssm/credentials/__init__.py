# SPDX-License-Identifier: Apache-2.0
"""Keys, certificates, the CA directory and the signer list, as files that change under us."""
