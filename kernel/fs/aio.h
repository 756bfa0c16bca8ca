/* SPDX-License-Identifier: BSD-3-Clause */
/* Between aio.c and aio_poll.c. */
#ifndef FS_AIO_PRIVATE_H
#define FS_AIO_PRIVATE_H

#include <fs/aio.h>

void aio_poll_init(void);
/* Ends all polls of CONTEXT. */
void aio_poll_cancel_all(struct aio_context *context);

#endif /* FS_AIO_PRIVATE_H */
