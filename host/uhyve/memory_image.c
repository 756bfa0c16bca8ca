/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See memory_image.h: the table and the writing of files. Linux,
 * Documentation/admin-guide/mm/pagemap.rst.
 */
#include "memory_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE		GUEST_MEM_PAGE
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_PIECE	512u /* entries that are read at once */

/* A place: number of the file in the table + 1, and page in it. */
#define PLACE_SHIFT 40
#define PLACE_PAGES (1ull << PLACE_SHIFT)

struct extent {
	uint64_t page, count; /* of memory */
	uint64_t file_page;
	uint32_t file, reserved;
};

static uint64_t place(unsigned file, uint64_t page)
{
	return (uint64_t)(file + 1) << PLACE_SHIFT | page;
}

static void *map_table(uint64_t bytes)
{
	void *table = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return table == MAP_FAILED ? NULL : table;
}

static uint64_t dirty_bytes(const struct memory_image *image)
{
	return (image->pages + 63) / 64 * sizeof(uint64_t);
}

int memory_image_init(struct memory_image *image, const struct guest_mem *mem,
		      struct uhyve_error *error)
{
	*image = (struct memory_image){.mem = mem, .pages = mem->size / PAGE, .pagemap_fd = -1};
	image->where = map_table(image->pages * sizeof(*image->where));
	image->dirty = map_table(dirty_bytes(image));
	if (!image->where || !image->dirty)
		return uhyve_fail(error, -ENOMEM, "out of memory");
	image->pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (image->pagemap_fd < 0) {
		int err = errno;
		return uhyve_fail(error, -err, "/proc/self/pagemap: %s", strerror(err));
	}
	return 0;
}

void memory_image_destroy(struct memory_image *image)
{
	if (image->pagemap_fd >= 0)
		close(image->pagemap_fd);
	if (image->where)
		munmap(image->where, image->pages * sizeof(*image->where));
	if (image->dirty)
		munmap(image->dirty, dirty_bytes(image));
	*image = (struct memory_image){.pagemap_fd = -1};
}

void memory_image_name(uint64_t number, char name[MEMORY_NAME_MAX])
{
	snprintf(name, MEMORY_NAME_MAX, "memory-%llu", (unsigned long long)number);
}

bool memory_image_needs(const struct memory_image *image, uint64_t number)
{
	for (unsigned i = 0; i < image->file_count; i++)
		if (image->files[i].number == number)
			return true;
	return false;
}

/* Pages that are somewhere. */
static uint64_t live_pages(const struct memory_image *image)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < image->pages; i++)
		count += image->where[i] != 0;
	return count;
}

bool memory_image_wants_all(const struct memory_image *image)
{
	uint64_t stored = 0;

	for (unsigned i = 0; i < image->file_count; i++)
		stored += image->files[i].pages;
	return !image->complete || image->file_count == MEMORY_FILES_MAX ||
	       stored > 2 * live_pages(image);
}

/* A file that is being written. */
struct output {
	int fd;
	unsigned slot;
	struct memory_file file;
	const uint8_t *run; /* pages that wait to be written as one piece */
	size_t run_size;
};

static int write_run(struct output *output)
{
	while (output->run_size > 0) {
		ssize_t done = write(output->fd, output->run, output->run_size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		output->run += done;
		output->run_size -= (size_t)done;
	}
	return 0;
}

static bool is_zero(const uint8_t *page)
{
	uint64_t first;

	memcpy(&first, page, sizeof(first));
	return first == 0 && memcmp(page, page + 8, PAGE - 8) == 0;
}

/* Page NUMBER of memory is part of this file. */
static int write_page(struct memory_image *image, struct output *output, uint64_t number)
{
	const uint8_t *page = image->mem->base + number * PAGE;

	if (is_zero(page)) {
		image->where[number] = 0;
		return 0;
	}
	image->where[number] = place(output->slot, output->file.pages++);
	output->file.checksum = blob_checksum(output->file.checksum, page, PAGE);
	if (output->run_size && output->run + output->run_size == page) {
		output->run_size += PAGE;
		return 0;
	}
	int err = write_run(output);
	output->run = page;
	output->run_size = PAGE;
	return err;
}

/* All pages that the memory has, or that come from a file which nobody has touched. */
static int write_all(struct memory_image *image, struct output *output)
{
	const uint64_t first = (uintptr_t)image->mem->base / PAGE;
	uint64_t entries[PAGEMAP_PIECE];
	int err = 0;

	for (uint64_t i = 0; i < image->pages && !err; i += PAGEMAP_PIECE) {
		uint64_t count =
			image->pages - i < PAGEMAP_PIECE ? image->pages - i : PAGEMAP_PIECE;
		size_t size = count * sizeof(entries[0]);

		if (pread(image->pagemap_fd, entries, size,
			  (off_t)((first + i) * sizeof(entries[0]))) != (ssize_t)size)
			return -EIO;
		for (uint64_t j = 0; j < count && !err; j++)
			if (image->where[i + j] ||
			    (entries[j] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)))
				err = write_page(image, output, i + j);
	}
	return err;
}

