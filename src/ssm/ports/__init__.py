# SPDX-License-Identifier: Apache-2.0
"""What the work needs of the world, as interfaces with their promises. Adapters keep them; fakes too."""
