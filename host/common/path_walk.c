/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See path_walk.h. Two ways to the same result: most paths have neither links nor ".." and take one
 * openat2() from the directory of their mount; all others are walked component by component.
 */
#include "path_walk.h"

#include <abi/hostcall.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A directory on the way from the root to where the walk is. */
struct walk_node {
	int fd;
	bool owned;
	const struct mount *mount;
	size_t path_len; /* of the guest path that leads here */
};

struct walk {
	const struct mount_table *table;
	unsigned flags, links;
	struct walk_node *nodes;
	size_t depth, capacity;
	char *rest; /* owned: what is still to be walked; at: the position in it */
	const char *at;
	struct path_spot *spot; /* spot->path is the path of the top node */
	struct path_redirect *redirect;
};

/* walk_component: go on with the next one. Not an errno. */
#define WALK_ON 1

void path_spot_close(struct path_spot *spot)
{
	if (spot->owns_dir)
		close(spot->dir_fd);
	spot->owns_dir = false;
}

static struct walk_node *walk_top(struct walk *walk)
{
	return &walk->nodes[walk->depth - 1];
}

static void walk_pop(struct walk *walk)
{
	struct walk_node *node = walk_top(walk);
	if (node->owned)
		close(node->fd);
	walk->depth--;
	if (walk->depth > 0)
		walk->spot->path[walk_top(walk)->path_len] = '\0';
}

/* Enters the directory whose path stands in spot->path. Takes FD when OWNED, also when it fails. */
static int walk_push(struct walk *walk, int fd, bool owned, const struct mount *mount)
{
	if (walk->depth == walk->capacity) {
		size_t capacity = walk->capacity ? 2 * walk->capacity : 16;
		struct walk_node *nodes = realloc(walk->nodes, capacity * sizeof(*nodes));
		if (!nodes) {
			if (owned)
				close(fd);
			return -ENOMEM;
		}
		walk->nodes = nodes;
		walk->capacity = capacity;
	}
	walk->nodes[walk->depth++] = (struct walk_node){fd, owned, mount, strlen(walk->spot->path)};
	return 0;
}

/* "The guest goes on": with the path PATH and REST behind it. */
static int walk_redirect(struct walk *walk, const char *path, const char *rest)
{
	if (asprintf(&walk->redirect->path, "%s%s%s", path, *rest && *rest != '/' ? "/" : "",
		     rest) < 0) {
		walk->redirect->path = NULL;
		return -ENOMEM;
	}
	return HC_REDIRECT;
}

/*
 * Does REST, taken literally up to its first "..", lead from PATH into a mount of the host's? Then
 * the guest sends the whole path here again, so that the walk has to go on.
 */
static bool leads_to_host(const struct mount_table *table, const char *path, const char *rest)
{
	char here[PATH_MAX];
	size_t used = strlen(path);
	bool host = false;

	memcpy(here, path, used);
	for (;;) {
		rest += strspn(rest, "/");
		size_t len = strcspn(rest, "/");
		if (len == 0 || (len == 2 && memcmp(rest, "..", 2) == 0) ||
		    used + 1 + len >= sizeof(here))
			return host;
		if (len != 1 || rest[0] != '.') {
			here[used] = '/';
			memcpy(here + used + 1, rest, len);
			used += 1 + len;
			here[used] = '\0';
			const struct mount *mount = mount_table_at(table, here, used);
			if (mount)
				host = mount->fd >= 0;
		}
		rest += len;
	}
}

/* The walk has come to MOUNT, which the guest serves. */
static int walk_guest_mount(struct walk *walk, const struct mount *mount)
{
	if (leads_to_host(walk->table, mount->guest, walk->at))
		return walk_push(walk, -1, false, mount);
	return walk_redirect(walk, mount->guest_len ? mount->guest : "/", walk->at);
}

static bool guest_serves(const struct walk_node *node)
{
	return node->mount && node->mount->fd < 0;
}

static int walk_start_at_root(struct walk *walk)
{
	while (walk->depth > 0)
		walk_pop(walk);
	walk->spot->path[0] = '\0';
	const struct mount *root = mount_table_at(walk->table, "", 0);
	if (root && root->fd < 0)
		return walk_guest_mount(walk, root);
	return walk_push(walk, root ? root->fd : -1, false, root);
}

