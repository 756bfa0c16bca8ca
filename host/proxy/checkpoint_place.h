/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a checkpoint says about the world around it: which image the machine runs, and which
 * directories it sees. A checkpoint gives nobody access to anything: mappings are compared with
 * those of the proxy that restores, not taken over.
 */
#ifndef PROXY_CHECKPOINT_PLACE_H
#define PROXY_CHECKPOINT_PLACE_H

#include "options.h"

#include "common/blob.h"

struct checkpoint_place {
	char *image; /* absolute path; owned, like all here */
	uint64_t image_size, image_mtime_ns, image_checksum;
	char *cwd;
	char *mappings; /* the options that describe them, "" for none */
};

/* Of a proxy that runs the image at PATH, open as IMAGE_FD, in CWD. 0 or -errno. */
int checkpoint_place_describe(struct checkpoint_place *place, const char *path, int image_fd,
			      const char *cwd, const struct options *options);
void checkpoint_place_put(const struct checkpoint_place *place, struct blob *out);
/* 0 or -EINVAL. */
int checkpoint_place_get(struct checkpoint_place *place, struct blob_reader *in);
void checkpoint_place_destroy(struct checkpoint_place *place);

/* Is the file that is open as IMAGE_FD the image of PLACE? */
bool checkpoint_place_is_image(const struct checkpoint_place *place, int image_fd);
/* Are OPTIONS and CWD those of PLACE? Else false after a message. */
bool checkpoint_place_is_here(const struct checkpoint_place *place, const char *cwd,
			      const struct options *options);

#endif /* PROXY_CHECKPOINT_PLACE_H */