static int write_dirty(struct memory_image *image, struct output *output)
{
	int err = 0;

	for (uint64_t word = 0; word < (image->pages + 63) / 64 && !err; word++)
		for (uint64_t bits = image->dirty[word]; bits && !err; bits &= bits - 1) {
			uint64_t page = word * 64 + (unsigned)__builtin_ctzll(bits);
			if (page < image->pages)
				err = write_page(image, output, page);
		}
	return err;
}

int memory_image_write(struct memory_image *image, int dir_fd, uint64_t number, bool all,
		       struct uhyve_error *error)
{
	struct output output = {.slot = all ? 0 : image->file_count, .file.number = number};
	char name[MEMORY_NAME_MAX];

	memory_image_name(number, name);
	image->complete = false;
	output.fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err = output.fd < 0 ? -errno : 0;
	if (!err)
		err = all ? write_all(image, &output) : write_dirty(image, &output);
	if (!err)
		err = write_run(&output);
	if (!err && fsync(output.fd) != 0)
		err = -errno;
	if (output.fd >= 0)
		close(output.fd);
	if (err)
		return uhyve_fail(error, err, "%s: %s", name, strerror(-err));
	image->files[output.slot] = output.file;
	image->file_count = output.slot + 1;
	image->complete = true;
	return 0;
}

static void put_extent(const struct memory_image *image, struct blob *out, uint64_t page,
		       uint64_t count)
{
	const uint64_t from = image->where[page];
	const struct extent extent = {.page = page,
				      .count = count,
				      .file = (uint32_t)(from >> PLACE_SHIFT) - 1,
				      .file_page = from & (PLACE_PAGES - 1)};

	blob_put(out, &extent, sizeof(extent));
}

/* Pages from PAGE on that lie one behind the other in one file. */
static uint64_t run_length(const struct memory_image *image, uint64_t page)
{
	uint64_t count = 1;

	while (page + count < image->pages &&
	       image->where[page + count] == image->where[page] + count)
		count++;
	return count;
}

void memory_image_put_extents(const struct memory_image *image, struct blob *out)
{
	for (uint64_t page = 0, count; page < image->pages; page += count) {
		count = 1;
		if (!image->where[page])
			continue;
		count = run_length(image, page);
		put_extent(image, out, page, count);
	}
}

void memory_image_put_files(const struct memory_image *image, struct blob *out)
{
	blob_put(out, image->files, image->file_count * sizeof(image->files[0]));
}

static int get_files(struct memory_image *image, struct blob_reader *files)
{
	while (files->left && image->file_count < MEMORY_FILES_MAX) {
		struct memory_file *file = &image->files[image->file_count++];
		blob_get(files, file, sizeof(*file));
		if (file->pages >= PLACE_PAGES)
			return -EINVAL;
	}
	return blob_is_done(files) ? 0 : -EINVAL;
}

/* END: of the extent before it. */
static bool extent_is_valid(const struct memory_image *image, const struct extent *extent,
			    uint64_t end)
{
	if (extent->page < end || extent->page >= image->pages || extent->count == 0 ||
	    extent->count > image->pages - extent->page || extent->file >= image->file_count)
		return false;
	const uint64_t stored = image->files[extent->file].pages;
	return extent->file_page < stored && extent->count <= stored - extent->file_page;
}

