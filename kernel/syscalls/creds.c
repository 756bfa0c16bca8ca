/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * User and group ids: those of the user who started the proxy. They are kept for the application's
 * own use; what it may do to files is decided by the host, what it may do to the machine by the
 * isle. User 0 may take any id, others may choose among their own, as on Linux.
 *
 * One set for the process, one lock.
 */
#include <syscalls/creds.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <core/spinlock.h>
#include <drivers/host_channel.h>
#include <fs/proc.h>
#include <linux/capability.h>
#include <sched/process.h>
#include <syscalls/path.h>

#define GROUPS_MAX PROC_GROUPS_MAX
#define KEEP	   0xffffffffu /* (uid_t)-1: leave this one alone */

enum { REAL, EFFECTIVE, SAVED };

struct ids {
	uint32_t id[3];
};

static struct spinlock creds_lock = SPINLOCK_INIT;
static struct {
	bool known;
	struct ids user, group;
	uint32_t groups[GROUPS_MAX];
	unsigned group_count;
} creds; /* creds_lock */

static arch_irq_state_t creds_enter(void) NO_THREAD_SAFETY
{
	const struct host_hello *hello = host_hello();
	arch_irq_state_t irq = spin_lock(&creds_lock);

	if (!creds.known) {
		creds.known = true;
		for (unsigned i = 0; i < 3; i++) {
			creds.user.id[i] = hello ? hello->fixed.uid : 0;
			creds.group.id[i] = hello ? hello->fixed.gid : 0;
		}
	}
	return irq;
}

static void creds_leave(arch_irq_state_t irq) NO_THREAD_SAFETY
{
	spin_unlock(&creds_lock, irq);
}

void proc_identity(struct proc_identity *identity)
{
	arch_irq_state_t irq = creds_enter();

	for (unsigned i = 0; i < 4; i++) {
		/* The file system's ids follow the effective ones. */
		identity->uid[i] = creds.user.id[i < 3 ? i : EFFECTIVE];
		identity->gid[i] = creds.group.id[i < 3 ? i : EFFECTIVE];
	}
	identity->group_count = creds.group_count;
	for (unsigned i = 0; i < creds.group_count; i++)
		identity->groups[i] = creds.groups[i];
	creds_leave(irq);
	identity->umask = umask_get();
}

static long get_id(const struct ids *ids, unsigned which)
{
	arch_irq_state_t irq = creds_enter();
	long id = ids->id[which];

	creds_leave(irq);
	return id;
}

SYSCALL(getuid)
{
	return get_id(&creds.user, REAL);
}

SYSCALL(geteuid)
{
	return get_id(&creds.user, EFFECTIVE);
}

SYSCALL(getgid)
{
	return get_id(&creds.group, REAL);
}

SYSCALL(getegid)
{
	return get_id(&creds.group, EFFECTIVE);
}

static bool is_root(void)
{
	return creds.user.id[EFFECTIVE] == 0;
}

static bool owns(const struct ids *ids, uint32_t id)
{
	return id == ids->id[REAL] || id == ids->id[EFFECTIVE] || id == ids->id[SAVED];
}

/* Takes over the ids of NEW that are not KEEP, all or none. 0 or -EPERM. */
static long set_ids(struct ids *ids, const struct ids *new)
{
	arch_irq_state_t irq = creds_enter();
	long error = 0;

	for (unsigned i = 0; i < 3; i++) {
		if (new->id[i] != KEEP && !is_root() && !owns(ids, new->id[i]))
			error = -EPERM;
	}
	for (unsigned i = 0; i < 3 && !error; i++) {
		if (new->id[i] != KEEP)
			ids->id[i] = new->id[i];
	}
	creds_leave(irq);
	return error;
}

/* setuid, setgid: for user 0 all three. */
static long set_one(struct ids *ids, uint32_t id)
{
	arch_irq_state_t irq = creds_enter();
	bool all = is_root();

	creds_leave(irq);
	if (id == KEEP)
		return -EINVAL;
	return set_ids(ids, &(struct ids){{all ? id : KEEP, id, all ? id : KEEP}});
}

/* setreuid, setregid: the saved id follows the effective one when the real one changes. */
static long set_two(struct ids *ids, uint32_t real, uint32_t effective)
{
	arch_irq_state_t irq = creds_enter();
	uint32_t saved = KEEP;

	if (real != KEEP || (effective != KEEP && effective != ids->id[REAL]))
		saved = effective != KEEP ? effective : ids->id[EFFECTIVE];
	creds_leave(irq);
	return set_ids(ids, &(struct ids){{real, effective, saved}});
}

