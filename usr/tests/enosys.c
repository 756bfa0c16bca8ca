/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * enosys: proves that an unknown system call gives ENOSYS and nothing else, that the instruction
 * keeps all registers but RAX, RCX and R11, and that fork and exec fail cleanly where they do not
 * exist (on Linux they work).
 */
#include "common/check.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void unknown_calls(void)
{
	static const long numbers[] = {401, 423, 511, 1000, 9999, 1l << 31, -1, -4096};
	int bad = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		errno = 0;
		bad += syscall(numbers[i], 1, 2, 3, 4, 5, 6) != -1 || errno != ENOSYS;
	}
	CHECK(bad == 0);
}

/* Fills the registers, makes the call, and compares: rsi, rdi, rdx, r8, r9, r10, r12 to r15, rbx,
 * rbp. */
static int registers_kept(long number)
{
	long same;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t" /* spare the red zone */
			 "push %%rbp\n\t"
			 "mov %[number], %%rax\n\t"
			 "mov $0x1111111122222222, %%rdi\n\t"
			 "lea 1(%%rdi), %%rsi\n\t"
			 "lea 2(%%rdi), %%rdx\n\t"
			 "lea 3(%%rdi), %%r10\n\t"
			 "lea 4(%%rdi), %%r8\n\t"
			 "lea 5(%%rdi), %%r9\n\t"
			 "lea 6(%%rdi), %%rbx\n\t"
			 "lea 7(%%rdi), %%rbp\n\t"
			 "lea 8(%%rdi), %%r12\n\t"
			 "lea 9(%%rdi), %%r13\n\t"
			 "lea 10(%%rdi), %%r14\n\t"
			 "lea 11(%%rdi), %%r15\n\t"
			 "syscall\n\t"
			 "mov $0x1111111122222222, %%rax\n\t"
			 "mov $1, %%ecx\n\t"
			 "xor %%r11d, %%r11d\n\t"
			 "cmp %%rax, %%rdi\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%rsi\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%rdx\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%r10\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%r8\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%r9\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%rbx\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%rbp\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%r12\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%r13\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%r14\n\tcmovne %%r11d, %%ecx\n\t"
			 "inc %%rax\n\tcmp %%rax, %%r15\n\tcmovne %%r11d, %%ecx\n\t"
			 "pop %%rbp\n\t"
			 "lea 128(%%rsp), %%rsp\n\t"
			 "mov %%rcx, %%rax\n\t"
			 : "=&a"(same)
			 : [number] "c"(number)
			 : "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "rbx", "r12", "r13",
			   "r14", "r15", "memory", "cc");
	return (int)same;
}

static int fork_works_or_is_missing(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return errno == ENOSYS;
	if (child == 0)
		_exit(7);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static int exec_fails(void)
{
	char *const arguments[] = {NULL};

	execve("/nonexistent/program", arguments, arguments);
	return errno == ENOENT || errno == ENOSYS;
}

int main(void)
{
	unknown_calls();
	CHECK(registers_kept(9999));
	CHECK(registers_kept(SYS_getpid));
	CHECK(registers_kept(SYS_sched_yield));
	CHECK(registers_kept(SYS_write)); /* EBADF */
	CHECK(fork_works_or_is_missing());
	CHECK(exec_fails());
	SHOW(waitpid(-1, NULL, 0));
	return check_done();
}
