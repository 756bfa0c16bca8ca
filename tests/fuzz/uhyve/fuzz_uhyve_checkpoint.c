/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A state file of a checkpoint that anybody may have written. Its checksum is made right first, as
 * a hostile writer's would be; then the container, the table of memory, the list of open files and
 * the calls that wait are taken from it, as far as they go. There are no files that could be
 * opened: the name space is empty. Whatever is in the file, the result is a refusal or a machine.
 */
#include <common/checkpoint_file.h>
#include <common/file_state.h>
#include <common/hostcall_server.h>
#include <uhyve/memory_image.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY (1u << 20)

static struct guest_mem memory;

static uint64_t no_rate(void *context)
{
	(void)context;
	return 0;
}

static const struct guest_mem *get_memory(void *context)
{
	(void)context;
	return &memory;
}

static void no_reply(void *context, const struct hc_reply *reply, const void *payload, size_t size)
{
	(void)context;
	(void)reply;
	(void)payload;
	(void)size;
}

/* The same as the writer's. */
static void seal(uint8_t *data, size_t size)
{
	struct checkpoint_header header;

	if (size < sizeof(header))
		return;
	memcpy(&header, data, sizeof(header));
	header.magic = CHECKPOINT_MAGIC;
	header.version = CHECKPOINT_VERSION;
	header.file_size = size;
	header.checksum = 0;
	header.checksum = blob_checksum(blob_checksum(0, &header, sizeof(header)),
					data + sizeof(header), size - sizeof(header));
	memcpy(data, &header, sizeof(header));
}

static void load_memory(const struct checkpoint_reader *state)
{
	struct blob_reader extents, files;
	struct memory_image image;
	struct uhyve_error error;

	checkpoint_reader_find(state, CHECKPOINT_EXTENTS, 0, &extents);
	checkpoint_reader_find(state, CHECKPOINT_FILES, 0, &files);
	if (memory_image_init(&image, &memory, &error) == 0 &&
	    memory_image_get(&image, &extents, &files, &error) == 0)
		(void)memory_image_map(&image, -1, true, &error);
	memory_image_destroy(&image);
}

static void load_guest(const struct checkpoint_reader *state)
{
	static const struct mount_table mounts = {0};
	static char *const nothing[] = {NULL};
	const struct hostcall_identity identity = {.argv = nothing,
						   .envp = nothing,
						   .image = "/image",
						   .tsc_hz = no_rate,
						   .memory = get_memory};
	const int std[3] = {open("/dev/null", O_RDWR), -1, open("/dev/null", O_RDWR)};
	static uint8_t out[HC_DATA_MAX];
	static struct file_fault fault;
	struct hostcall_server server;
	struct file_server files;
	struct blob_reader in;

	if (file_server_init(&files, &mounts, std, open("/dev/null", O_RDWR)) != 0 ||
	    hostcall_server_init(&server, &files, &identity) != 0)
		abort();
	server.send = no_reply;
	server.keeps_requests = true;
	checkpoint_reader_find(state, CHECKPOINT_HANDLES, 0, &in);
	(void)file_state_restore(&files, &in, out, &fault);
	checkpoint_reader_find(state, CHECKPOINT_CHANNEL, 0, &in);
	(void)hostcall_server_restore(&server, &in, out);
	hostcall_server_destroy(&server);
	file_server_destroy(&files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint_reader state;
	const char *reason;
	/* Exactly its size: the sanitizer sees what is read behind it. */
	uint8_t *copy = malloc(size ? size : 1);

	if (!memory.base && guest_mem_create(&memory, MEMORY, MEMORY) != 0)
		abort();
	memcpy(copy, data, size);
	seal(copy, size);
	if (checkpoint_reader_open(&state, copy, size, &reason) == 0) {
		load_memory(&state);
		load_guest(&state);
	}
	free(copy);
	return 0;
}
