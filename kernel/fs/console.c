/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's console as a file. */
#include "console.h"

#include <asm/fcntl.h>
#include <core/log.h>

#define CHUNK 256u

static int64_t console_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	(void)file;
	(void)io;
	(void)offset;
	return 0;
}

static int64_t console_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	char text[CHUNK];
	int64_t done = 0, part;

	(void)file;
	(void)offset;
	while ((part = file_io_get(io, text, sizeof(text))) > 0) {
		log_console_write(text, (size_t)part);
		done += part;
	}
	return done ? done : part;
}

static int console_stat(struct file *file, file_stat_t *stat)
{
	(void)file;
	*stat = (file_stat_t){.mode = 0020620, .nlink = 1, .rdev = 0x501, .blksize = PAGE_SIZE};
	return 0;
}

static unsigned console_poll(struct file *file, unsigned events)
{
	(void)file;
	return events &
	       (0x001u | 0x004u | 0x040u | 0x100u); /* in, out, and their normal-data names */
}

static const struct file_ops console_ops = {
	.read = console_read,
	.write = console_write,
	.poll = console_poll,
	.stat = console_stat,
};

struct file *console_file_create(void)
{
	return file_create(&console_ops, NULL, O_RDWR, FILE_STREAM, "/dev/console");
}
