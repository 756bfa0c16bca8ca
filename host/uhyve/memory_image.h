/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory in a checkpoint (docs/checkpoint.md): files of pages, packed, named by a number, and
 * a table that says where each page is. A page that is nowhere is zero. An incremental checkpoint
 * adds a file with the pages that have changed; the table always is the whole one.
 *
 * Restoring maps the files private over the guest's memory, so that pages come when they are
 * touched and nothing is ever written back. The table is hostile: it is checked against the memory
 * and the files' sizes.
 */
#ifndef UHYVE_MEMORY_IMAGE_H
#define UHYVE_MEMORY_IMAGE_H

#include "error.h"

#include "common/blob.h"
#include "common/guest_mem.h"

#define MEMORY_FILES_MAX 16u
#define MEMORY_NAME_MAX	 32u

struct memory_file {
	uint64_t number; /* its name */
	uint64_t pages, checksum;
};

struct memory_image {
	const struct guest_mem *mem;
	int pagemap_fd;	 /* which pages are there */
	uint64_t *where; /* of each page of memory, 0: nowhere */
	uint64_t *dirty; /* a bit per page; room for KVM's answer */
	uint64_t pages;
	struct memory_file files[MEMORY_FILES_MAX];
	unsigned file_count;
	bool complete; /* the table describes the memory but for pages that are dirty */
};

/* Before the proxy is confined. 0, or -errno with ERROR; memory_image_destroy in any case. */
int memory_image_init(struct memory_image *image, const struct guest_mem *mem,
		      struct uhyve_error *error);
void memory_image_destroy(struct memory_image *image);

/* Shall the next file hold all pages? */
bool memory_image_wants_all(const struct memory_image *image);

/*
 * Writes file NUMBER into directory DIR_FD and makes it durable: all pages, or those of
 * image->dirty. 0 or -errno; after an error the next one has to hold all.
 */
int memory_image_write(struct memory_image *image, int dir_fd, uint64_t number, bool all,
		       struct uhyve_error *error);

/* The table, and the files that it needs, for the state file. */
void memory_image_put_extents(const struct memory_image *image, struct blob *out);
void memory_image_put_files(const struct memory_image *image, struct blob *out);

/* Is file NUMBER needed? */
bool memory_image_needs(const struct memory_image *image, uint64_t number);

/* Takes table and files from a state file: 0, or -EINVAL with ERROR. */
int memory_image_get(struct memory_image *image, struct blob_reader *extents,
		     struct blob_reader *files, struct uhyve_error *error);

/* Maps the files of directory DIR_FD; VERIFY: reads all and compares checksums first. */
int memory_image_map(struct memory_image *image, int dir_fd, bool verify,
		     struct uhyve_error *error);

void memory_image_name(uint64_t number, char name[MEMORY_NAME_MAX]);

#endif /* UHYVE_MEMORY_IMAGE_H */
