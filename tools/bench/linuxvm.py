# SPDX-License-Identifier: BSD-3-Clause
"""Makes the modules of tools/linuxvm importable; imported before the first of them."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "linuxvm"))