/* Puts the target of a link in front of what is left. */
static int walk_link(struct walk *walk, const char *target, size_t size)
{
	char *rest;

	if (++walk->links > PATH_LINKS_MAX || walk->flags & PATH_NO_LINKS)
		return -ELOOP;
	if (size == 0)
		return -ENOENT;
	/* What is left begins with a slash. */
	if (asprintf(&rest, "%.*s%s", (int)size, target, walk->at) < 0)
		return -ENOMEM;
	free(walk->rest);
	walk->rest = rest;
	walk->at = rest;
	if (target[0] != '/')
		return WALK_ON;
	int err = walk_start_at_root(walk);
	return err ? err : WALK_ON;
}

/* The spot is NAME in the top directory, which then belongs to the spot. */
static int walk_finish(struct walk *walk, const char *name, bool itself)
{
	struct walk_node *top = walk_top(walk);
	struct path_spot *spot = walk->spot;

	spot->dir_fd = top->fd;
	spot->owns_dir = top->owned;
	top->owned = false;
	spot->mount = top->mount;
	spot->itself = itself;
	snprintf(spot->name, sizeof(spot->name), "%s", itself ? "." : name);
	return 0;
}

/* The directory NAME below the top one as descriptor, or -errno (-ENOTDIR also for links). */
static int open_step(const struct walk_node *top, const char *name)
{
	if (top->fd < 0)
		return -ENOENT;
	int fd = openat(top->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* NAME leads towards a mount point: it is a directory, whatever the host has there. */
static int walk_towards_mount(struct walk *walk, const char *name)
{
	const struct walk_node *top = walk_top(walk);
	const struct mount *mount = top->mount;
	int fd = open_step(top, name);
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
		return fd;
	bool inside = fd >= 0 || guest_serves(top);
	int err = walk_push(walk, fd < 0 ? -1 : fd, fd >= 0, inside ? mount : NULL);
	return err ? err : WALK_ON;
}

static int walk_mount_point(struct walk *walk, const struct mount *mount, bool last)
{
	struct path_spot *spot = walk->spot;

	if (mount->fd < 0) {
		int result = walk_guest_mount(walk, mount);
		return result ? result : WALK_ON;
	}
	if (mount->file) {
		spot->dir_fd = mount->fd;
		spot->mount = mount;
		snprintf(spot->name, sizeof(spot->name), "%s", mount->file);
		return last ? 0 : -ENOTDIR;
	}
	int err = walk_push(walk, mount->fd, false, mount);
	if (err)
		return err;
	spot->is_mount_point = true;
	return WALK_ON;
}

/* NAME below the top directory, where only the host has a say. LAST: nothing comes behind it. */
static int walk_host_component(struct walk *walk, const char *name, bool last)
{
	char target[PATH_MAX];
	struct walk_node *top = walk_top(walk);

	if (last && !walk->spot->wants_dir && !(walk->flags & PATH_FOLLOW))
		return walk_finish(walk, name, false);
	if (top->fd < 0)
		return last ? walk_finish(walk, name, false) : -ENOENT;
	if (!last) {
		const struct mount *mount = top->mount;
		int fd = open_step(top, name);
		if (fd >= 0) {
			int err = walk_push(walk, fd, true, mount);
			return err ? err : WALK_ON;
		}
		if (fd != -ENOTDIR)
			return fd;
	}
	ssize_t size = readlinkat(top->fd, name, target, sizeof(target));
	if (size == (ssize_t)sizeof(target))
		return -ENAMETOOLONG;
	if (size >= 0) {
		walk->spot->path[top->path_len] = '\0';
		return walk_link(walk, target, (size_t)size);
	}
	if (last && (errno == EINVAL || errno == ENOENT))
		return walk_finish(walk, name, false);
	return errno == EINVAL ? -ENOTDIR : -errno;
}

static int walk_name(struct walk *walk, const char *name, bool last)
{
	struct path_spot *spot = walk->spot;
	size_t used = walk_top(walk)->path_len, len = strlen(name);

	if (used + 1 + len >= PATH_MAX)
		return -ENAMETOOLONG;
	spot->path[used] = '/';
	memcpy(spot->path + used + 1, name, len + 1);
	spot->is_mount_point = false;
	const struct mount *mount = mount_table_at(walk->table, spot->path, used + 1 + len);
	if (mount)
		return walk_mount_point(walk, mount, last);
	if (mount_table_has_below(walk->table, spot->path, used + 1 + len))
		return walk_towards_mount(walk, name);
	return walk_host_component(walk, name, last);
}

/* One component. WALK_ON, 0 when the spot has been found, HC_REDIRECT or -errno. */
static int walk_component(struct walk *walk)
{
	char name[NAME_MAX + 1];

	walk->at += strspn(walk->at, "/");
	size_t len = strcspn(walk->at, "/");
	if (len == 0)
		return walk_finish(walk, ".", true);
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, walk->at, len);
	name[len] = '\0';
	walk->at += len;
	bool last = walk->at[strspn(walk->at, "/")] == '\0';
	if (last && *walk->at == '/')
		walk->spot->wants_dir = true;
	if (strcmp(name, ".") == 0)
		return WALK_ON;
	if (strcmp(name, "..") != 0)
		return walk_name(walk, name, last);
	if (walk->depth > 1)
		walk_pop(walk);
	walk->spot->is_mount_point = false;
	if (guest_serves(walk_top(walk)))
		return walk_redirect(walk, walk->spot->path[0] ? walk->spot->path : "/", walk->at);
	return WALK_ON;
}

static int walk_slowly(const struct mount_table *table, const char *path, size_t len,
		       unsigned flags, struct path_spot *spot, struct path_redirect *redirect)
{
	struct walk walk = {.table = table, .flags = flags, .spot = spot, .redirect = redirect};

	walk.rest = strndup(path, len);
	if (!walk.rest)
		return -ENOMEM;
	walk.at = walk.rest;
	int result = walk_start_at_root(&walk);
	if (!result)
		do {
			result = walk_component(&walk);
		} while (result == WALK_ON);
	while (walk.depth > 0) {
		struct walk_node *node = walk_top(&walk);
		if (node->owned)
			close(node->fd);
		walk.depth--;
	}
	free(walk.nodes);
	free(walk.rest);
	return result;
}

/* The parent directory of a path without links, in one system call. -errno: take the slow way. */
static int open_parent(const struct mount *mount, const char *relative, size_t len)
{
	char path[PATH_MAX];
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	memcpy(path, relative, len);
	path[len] = '\0';
	return (int)syscall(SYS_openat2, mount->fd, path, &how, sizeof(how));
}

/* True when SPOT is filled; false: take the slow way. */
static bool walk_fast(const struct mount_table *table, const char *path, size_t len, unsigned flags,
		      struct path_spot *spot)
{
	char link;

	memcpy(spot->path, path, len);
	spot->path[len] = '\0';
	const struct mount *mount = mount_table_longest(table, spot->path, len);
	if (!mount || mount->fd < 0 || mount->file || mount->guest_len == len ||
	    mount_table_has_below(table, spot->path, len))
		return false;
	const char *relative = spot->path + mount->guest_len + 1;
	const char *slash = strrchr(relative, '/');
	const char *name = slash ? slash + 1 : relative;
	if (strlen(name) > NAME_MAX)
		return false;
	snprintf(spot->name, sizeof(spot->name), "%s", name);
	spot->mount = mount;
	spot->dir_fd = slash ? open_parent(mount, relative, (size_t)(slash - relative)) : mount->fd;
	spot->owns_dir = slash && spot->dir_fd >= 0;
	if (spot->dir_fd < 0)
		return false;
	if (!(flags & PATH_FOLLOW) || readlinkat(spot->dir_fd, spot->name, &link, 1) < 0)
		return true;
	path_spot_close(spot);
	return false;
}

/* Has the path only plain components: none empty, ".", ".."? */
static bool path_is_plain(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (path[i] != '/')
			continue;
		if (i + 1 == len || path[i + 1] == '/')
			return false;
		if (path[i + 1] == '.' &&
		    (i + 2 == len || path[i + 2] == '/' || path[i + 2] == '.'))
			return false; /* also names that only begin with two dots: rare */
	}
	return true;
}

int path_walk(const struct mount_table *table, const char *path, size_t len, unsigned flags,
	      struct path_spot *spot, struct path_redirect *redirect)
{
	redirect->path = NULL;
	*spot = (struct path_spot){.dir_fd = -1};
	if (len < PATH_MAX && path_is_plain(path, len) && walk_fast(table, path, len, flags, spot))
		return 0;
	*spot = (struct path_spot){.dir_fd = -1};
	return walk_slowly(table, path, len, flags, spot, redirect);
}
