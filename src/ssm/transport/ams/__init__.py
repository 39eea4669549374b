# SPDX-License-Identifier: Apache-2.0
"""The ARGO Messaging Service: one service over HTTPS, and the two ends of it. Loads the HTTP client."""
