# SPDX-License-Identifier: BSD-3-Clause
"""What the files hold that init.c reads below /vm."""

import os

# Of a 9p mount. The largest message Linux's virtio transport takes is 125 pages (net/9p/trans_virtio.c).
SHARE_OPTIONS = "trans=virtio,version=9p2000.L,msize=512000"


def strings(words):
    """The words as argv and env hold them: each ends with a zero byte."""
    return b"".join(os.fsencode(word) + b"\0" for word in words)
