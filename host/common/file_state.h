/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's open host files in a checkpoint: by path, flags, offset. They are opened again by the
 * same rules as any file that the guest opens. Context: nobody else uses the file server.
 */
#ifndef HOST_FILE_STATE_H
#define HOST_FILE_STATE_H

#include "blob.h"
#include "file_server.h"

struct file_fault {
	char text[4096 + 128]; /* for the user: which file, and what about it */
};

/* 0, or -errno with FAULT: a file cannot be found again. */
int file_state_save(struct file_server *files, struct blob *out, struct file_fault *fault);

/*
 * Into a file server that has only its standard handles: they stay what they are, but for those
 * that the guest has closed. 0, or -errno with FAULT: a file is not there or not the same any more.
 * OUT: HC_DATA_MAX bytes of scratch memory.
 */
int file_state_restore(struct file_server *files, struct blob_reader *in, uint8_t *out,
		       struct file_fault *fault);

#endif /* HOST_FILE_STATE_H */
