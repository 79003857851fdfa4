# SPDX-License-Identifier: Apache-2.0
"""What tools/dev is made of."""
