# SPDX-License-Identifier: Apache-2.0
"""Directory queues on disk, crash-safe and interchangeable with what exists."""
