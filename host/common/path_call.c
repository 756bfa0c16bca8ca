/* SPDX-License-Identifier: BSD-3-Clause */
/* See path_call.h. */
#include "path_call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CONFIGFS_MAGIC 0x62656570
#define MQUEUE_MAGIC   0x19800202

bool fd_is_pseudo(int fd)
{
	static const unsigned pseudo[] = {
		PROC_SUPER_MAGIC,   SYSFS_MAGIC,	DEBUGFS_MAGIC,	     TRACEFS_MAGIC,
		SECURITYFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC,
		PSTOREFS_MAGIC,	    EFIVARFS_MAGIC,	SELINUX_MAGIC,	     SMACK_MAGIC,
		DEVPTS_SUPER_MAGIC, BINFMTFS_MAGIC,	NSFS_MAGIC,	     CONFIGFS_MAGIC,
		MQUEUE_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return true;
	for (size_t i = 0; i < sizeof(pseudo) / sizeof(pseudo[0]); i++)
		if ((unsigned)fs.f_type == pseudo[i])
			return true;
	return false;
}

static int64_t reply_redirect(struct hostcall *call, struct path_redirect *redirect, unsigned which)
{
	size_t size = strlen(redirect->path);
	int64_t result = HC_REDIRECT;

	if (size > HC_PATH_MAX)
		result = -ENAMETOOLONG;
	else
		memcpy(call->out, redirect->path, size);
	call->out_size = result == HC_REDIRECT ? size : 0;
	call->val[0] = which;
	free(redirect->path);
	return result;
}

int64_t call_walk(struct file_server *files, struct hostcall *call, struct path_text path,
		  unsigned flags, unsigned which, struct path_spot *spot)
{
	struct path_redirect redirect;

	if (path.len == 0 || path.text[0] != '/' || memchr(path.text, 0, path.len))
		return -EBADMSG;
	if (path.len > HC_PATH_MAX)
		return -ENAMETOOLONG;
	int result = path_walk(files->mounts, path.text, path.len, flags, spot, &redirect);
	if (result == HC_REDIRECT)
		return reply_redirect(call, &redirect, which);
	if (result == 0 && spot->mount && spot->mount->plain_only && fd_is_pseudo(spot->dir_fd)) {
		path_spot_close(spot);
		return -EACCES;
	}
	return result;
}

struct path_text call_path(const struct hostcall *call)
{
	return (struct path_text){(const char *)call->payload, call->payload_size};
}

bool call_two_paths(const struct hostcall *call, struct path_text *first, struct path_text *second)
{
	const char *text = (const char *)call->payload;
	const char *nul = memchr(text, 0, call->payload_size);

	if (!nul)
		return false;
	*first = (struct path_text){text, (size_t)(nul - text)};
	*second = (struct path_text){nul + 1, call->payload_size - first->len - 1};
	return true;
}

unsigned call_follow(uint64_t argument)
{
	return argument & HC_NOFOLLOW ? 0 : PATH_FOLLOW;
}

int spot_check_writable(const struct path_spot *spot)
{
	return !spot->mount || spot->mount->readonly ? -EROFS : 0;
}

int spot_open_path(const struct path_spot *spot, bool follow)
{
	struct stat st;

	if (spot->dir_fd < 0)
		return -ENOENT;
	int fd = openat(spot->dir_fd, spot->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = 0;
	if (fstat(fd, &st) != 0)
		err = -errno;
	else if (S_ISLNK(st.st_mode) && (follow || spot->wants_dir))
		err = -ESTALE;
	else if (spot->wants_dir && !S_ISDIR(st.st_mode))
		err = -ENOTDIR;
	else if (spot->mount->plain_only && spot->wants_dir && fd_is_pseudo(fd))
		err = -EACCES;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
