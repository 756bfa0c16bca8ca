/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps: exceptions, interrupts and system calls all leave one struct trap_frame on the kernel
 * stack of the task that they interrupted (Intel SDM vol. 3, 6.14; AMD APM vol. 2, 8.9).
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <lib/compiler.h>
#include <lib/types.h>

struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx; /* callee-saved */
	uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector; /* ARCH_VECTOR_SYSCALL for system calls */
	uint64_t error;	 /* error code; for system calls the call's number */
	uint64_t rip, cs, rflags, rsp, ss;
};

#define ARCH_VECTOR_SYSCALL    0x100
#define ARCH_VECTOR_PAGE_FAULT 14

/* Interrupt vectors of the kernel's own choice. */
#define ARCH_VECTOR_IRQ_BASE 0x30 /* device interrupts from here */
#define ARCH_VECTOR_TIMER    0xef
#define ARCH_VECTOR_RESCHED  0xf0
#define ARCH_VECTOR_TLB	     0xf1
#define ARCH_VECTOR_WAKE     0xf2 /* nothing but the end of a wait */
#define ARCH_VECTOR_SPURIOUS 0xff

/* A frame that starts the application at ENTRY with STACK_POINTER and all other registers zero. */
void arch_trap_frame_init(struct trap_frame *frame, uintptr_t entry, uintptr_t stack_pointer);

/* True when the frame interrupted the application (not the kernel). */
bool arch_trap_from_app(const struct trap_frame *frame);

/*
 * Upward calls: declared here, defined by the folders named. All run on the task's kernel stack.
 */

/* kernel/core: a device, timer or inter-processor interrupt. Interrupts off. */
void irq_dispatch(unsigned vector);

/* kernel/core: an exception in the kernel that nobody handles. ADDRESS: of a page fault, else 0. */
noreturn void arch_trap_kernel_fault(struct trap_frame *frame, uintptr_t address);

/* kernel/mm: page fault at ADDRESS. Returns 0 when the access can be repeated, -EFAULT when there
 * is no such mapping or right (SIGSEGV, SEGV_MAPERR), -EACCES (SEGV_ACCERR), -EIO (SIGBUS), -ENOMEM
 * (SIGBUS: out of memory). Interrupts on when the faulting context had them on. May block then. */
#define ARCH_FAULT_WRITE 1u
#define ARCH_FAULT_EXEC	 2u
int vm_fault(uintptr_t address, unsigned access);

/* kernel/sched: an exception in the application, to be delivered as signal SIGNO with siginfo CODE
 * and fault ADDRESS. Ends the application with a crash report where no handler is set. */
void signal_fault(struct trap_frame *frame, int signo, int code, uintptr_t address);

/* kernel/sched: work (ARCH_WORK_*) is pending and the application is about to go on. Interrupts on.
 * May block, switch tasks, change the frame (signal delivery), or not return. */
void sched_return_work(struct trap_frame *frame);

/* kernel/syscalls: the table of system calls; entries are called with the six arguments on the
 * task's kernel stack with interrupts on and return the result or -errno. The current task's frame
 * is arch_trap_syscall_frame(). Calls that change the frame (rt_sigreturn) set ARCH_WORK_SIGNAL or
 * return through arch_trap_return(). */
typedef long (*arch_syscall_fn)(long, long, long, long, long, long);
#define ARCH_SYSCALL_COUNT 512u
extern const arch_syscall_fn arch_syscall_table[ARCH_SYSCALL_COUNT];

/* The frame of the system call that the current task executes (at the top of its kernel stack). */
struct trap_frame *arch_trap_syscall_frame(void);

/* Goes on with the application as FRAME says (all registers), after pending work. */
noreturn void arch_trap_return(struct trap_frame *frame);

#endif /* ARCH_TRAP_H */
