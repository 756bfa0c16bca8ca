/* SPDX-License-Identifier: BSD-3-Clause */
/* The greeting: arguments, environment, name space, clock and entropy for the guest. */
#include "hello.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* A growing block of NUL-terminated strings. */
struct string_block {
	char *text;
	size_t size, capacity;
	bool failed;
};

static void block_add(struct string_block *block, const char *string)
{
	size_t size = strlen(string) + 1;

	if (block->failed)
		return;
	if (block->capacity - block->size < size) {
		size_t capacity = block->capacity ? block->capacity : 4096;
		while (capacity - block->size < size)
			capacity *= 2;
		char *text = realloc(block->text, capacity);
		if (!text) {
			block->failed = true;
			return;
		}
		block->text = text;
		block->capacity = capacity;
	}
	memcpy(block->text + block->size, string, size);
	block->size += size;
}

static void add_mount_paths(struct string_block *block, const struct mount_table *mounts,
			    enum mount_listing listing, uint32_t *count)
{
	const char *path;
	for (size_t i = 0; (path = mount_table_list(mounts, listing, i)); i++, (*count)++)
		block_add(block, path);
}

static int build_strings(struct hostcall_server *server, struct hc_hello_reply *hello)
{
	const struct hostcall_identity *id = server->identity;
	const struct mount_table *mounts = server->files->mounts;
	struct string_block block = {0};
	char hostname[HOST_NAME_MAX + 1] = "";

	hello->argc = (uint32_t)id->argc;
	for (int i = 0; i < id->argc; i++)
		block_add(&block, id->argv[i]);
	for (; id->envp[hello->envc]; hello->envc++)
		block_add(&block, id->envp[hello->envc]);
	block_add(&block, mounts->cwd);
	gethostname(hostname, sizeof(hostname) - 1);
	block_add(&block, hostname);
	add_mount_paths(&block, mounts, MOUNT_LIST_GUEST_FS, &hello->guest_fs_count);
	add_mount_paths(&block, mounts, MOUNT_LIST_HOST_FS, &hello->host_fs_count);
	block_add(&block, id->image);
	if (block.failed || block.size > UINT32_MAX) {
		free(block.text);
		return -ENOMEM;
	}
	server->strings = block.text;
	server->strings_size = block.size;
	hello->strings_size = (uint32_t)block.size;
	return 0;
}

static void describe_std_handles(struct file_server *files, struct hc_hello_reply *hello)
{
	for (uint32_t i = 0; i < 3; i++) {
		struct handle *handle = handle_table_get(&files->handles, i);
		if (!handle)
			continue;
		hello->std_handles[i] = handle->attributes;
		hello->std_mode[i] = handle->mode;
		int flags = fcntl(handle->fd, F_GETFL);
		hello->std_flags[i] = flags < 0 ? 0 : (uint32_t)flags;
		handle_put(handle);
	}
}

int64_t hostcall_hello(struct hostcall_server *server, struct hostcall *call)
{
	const struct hostcall_identity *id = server->identity;
	struct hc_hello_reply hello = {.version = HC_VERSION,
				       .uid = getuid(),
				       .gid = getgid(),
				       .umask = id->umask,
				       .tsc_hz = id->tsc_hz(id->context),
				       .stack_limit = id->stack_limit,
				       .pid = (uint32_t)getpid()};
	struct timespec now;

	if (call->request.arg[2] & HC_FEAT_SHM)
		server->files->mem = id->memory(id->context);
	if (server->files->mem)
		hello.features = HC_FEAT_SHM;
	int err = build_strings(server, &hello);
	if (err)
		return err;
	if (getrandom(hello.seed, sizeof(hello.seed), 0) != (ssize_t)sizeof(hello.seed))
		return -EIO;
	describe_std_handles(server->files, &hello);
	clock_gettime(CLOCK_REALTIME, &now);
	hello.realtime_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;

	size_t strings = server->strings_size;
	if (strings > HC_DATA_MAX - sizeof(hello))
		strings = HC_DATA_MAX - sizeof(hello);
	memcpy(call->out, &hello, sizeof(hello));
	memcpy(call->out + sizeof(hello), server->strings, strings);
	call->out_size = sizeof(hello) + strings;
	return 0;
}

int64_t hostcall_strings(struct hostcall_server *server, struct hostcall *call)
{
	uint64_t offset = call->request.arg[0];

	if (offset >= server->strings_size)
		return 0;
	size_t size = server->strings_size - (size_t)offset;
	if (size > HC_DATA_MAX)
		size = HC_DATA_MAX;
	memcpy(call->out, server->strings + offset, size);
	call->out_size = size;
	return (int64_t)size;
}