SYSCALL(setuid)
{
	return set_one(&creds.user, (uint32_t)a0);
}

SYSCALL(setgid)
{
	return set_one(&creds.group, (uint32_t)a0);
}

SYSCALL(setreuid)
{
	return set_two(&creds.user, (uint32_t)a0, (uint32_t)a1);
}

SYSCALL(setregid)
{
	return set_two(&creds.group, (uint32_t)a0, (uint32_t)a1);
}

SYSCALL(setresuid)
{
	return set_ids(&creds.user, &(struct ids){{(uint32_t)a0, (uint32_t)a1, (uint32_t)a2}});
}

SYSCALL(setresgid)
{
	return set_ids(&creds.group, &(struct ids){{(uint32_t)a0, (uint32_t)a1, (uint32_t)a2}});
}

static long write_ids(const struct ids *from, const long to[3])
{
	arch_irq_state_t irq = creds_enter();
	const struct ids ids = *from;

	creds_leave(irq);
	for (unsigned i = 0; i < 3; i++) {
		if (arch_user_write((uintptr_t)to[i], &ids.id[i], sizeof(ids.id[i])))
			return -EFAULT;
	}
	return 0;
}

SYSCALL(getresuid)
{
	return write_ids(&creds.user, (const long[]){a0, a1, a2});
}

SYSCALL(getresgid)
{
	return write_ids(&creds.group, (const long[]){a0, a1, a2});
}

/* The ids for file access are the effective ones; the call returns the old one in any case. */
SYSCALL(setfsuid)
{
	return get_id(&creds.user, EFFECTIVE);
}

SYSCALL(setfsgid)
{
	return get_id(&creds.group, EFFECTIVE);
}

SYSCALL(getgroups)
{
	uint32_t groups[GROUPS_MAX];
	arch_irq_state_t irq = creds_enter();
	unsigned count = creds.group_count;

	for (unsigned i = 0; i < count; i++)
		groups[i] = creds.groups[i];
	creds_leave(irq);
	if ((int)a0 < 0 || ((int)a0 && (unsigned)a0 < count))
		return -EINVAL;
	if ((int)a0 && arch_user_write((uintptr_t)a1, groups, count * sizeof(*groups)))
		return -EFAULT;
	return count;
}

SYSCALL(setgroups)
{
	uint32_t groups[GROUPS_MAX];
	arch_irq_state_t irq;
	long error = 0;

	if ((unsigned)a0 > GROUPS_MAX)
		return -EINVAL;
	if (arch_user_read(groups, (uintptr_t)a1, (unsigned)a0 * sizeof(*groups)))
		return -EFAULT;
	irq = creds_enter();
	if (!is_root()) {
		error = -EPERM;
	} else {
		creds.group_count = (unsigned)a0;
		for (unsigned i = 0; i < creds.group_count; i++)
			creds.groups[i] = groups[i];
	}
	creds_leave(irq);
	return error;
}

/* Reads the header at ADDRESS: the number of data structures, 0 when the version is unknown (the
 * known one is written back then), or -errno. */
static int read_cap_header(uintptr_t address, struct __user_cap_header_struct *header)
{
	if (arch_user_read(header, address, sizeof(*header)))
		return -EFAULT;
	switch (header->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return _LINUX_CAPABILITY_U32S_1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return _LINUX_CAPABILITY_U32S_3;
	default:
		header->version = _LINUX_CAPABILITY_VERSION_3;
		return arch_user_write(address, header, sizeof(*header));
	}
}

/* Nobody has capabilities here. */
SYSCALL(capget)
{
	static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	struct __user_cap_header_struct header;
	int count = read_cap_header((uintptr_t)a0, &header);

	if (count < 0)
		return count;
	if (!count)
		return a1 ? -EINVAL : 0;
	if (header.pid < 0)
		return -EINVAL;
	if (header.pid && header.pid != PROCESS_PID && !thread_exists(header.pid))
		return -ESRCH;
	return a1 ? arch_user_write((uintptr_t)a1, none, (size_t)count * sizeof(*none)) : 0;
}

SYSCALL(capset)
{
	struct __user_cap_data_struct wanted[_LINUX_CAPABILITY_U32S_3];
	struct __user_cap_header_struct header;
	int count = read_cap_header((uintptr_t)a0, &header);

	if (count <= 0)
		return count ? count : -EINVAL;
	if (arch_user_read(wanted, (uintptr_t)a1, (size_t)count * sizeof(*wanted)))
		return -EFAULT;
	for (int i = 0; i < count; i++) {
		if (wanted[i].effective | wanted[i].permitted | wanted[i].inheritable)
			return -EPERM;
	}
	return 0;
}
