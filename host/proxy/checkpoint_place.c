/* SPDX-License-Identifier: BSD-3-Clause */
/* See checkpoint_place.h. */
#include "checkpoint_place.h"

#include "message.h"

#include "common/host_time.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAPPINGS_MAX (1u << 20)

static int image_checksum(int fd, uint64_t *sum)
{
	static uint8_t piece[64 << 10];
	off_t offset = 0;

	*sum = 0;
	for (;;) {
		size_t have = 0;
		while (have < sizeof(piece)) {
			ssize_t got = pread(fd, piece + have, sizeof(piece) - have, offset);
			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return -errno;
			if (got == 0)
				break;
			have += (size_t)got;
			offset += got;
		}
		*sum = blob_checksum(*sum, piece, have);
		if (have < sizeof(piece))
			return 0;
	}
}

static int describe_image(struct checkpoint_place *place, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	place->image_size = (uint64_t)st.st_size;
	place->image_mtime_ns = timespec_ns(&st.st_mtim);
	return 0;
}

/* "--isolated --mount=a:b:ro", with memory from malloc; NULL without any. */
static char *mappings_text(const struct options *options)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (options->isolated)
		fputs("--isolated", out);
	for (size_t i = 0; i < options->mount_count; i++)
		fprintf(out, "%s--mount=%s:%s%s", i || options->isolated ? " " : "",
			options->mounts[i].host, options->mounts[i].guest,
			options->mounts[i].readonly ? ":ro" : "");
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

int checkpoint_place_describe(struct checkpoint_place *place, const char *path, int image_fd,
			      const char *cwd, const struct options *options)
{
	*place = (struct checkpoint_place){.image = realpath(path, NULL)};
	if (!place->image)
		return -errno;
	place->cwd = strdup(cwd);
	place->mappings = mappings_text(options);
	if (!place->cwd || !place->mappings)
		return -ENOMEM;
	int err = describe_image(place, image_fd);
	return err ? err : image_checksum(image_fd, &place->image_checksum);
}

void checkpoint_place_put(const struct checkpoint_place *place, struct blob *out)
{
	blob_put_string(out, place->image);
	blob_put_u64(out, place->image_size);
	blob_put_u64(out, place->image_mtime_ns);
	blob_put_u64(out, place->image_checksum);
	blob_put_string(out, place->cwd);
	blob_put_string(out, place->mappings);
}

int checkpoint_place_get(struct checkpoint_place *place, struct blob_reader *in)
{
	*place = (struct checkpoint_place){.image = blob_get_string(in, PATH_MAX)};
	place->image_size = blob_get_u64(in);
	place->image_mtime_ns = blob_get_u64(in);
	place->image_checksum = blob_get_u64(in);
	place->cwd = blob_get_string(in, PATH_MAX);
	place->mappings = blob_get_string(in, MAPPINGS_MAX);
	return blob_is_done(in) ? 0 : -EINVAL;
}

void checkpoint_place_destroy(struct checkpoint_place *place)
{
	free(place->image);
	free(place->cwd);
	free(place->mappings);
	*place = (struct checkpoint_place){0};
}

bool checkpoint_place_is_image(const struct checkpoint_place *place, int image_fd)
{
	struct checkpoint_place now = {0};

	if (describe_image(&now, image_fd) != 0 || now.image_size != place->image_size)
		return false;
	/* Touched, but perhaps the same. */
	return now.image_mtime_ns == place->image_mtime_ns ||
	       (image_checksum(image_fd, &now.image_checksum) == 0 &&
		now.image_checksum == place->image_checksum);
}

bool checkpoint_place_is_here(const struct checkpoint_place *place, const char *cwd,
			      const struct options *options)
{
	char *mappings = mappings_text(options);
	bool same = mappings && strcmp(mappings, place->mappings) == 0;

	free(mappings);
	if (!same)
		proxy_message("the checkpoint was made with other directories: give it %s",
			      place->mappings[0] ? place->mappings : "no --mount and --isolated");
	else if (!options->isolated && strcmp(cwd, place->cwd) != 0)
		proxy_message("the checkpoint was made in %s: restore it there", place->cwd);
	else
		return true;
	return false;
}
