/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state file of a checkpoint (docs/checkpoint.md): a header with version and checksum, a table,
 * and sections, each known by type and index. Here is only the container; what is in a section is
 * its owner's matter.
 */
#ifndef HOST_CHECKPOINT_FILE_H
#define HOST_CHECKPOINT_FILE_H

#include "blob.h"

#define CHECKPOINT_MAGIC	0x54504b4354494d48ull /* "HMITCKPT" */
#define CHECKPOINT_VERSION	1u
#define CHECKPOINT_SECTIONS_MAX 1024u
#define CHECKPOINT_FILE_MAX	(4ull << 30)

enum checkpoint_type {
	CHECKPOINT_MACHINE = 1, /* memory, processors, clock, channel */
	CHECKPOINT_PLACE,	/* paths of image and directories, mappings */
	CHECKPOINT_CPUID,
	CHECKPOINT_VCPU,    /* one for each vCPU */
	CHECKPOINT_IRQCHIP, /* one for each of three */
	CHECKPOINT_EXTENTS, /* where each page of memory is */
	CHECKPOINT_FILES,   /* the files that hold memory */
	CHECKPOINT_CHANNEL, /* bytes on their way in the proxy, calls that wait */
	CHECKPOINT_HANDLES, /* the guest's open host files */
	CHECKPOINT_NET,	    /* the network card; none without one */
	CHECKPOINT_TYPES
};

struct checkpoint_header {
	uint64_t magic;
	uint32_t version;
	uint32_t sections;
	uint64_t file_size;
	uint64_t checksum; /* of the whole file, with 0 here */
};

struct checkpoint_section {
	uint32_t type; /* enum checkpoint_type */
	uint32_t index;
	uint64_t offset, size; /* in the file */
};

_Static_assert(sizeof(struct checkpoint_header) == 32, "checkpoint_header");
_Static_assert(sizeof(struct checkpoint_section) == 24, "checkpoint_section");

/* A file that is being made. Zero-initialised; checkpoint_writer_destroy at the end. */
struct checkpoint_writer {
	struct blob table, data;
	uint32_t sections;
	uint64_t start; /* of the open section */
};

/* Begins a section; what is put into the blob that is returned belongs to it. */
struct blob *checkpoint_section_begin(struct checkpoint_writer *writer, enum checkpoint_type type,
				      uint32_t index);
/* All sections have been written: the file in OUT. 0 or -ENOMEM. */
int checkpoint_writer_finish(struct checkpoint_writer *writer, struct blob *out);
void checkpoint_writer_destroy(struct checkpoint_writer *writer);

/* A file that has been checked. */
struct checkpoint_reader {
	const uint8_t *data;
	uint32_t sections;
};

/* Checks SIZE bytes at DATA, which stay the caller's: 0, or -EINVAL with *REASON. */
int checkpoint_reader_open(struct checkpoint_reader *reader, const void *data, size_t size,
			   const char **reason);
/* The section's bytes; false when there is none, and a reader that has failed. */
bool checkpoint_reader_find(const struct checkpoint_reader *reader, enum checkpoint_type type,
			    uint32_t index, struct blob_reader *section);

#endif /* HOST_CHECKPOINT_FILE_H */
