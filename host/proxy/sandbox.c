/* SPDX-License-Identifier: BSD-3-Clause */
/* See sandbox.h. Landlock: Linux, Documentation/userspace-api/landlock.rst. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_SERVERS	       "/etc/resolv.conf" /* libslirp asks them for the guest */

#define LANDLOCK_WITH_REFER    2 /* versions of the interface */
#define LANDLOCK_WITH_TRUNCATE 3
#define ACCESS_TRUNCATE	       (1ull << 14) /* older headers lack its name */

/* Of a file; the others are of directories. */
#define ACCESS_FILE_READ  LANDLOCK_ACCESS_FS_READ_FILE
#define ACCESS_FILE_WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define ACCESS_READ	  (ACCESS_FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE                                                                               \
	(ACCESS_FILE_WRITE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |      \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
/* What nobody gets. */
#define ACCESS_NEVER                                                                               \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

/* What root needs to be root for files, which the guest's calls may be; others have none. */
#define KEPT_CAPABILITIES                                                                          \
	(1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID)

static int drop_capabilities(uint32_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) != 0)
		return -errno;
	data[0].effective &= kept;
	data[0].permitted &= kept;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){0};
	if (syscall(SYS_capset, &header, data) != 0)
		return -errno;
	return 0;
}

static int allow_mount(int ruleset, const struct mount *mount, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = mount->fd};
	int file_fd = -1;
	struct stat st;

	if (mount->fd < 0)
		return 0;
	if (mount->file) {
		file_fd = openat(mount->fd, mount->file, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (file_fd < 0)
			return 0; /* it is gone, and stays so */
		rule.parent_fd = file_fd;
	}
	bool is_directory = fstat(rule.parent_fd, &st) == 0 && S_ISDIR(st.st_mode);
	rule.allowed_access = is_directory ? ACCESS_READ : ACCESS_FILE_READ;
	if (!mount->readonly)
		rule.allowed_access |= is_directory ? ACCESS_WRITE : ACCESS_FILE_WRITE;
	rule.allowed_access &= handled;
	int result =
		syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
			? 0
			: -errno;
	if (file_fd >= 0)
		close(file_fd);
	return result;
}

/*
 * A rule set that forbids *HANDLED, all that this kernel knows of: its descriptor, or -errno. Where
 * the kernel has no Landlock, or one that forbids to move files between directories, the proxy's
 * own checks have to do: NO_LANDLOCK.
 */
#define NO_LANDLOCK INT_MIN

static int new_ruleset(uint64_t *handled)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = {.handled_access_fs =
						     ACCESS_READ | ACCESS_WRITE | ACCESS_NEVER};

	if (version < LANDLOCK_WITH_REFER)
		return NO_LANDLOCK;
	if (version < LANDLOCK_WITH_TRUNCATE)
		attr.handled_access_fs &= ~ACCESS_TRUNCATE;
	*handled = attr.handled_access_fs;
	long ruleset =
		syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	return ruleset < 0 ? -errno : (int)ruleset;
}

static int enter_ruleset(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : -errno;
}

static int restrict_directories(const struct mount_table *mounts, int checkpoint_fd)
{
	uint64_t handled;
	int ruleset = new_ruleset(&handled), result = 0;

	if (ruleset < 0)
		return ruleset == NO_LANDLOCK ? 0 : ruleset;
	for (size_t i = 0; i < mounts->count && !result; i++)
		result = allow_mount(ruleset, &mounts->mounts[i], handled);
	const struct mount checkpoints = {.fd = checkpoint_fd};
	if (!result)
		result = allow_mount(ruleset, &checkpoints, handled);
	if (!result)
		result = enter_ruleset(ruleset);
	close(ruleset);
	return result;
}

/* The file as it is now: what takes its place later is not read. */
static int restrict_to_file(const char *path)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = ACCESS_FILE_READ};
	uint64_t handled;
	int ruleset = new_ruleset(&handled), result = 0;

	if (ruleset < 0)
		return ruleset == NO_LANDLOCK ? 0 : ruleset;
	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd >= 0 &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		result = -errno;
	if (rule.parent_fd >= 0)
		close(rule.parent_fd);
	if (!result)
		result = enter_ruleset(ruleset);
	close(ruleset);
	return result;
}

static int give_up_privileges(uint32_t kept, const char **what)
{
	*what = "no_new_privs";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	*what = "capabilities";
	return drop_capabilities(kept);
}

int sandbox_enter(const struct mount_table *mounts, int checkpoint_fd, unsigned more,
		  const char **what)
{
	int error = give_up_privileges(KEPT_CAPABILITIES, what);

	if (error)
		return error;
	*what = "Landlock";
	error = restrict_directories(mounts, checkpoint_fd);
	if (error)
		return error;
	*what = "seccomp";
	return sandbox_filter_install(SANDBOX_MAIN, more);
}

int sandbox_enter_thread(enum sandbox_role role, unsigned more)
{
	const char *what;
	int error = give_up_privileges(0, &what);

	return error ? error : sandbox_filter_install(role, more);
}

int sandbox_enter_user_net(const char **what)
{
	int error = give_up_privileges(0, what);

	if (error)
		return error;
	*what = "Landlock";
	error = restrict_to_file(NAME_SERVERS);
	if (error)
		return error;
	*what = "seccomp";
	return sandbox_filter_install(SANDBOX_USER_NET, 0);
}
