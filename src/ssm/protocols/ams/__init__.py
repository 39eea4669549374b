# SPDX-License-Identifier: Apache-2.0
"""The calls of the ARGO Messaging Service as values: requests, replies, and where we are in a subscription."""
