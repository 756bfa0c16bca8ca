/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest that has taken over a thread of the proxy would try: usage: attempt ROLE WHAT FOLDER
 *
 * The process confines itself as the proxy does (FOLDER/rw may be written, FOLDER/ro read), then
 * tries WHAT. Exit status 0: it was refused with an errno; 1: it worked; 2: it could not be tried.
 * Where the attempt ends the process, it is the signal.
 */
#include "common/mount_table.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/vhost.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *folder;

static const char *below(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static long open_file(const char *name, int flags)
{
	return open(below(name), flags | O_CLOEXEC, 0600);
}

static long try_read_elsewhere(void)
{
	return open_file("elsewhere", O_RDONLY);
}

static long try_list_elsewhere(void)
{
	return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static long try_write_read_only(void)
{
	return open_file("ro/file", O_WRONLY);
}

static long try_create_read_only(void)
{
	return open_file("ro/new", O_WRONLY | O_CREAT);
}

static long try_remove_read_only(void)
{
	return unlink(below("ro/file"));
}

static long try_move_out(void)
{
	char from[512];

	snprintf(from, sizeof(from), "%s", below("rw/file"));
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, below("moved"), 0);
}

static long try_exec(void)
{
	char *const words[] = {NULL};

	return execve("/bin/true", words, words);
}

static long try_fork(void)
{
	return syscall(SYS_fork);
}

static long try_clone_process(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long try_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_code_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static long try_make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_other_memory(void)
{
	char byte;
	struct iovec piece = {&byte, 1};

	return process_vm_readv(getppid(), &piece, 1, &piece, 1, 0);
}

static long try_new_machine(void)
{
	return ioctl(STDIN_FILENO, KVM_CREATE_VM, 0);
}

static long try_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long try_wider_filter(void)
{
	return syscall(SYS_seccomp, 0, 0, NULL);
}

static long try_core_dump(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static long try_keyring(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long try_open(void)
{
	return open_file("rw/file", O_RDONLY);
}

static long try_kvm_run(void)
{
	return ioctl(STDIN_FILENO, KVM_RUN, 0) == -1 && errno == ENOTTY ? 0 : -1;
}

static long try_poll(void)
{
	return poll(NULL, 0, 0);
}

static long try_tap(void)
{
	return ioctl(STDIN_FILENO, TUNSETOFFLOAD, 0) == -1 && errno == ENOTTY ? 0 : -1;
}

static long try_other_tap(void)
{
	return ioctl(STDIN_FILENO, TUNSETIFF, NULL);
}

static long try_vhost_memory(void)
{
	return ioctl(STDIN_FILENO, VHOST_SET_MEM_TABLE, NULL);
}

static long try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long try_names(void)
{
	return open("/etc/resolv.conf", O_RDONLY);
}

static long try_own_signal(void)
{
	return syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0);
}

static long try_other_signal(void)
{
	return syscall(SYS_tgkill, 1, 1, 0);
}

static long try_write(void)
{
	return open_file("rw/new", O_WRONLY | O_CREAT);
}

static const struct {
	const char *name;
	long (*act)(void);
} attempts[] = {
	{"read_elsewhere", try_read_elsewhere},
	{"list_elsewhere", try_list_elsewhere},
	{"write_read_only", try_write_read_only},
	{"create_read_only", try_create_read_only},
	{"remove_read_only", try_remove_read_only},
	{"move_out", try_move_out},
	{"exec", try_exec},
	{"fork", try_fork},
	{"clone_process", try_clone_process},
	{"clone3", try_clone3},
	{"socket", try_socket},
	{"code_memory", try_code_memory},
	{"make_code", try_make_code},
	{"ptrace", try_ptrace},
	{"other_memory", try_other_memory},
	{"new_machine", try_new_machine},
	{"namespace", try_namespace},
	{"wider_filter", try_wider_filter},
	{"core_dump", try_core_dump},
	{"keyring", try_keyring},
	{"open", try_open},
	{"write", try_write},
	{"kvm_run", try_kvm_run},
	{"poll", try_poll},
	{"tap", try_tap},
	{"other_tap", try_other_tap},
	{"vhost_memory", try_vhost_memory},
	{"unix_socket", try_unix_socket},
	{"names", try_names},
	{"own_signal", try_own_signal},
	{"other_signal", try_other_signal},
};

static int confine(const char *role)
{
	static struct mount_table mounts;
	char host[512];
	const char *what = "";
	int err;

	if (strcmp(role, "vcpu") == 0)
		return sandbox_enter_thread(SANDBOX_VCPU, 0);
	if (strcmp(role, "net") == 0)
		return sandbox_enter_thread(SANDBOX_NET, 0);
	if (strcmp(role, "user_net") == 0)
		return sandbox_enter_user_net(&what);
	snprintf(host, sizeof(host), "%s", below("rw"));
	err = mount_table_add_host(&mounts, host, "/rw", 0);
	if (!err)
		err = mount_table_add_host(&mounts, below("ro"), "/ro", MOUNT_READONLY);
	if (!err)
		err = sandbox_enter(&mounts, -1, 0, &what);
	if (err)
		fprintf(stderr, "%s: %s\n", what, strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	folder = argv[3];
	if (confine(argv[1]) != 0)
		return 2;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (strcmp(attempts[i].name, argv[2]) == 0)
			return attempts[i].act() >= 0;
	return 2;
}
