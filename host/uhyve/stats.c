/* SPDX-License-Identifier: BSD-3-Clause */
/* See stats.h; the format: Linux, Documentation/virt/kvm/api.rst, 4.133. */
#include "stats.h"

#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NAME_MAX_BYTES 256u

/* Finds NAME among the descriptions; where its value lies, or -1. */
static int64_t find_value(int fd, const struct kvm_stats_header *header, const char *name)
{
	union {
		struct kvm_stats_desc desc;
		char room[sizeof(struct kvm_stats_desc) + NAME_MAX_BYTES];
	} entry;
	size_t size = sizeof(entry.desc) + header->name_size;

	for (uint32_t i = 0; i < header->num_desc; i++) {
		off_t at = (off_t)(header->desc_offset + i * size);
		if (pread(fd, &entry, size, at) != (ssize_t)size)
			return -1;
		/* The name follows the fixed part, terminated by NUL. */
		if (strncmp(entry.desc.name, name, header->name_size) == 0)
			return (int64_t)header->data_offset + entry.desc.offset;
	}
	return -1;
}

uint64_t stats_read(int vcpu_fd, const char *name)
{
	struct kvm_stats_header header;
	uint64_t value = 0;
	int fd = ioctl(vcpu_fd, KVM_GET_STATS_FD, 0);

	if (fd < 0)
		return 0;
	if (pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	    header.name_size <= NAME_MAX_BYTES) {
		int64_t at = find_value(fd, &header, name);
		if (at < 0 || pread(fd, &value, sizeof(value), at) != (ssize_t)sizeof(value))
			value = 0;
	}
	close(fd);
	return value;
}