int memory_image_get(struct memory_image *image, struct blob_reader *extents,
		     struct blob_reader *files, struct uhyve_error *error)
{
	uint64_t end = 0;
	int err = get_files(image, files);

	while (!err && extents->left) {
		struct extent extent;
		blob_get(extents, &extent, sizeof(extent));
		if (extents->failed || !extent_is_valid(image, &extent, end)) {
			err = -EINVAL;
			break;
		}
		for (uint64_t i = 0; i < extent.count; i++)
			image->where[extent.page + i] = place(extent.file, extent.file_page + i);
		end = extent.page + extent.count;
	}
	return err || extents->failed
		       ? uhyve_fail(error, -EINVAL, "the checkpoint's table of memory is not valid")
		       : 0;
}

static int fail_file(const struct memory_file *file, const char *what, int err,
		     struct uhyve_error *error)
{
	return uhyve_fail(error, err, "the checkpoint's memory-%llu %s",
			  (unsigned long long)file->number, what);
}

static int verify_file(const struct memory_file *file, int fd, struct uhyve_error *error)
{
	static uint8_t buffer[64 * PAGE];
	uint64_t sum = 0, done = 0, size = file->pages * PAGE;

	while (done < size) {
		size_t piece =
			size - done < sizeof(buffer) ? (size_t)(size - done) : sizeof(buffer);
		if (pread(fd, buffer, piece, (off_t)done) != (ssize_t)piece)
			return fail_file(file, "cannot be read", -EIO, error);
		for (size_t at = 0; at < piece; at += PAGE)
			sum = blob_checksum(sum, buffer + at, PAGE);
		done += piece;
	}
	return sum == file->checksum ? 0 : fail_file(file, "has been changed", -EINVAL, error);
}

/* Opens and checks a file: descriptor or -errno. */
static int open_file(const struct memory_file *file, int dir_fd, bool verify,
		     struct uhyve_error *error)
{
	char name[MEMORY_NAME_MAX];
	struct stat st;

	memory_image_name(file->number, name);
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail_file(file, strerror(errno) /* a copy is made */, -EINVAL, error);
	int err = 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = fail_file(file, "is no file", -EINVAL, error);
	else if ((uint64_t)st.st_size != file->pages * PAGE)
		err = fail_file(file,
				(uint64_t)st.st_size < file->pages * PAGE ? "is cut off"
									  : "has been changed",
				-EINVAL, error);
	else if (verify)
		err = verify_file(file, fd, error);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* Shorter runs are read, which costs less than a mapping; and there are not mappings for all. */
#define MAPPED_RUN_MIN 16u
#define MAPPINGS_MAX   8192u

static int load_run(const struct memory_image *image, int fd, uint64_t page, uint64_t count,
		    unsigned *mappings)
{
	uint8_t *to = image->mem->base + page * PAGE;
	off_t offset = (off_t)((image->where[page] & (PLACE_PAGES - 1)) * PAGE);
	size_t size = count * PAGE;

	if (count >= MAPPED_RUN_MIN && *mappings < MAPPINGS_MAX) {
		(*mappings)++;
		return mmap(to, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
			    offset) == MAP_FAILED
			       ? -errno
			       : 0;
	}
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(fd, to + done, size - done, offset + (off_t)done);
		if (got <= 0 && !(got < 0 && errno == EINTR))
			return got < 0 ? -errno : -EIO;
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int memory_image_map(struct memory_image *image, int dir_fd, bool verify, struct uhyve_error *error)
{
	int fds[MEMORY_FILES_MAX], err = 0;
	unsigned opened = 0, mappings = 0;

	for (; opened < image->file_count && !err; opened++) {
		fds[opened] = open_file(&image->files[opened], dir_fd, verify, error);
		if (fds[opened] < 0) {
			err = fds[opened];
			break;
		}
	}
	for (uint64_t page = 0, count; page < image->pages && !err; page += count) {
		count = 1;
		if (!image->where[page])
			continue;
		count = run_length(image, page);
		err = load_run(image, fds[(image->where[page] >> PLACE_SHIFT) - 1], page, count,
			       &mappings);
		if (err)
			uhyve_fail(error, err, "the checkpoint's memory: %s", strerror(-err));
	}
	while (opened > 0)
		close(fds[--opened]);
	return err;
}
