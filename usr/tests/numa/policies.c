/* SPDX-License-Identifier: BSD-3-Clause */
/* numa: policies of the thread and of areas. Node 0 exists everywhere; node 900 nowhere. */
#include "numa.h"

#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>

#define FLAGS_BOTH (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)

static struct mask far_node(void)
{
	struct mask mask = {{0}};

	mask.words[900 / 64] = 1ul << 900 % 64;
	return mask;
}

static void show_own(const char *what)
{
	struct mask nodes = {{0}};
	int mode = -1;

	MUST(get_mempolicy(&mode, &nodes, BITS, NULL, 0));
	printf("%s: mode %#x nodes %#lx\n", what, mode, nodes.words[0]);
}

static bool has_rdpid(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && c & 1u << 22;
}

static bool has_rdtscp(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && d & 1u << 27;
}

void numa_getcpu(void)
{
	unsigned cpu = ~0u, node = ~0u, vcpu = ~0u, vnode = ~0u, aux;
	unsigned long place;
	cpu_set_t one;

	check_section("getcpu");
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	SHOW(sched_setaffinity(0, sizeof(one), &one));
	SHOW(syscall(SYS_getcpu, &cpu, &node, NULL));
	SHOW(getcpu(&vcpu, &vnode));
	CHECK(cpu == 0 && vcpu == 0);
	CHECK(node == vnode && node < BITS_MAX);
	if (has_rdtscp()) {
		__asm__ volatile("rdtscp" : "=c"(aux)::"eax", "edx");
		if (aux != (node << 12 | cpu))
			CHECK(aux == (node << 12 | cpu));
	}
	if (has_rdpid()) {
		__asm__ volatile("rdpid %0" : "=r"(place));
		if (place != (node << 12 | cpu))
			CHECK(place == (node << 12 | cpu));
	}
	SHOW(syscall(SYS_getcpu, bad_pointer, NULL, NULL));
	SHOW(syscall(SYS_getcpu, NULL, bad_pointer, NULL));
}

static void bad_modes(void)
{
	struct mask other = far_node();

	SHOW(set_mempolicy(MPOL_DEFAULT, MASK(1), BITS));
	SHOW(set_mempolicy(MPOL_LOCAL, MASK(1), BITS));
	SHOW(set_mempolicy(MPOL_LOCAL | MPOL_F_STATIC_NODES, NULL, 0));
	SHOW(set_mempolicy(MPOL_BIND, NULL, 0));
	SHOW(set_mempolicy(MPOL_BIND, MASK(0), BITS));
	SHOW(set_mempolicy(MPOL_BIND, &other, BITS));
	SHOW(set_mempolicy(MPOL_PREFERRED, &other, BITS));
	SHOW(set_mempolicy(MPOL_INTERLEAVE, MASK(0), BITS));
	SHOW(set_mempolicy(MPOL_PREFERRED | MPOL_F_STATIC_NODES, NULL, 0));
	SHOW(set_mempolicy(MPOL_BIND | FLAGS_BOTH, MASK(1), BITS));
	SHOW(set_mempolicy(99, MASK(1), BITS));
	SHOW(set_mempolicy(-1, MASK(1), BITS));
	SHOW(set_mempolicy(MPOL_BIND, bad_pointer, BITS));
	SHOW(set_mempolicy(99, bad_pointer, BITS));
	SHOW(set_mempolicy(MPOL_BIND, MASK(1), 0));
	SHOW(set_mempolicy(MPOL_BIND, MASK(1), 1));
	SHOW(set_mempolicy(MPOL_BIND, MASK(1), 8 * PAGE + 2));
	SHOW(set_mempolicy(MPOL_INTERLEAVE | MPOL_F_NUMA_BALANCING, MASK(1), BITS));
	show_own("after wrong ones");
}

