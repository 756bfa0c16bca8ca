/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's name space as a small table; see mount_table.h. */
#include "mount_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mount_path_normalise(const char *path, char out[PATH_MAX])
{
	size_t size = 0;

	if (path[0] != '/')
		return -EINVAL;
	while (*path) {
		path += strspn(path, "/");
		size_t len = strcspn(path, "/");
		if (len == 2 && memcmp(path, "..", 2) == 0)
			return -EINVAL;
		if (len > 0 && !(len == 1 && *path == '.')) {
			if (size + len + 2 > PATH_MAX)
				return -EINVAL;
			out[size++] = '/';
			memcpy(out + size, path, len);
			size += len;
		}
		path += len;
	}
	out[size] = '\0';
	return 0;
}

/* Is OUTER (a normalised path) PATH itself or above it? */
static bool path_covers(const char *outer, size_t outer_len, const char *path, size_t len)
{
	return outer_len <= len && memcmp(outer, path, outer_len) == 0 &&
	       (outer_len == len || path[outer_len] == '/');
}

static int table_add(struct mount_table *table, struct mount mount, const char *guest)
{
	char path[PATH_MAX];
	int err = mount_path_normalise(guest, path);
	if (err)
		return err;
	for (size_t i = 0; i < table->count; i++) {
		struct mount *old = &table->mounts[i];
		if (strcmp(old->guest, path) != 0)
			continue;
		if (old->fd >= 0)
			close(old->fd);
		free(old->file);
		old->fd = mount.fd;
		old->file = mount.file;
		old->readonly = mount.readonly;
		old->plain_only = mount.plain_only;
		return 0;
	}
	struct mount *mounts = realloc(table->mounts, (table->count + 1) * sizeof(*mounts));
	if (!mounts)
		return -ENOMEM;
	table->mounts = mounts;
	mount.guest = strdup(path);
	if (!mount.guest)
		return -ENOMEM;
	mount.guest_len = strlen(path);
	mounts[table->count++] = mount;
	return 0;
}

int mount_table_add_host(struct mount_table *table, const char *host, const char *guest,
			 unsigned flags)
{
	int fd = open(host, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct mount mount = {.fd = fd,
			      .readonly = flags & MOUNT_READONLY,
			      .plain_only = flags & MOUNT_PLAIN_ONLY};
	int err = table_add(table, mount, guest);
	if (err)
		close(fd);
	return err;
}

int mount_table_add_file(struct mount_table *table, const char *host, const char *guest)
{
	const char *slash = strrchr(host, '/');
	char folder[PATH_MAX];

	if (!slash || (size_t)(slash - host) + 2 > sizeof(folder))
		return -EINVAL;
	memcpy(folder, host, (size_t)(slash - host) + 1);
	folder[slash - host + 1] = '\0';
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct mount mount = {.fd = fd, .readonly = true, .file = strdup(slash + 1)};
	int err = mount.file ? table_add(table, mount, guest) : -ENOMEM;
	if (err) {
		free(mount.file);
		close(fd);
	}
	return err;
}

int mount_table_add_guest(struct mount_table *table, const char *guest)
{
	return table_add(table, (struct mount){.fd = -1}, guest);
}

void mount_table_destroy(struct mount_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->mounts[i].fd >= 0)
			close(table->mounts[i].fd);
		free(table->mounts[i].guest);
		free(table->mounts[i].file);
	}
	free(table->mounts);
	free(table->cwd);
	*table = (struct mount_table){0};
}

const struct mount *mount_table_at(const struct mount_table *table, const char *path, size_t len)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		if (mount->guest_len == len && memcmp(mount->guest, path, len) == 0)
			return mount;
	}
	return NULL;
}

const struct mount *mount_table_longest(const struct mount_table *table, const char *path,
					size_t len)
{
	const struct mount *best = NULL;
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		if (path_covers(mount->guest, mount->guest_len, path, len) &&
		    (!best || mount->guest_len > best->guest_len))
			best = mount;
	}
	return best;
}

bool mount_table_has_below(const struct mount_table *table, const char *path, size_t len)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		if (mount->guest_len > len &&
		    path_covers(path, len, mount->guest, mount->guest_len))
			return true;
	}
	return false;
}

/* The name below PATH that leads to mount I, or NULL. */
static const char *name_below(const struct mount_table *table, const char *path, size_t len,
			      size_t i, size_t *name_len)
{
	const struct mount *mount = &table->mounts[i];
	if (mount->guest_len <= len || !path_covers(path, len, mount->guest, mount->guest_len))
		return NULL;
	const char *name = mount->guest + len + 1;
	*name_len = strcspn(name, "/");
	return name;
}

const char *mount_table_child(const struct mount_table *table, const char *path, size_t len,
			      size_t index, size_t *name_len)
{
	for (size_t i = 0; i < table->count; i++) {
		const char *name = name_below(table, path, len, i, name_len);
		bool seen = false;
		for (size_t j = 0; name && j < i && !seen; j++) {
			size_t other_len;
			const char *other = name_below(table, path, len, j, &other_len);
			seen = other && other_len == *name_len &&
			       memcmp(other, name, other_len) == 0;
		}
		if (name && !seen && index-- == 0)
			return name;
	}
	return NULL;
}

/* The mount that the mount point of MOUNT itself lies in, or NULL. */
static const struct mount *mount_parent(const struct mount_table *table, const struct mount *mount)
{
	const char *slash = strrchr(mount->guest, '/');
	return slash ? mount_table_longest(table, mount->guest, (size_t)(slash - mount->guest))
		     : NULL;
}

const char *mount_table_list(const struct mount_table *table, enum mount_listing listing,
			     size_t index)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		const struct mount *parent = mount_parent(table, mount);
		bool listed = listing == MOUNT_LIST_GUEST_FS
				      ? mount->fd < 0
				      : mount->fd >= 0 && parent && parent->fd < 0;
		if (listed && index-- == 0)
			return mount->guest_len > 0 ? mount->guest : "/";
	}
	return NULL;
}
