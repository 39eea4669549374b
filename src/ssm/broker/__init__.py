# SPDX-License-Identifier: Apache-2.0
"""The embedded broker, on our own codec: for the demo, the tests and trying out; not for production."""
