/* SPDX-License-Identifier: BSD-3-Clause */
/* The buffers of a read or write (struct file_io). */
#include <file/file.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <lib/assert.h>
#include <lib/string.h>

bool file_io_piece(const struct file_io *io, uintptr_t *address, size_t *size)
{
	const struct file_segment *segment = io->segments;
	unsigned count = io->count;
	size_t skip = io->skip;

	while (count && segment->size == skip) {
		segment++;
		count--;
		skip = 0;
	}
	if (!count || !io->remaining)
		return false;
	*address = segment->address + skip;
	*size = MIN(segment->size - skip, io->remaining);
	return true;
}

void file_io_advance(struct file_io *io, size_t size)
{
	ASSERT(size <= io->remaining);
	io->remaining -= size;
	while (size) {
		size_t left = io->segments->size - io->skip;
		size_t part = MIN(size, left);

		io->skip += part;
		size -= part;
		if (io->skip == io->segments->size && io->count > 1) {
			io->segments++;
			io->count--;
			io->skip = 0;
		}
	}
}

enum direction { TO_BUFFERS, FROM_BUFFERS, ZERO_BUFFERS };

static int move(const struct file_io *io, uintptr_t address, void *data, size_t size,
		enum direction direction)
{
	void *kernel = (void *)address;

	switch (direction) {
	case TO_BUFFERS:
		if (!io->kernel)
			return arch_user_write(address, data, size);
		memcpy(kernel, data, size);
		return 0;
	case FROM_BUFFERS:
		if (!io->kernel)
			return arch_user_read(data, address, size);
		memcpy(data, kernel, size);
		return 0;
	default:
		if (!io->kernel)
			return arch_user_clear(address, size);
		memset(kernel, 0, size);
		return 0;
	}
}

/* A piece that faults moves again page by page, so that all before the fault counts. */
static int64_t move_all(struct file_io *io, uint8_t *data, size_t size, enum direction direction)
{
	size_t done = 0, piece;
	uintptr_t address;
	bool by_page = false;

	while (done < size && file_io_piece(io, &address, &piece)) {
		size_t in_page = PAGE_SIZE - address % PAGE_SIZE;

		piece = MIN(piece, size - done);
		if (by_page)
			piece = MIN(piece, in_page);
		if (move(io, address, data ? data + done : NULL, piece, direction)) {
			if (piece <= in_page)
				return done ? (int64_t)done : -EFAULT;
			by_page = true;
			continue;
		}
		file_io_advance(io, piece);
		done += piece;
	}
	return (int64_t)done;
}

int64_t file_io_put(struct file_io *io, const void *data, size_t size)
{
	return move_all(io, (uint8_t *)(uintptr_t)data, size, TO_BUFFERS);
}

int64_t file_io_get(struct file_io *io, void *data, size_t size)
{
	return move_all(io, data, size, FROM_BUFFERS);
}

int64_t file_io_zero(struct file_io *io, size_t size)
{
	return move_all(io, NULL, size, ZERO_BUFFERS);
}
