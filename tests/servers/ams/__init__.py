# SPDX-License-Identifier: Apache-2.0
"""An ARGO Messaging Service for tests: what is known of the real one, over real HTTPS, in memory.

It shares no line with the code under test, and is itself tested with argo-ams-library.
"""