static void good_modes(void)
{
	struct mask both = far_node();
	int mode = -1;

	both.words[0] = 1;
	SHOW(set_mempolicy(MPOL_BIND, MASK(1), BITS));
	show_own("bind");
	SHOW(set_mempolicy(MPOL_BIND, &both, BITS));
	show_own("bind to one that exists");
	SHOW(set_mempolicy(MPOL_BIND | MPOL_F_STATIC_NODES, MASK(1), 2));
	show_own("bind, static");
	SHOW(set_mempolicy(MPOL_BIND | MPOL_F_RELATIVE_NODES, MASK(1), 2));
	show_own("bind, relative");
	SHOW(set_mempolicy(MPOL_INTERLEAVE, MASK(1), BITS));
	show_own("interleave");
	SHOW(get_mempolicy(&mode, NULL, 0, NULL, MPOL_F_NODE));
	printf("next node %d\n", mode);
	SHOW(set_mempolicy(MPOL_PREFERRED_MANY, MASK(1), BITS));
	show_own("preferred many");
	SHOW(get_mempolicy(&mode, NULL, 0, NULL, MPOL_F_NODE));
	SHOW(set_mempolicy(MPOL_PREFERRED, MASK(1), BITS));
	show_own("preferred");
	SHOW(set_mempolicy(MPOL_PREFERRED, MASK(1), 1)); /* no node: a mask of 0 bits */
	show_own("preferred, none");
	SHOW(set_mempolicy(MPOL_LOCAL, NULL, 0));
	show_own("local");
	SHOW(set_mempolicy(MPOL_DEFAULT, MASK(0), BITS));
	show_own("default");
}

static void *child(void *argument)
{
	(void)argument;
	show_own("new thread");
	SHOW(set_mempolicy(MPOL_BIND, MASK(1), BITS));
	return NULL;
}

static void threads(void)
{
	pthread_t thread;

	SHOW(set_mempolicy(MPOL_INTERLEAVE, MASK(1), BITS));
	if (pthread_create(&thread, NULL, child, NULL) || pthread_join(thread, NULL))
		check_die("pthread_create");
	show_own("creator");
	SHOW(set_mempolicy(MPOL_DEFAULT, NULL, 0));
}

static void questions(void)
{
	struct mask nodes = {{0}};
	int mode = -1;
	char *memory = map(PAGE);

	SHOW(get_mempolicy(&mode, &nodes, BITS, NULL, MPOL_F_MEMS_ALLOWED));
	CHECK(mode == 0 && nodes.words[0] & 1);
	SHOW(get_mempolicy(&mode, &nodes, BITS, NULL, MPOL_F_MEMS_ALLOWED | MPOL_F_NODE));
	SHOW(get_mempolicy(&mode, &nodes, BITS, NULL, 8));
	SHOW(get_mempolicy(&mode, &nodes, BITS, memory, 0));
	SHOW(get_mempolicy(&mode, &nodes, 0, NULL, 0));
	SHOW(get_mempolicy(NULL, NULL, 0, NULL, 0));
	SHOW(get_mempolicy(&mode, NULL, 0, NULL, MPOL_F_NODE));
	SHOW(get_mempolicy(bad_pointer, NULL, 0, NULL, 0));
	SHOW(get_mempolicy(NULL, bad_pointer, BITS, NULL, 0));
	SHOW(get_mempolicy(&mode, NULL, 0, bad_pointer, MPOL_F_ADDR));
	SHOW(get_mempolicy(&mode, NULL, 0, memory, MPOL_F_ADDR));
	printf("mode %d\n", mode);
	SHOW(get_mempolicy(&mode, NULL, 0, memory, MPOL_F_ADDR | MPOL_F_NODE)); /* touches it */
	memory[0] = 1; /* until then Linux shows its page of zeros there */
	CHECK(mode == node_of(memory));
	munmap(memory, PAGE);
}

void numa_policies(void)
{
	check_section("policies");
	show_own("at the start");
	bad_modes();
	good_modes();
	threads();
	questions();
}
