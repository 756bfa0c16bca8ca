/* SPDX-License-Identifier: BSD-3-Clause */
/* Stacks: room for megabytes in the first and in other threads; large .bss, of which little is
 * used. */
#include "memory.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define DEPTH 6 /* MiB; Linux's default limit is 8 */

static char large[300 * MIB];

/* Fills a MiB of stack at each level and looks at it again on the way back. */
static intptr_t descend(int depth)
{
	volatile char frame[MIB];
	intptr_t below;

	for (size_t i = 0; i < MIB; i += PAGE / 2)
		frame[i] = (char)depth;
	below = depth > 1 ? descend(depth - 1) : 0;
	for (size_t i = 0; i < MIB; i += PAGE / 2)
		if (frame[i] != (char)depth)
			return -1000;
	return below + 1;
}

static void *descend_in_thread(void *argument)
{
	(void)argument;
	return (void *)descend(DEPTH);
}

void memory_stack(void)
{
	pthread_t thread;
	void *result = NULL;

	check_section("stacks and .bss");
	CHECK(descend(DEPTH) == DEPTH);
	SHOW(pthread_create(&thread, NULL, descend_in_thread, NULL));
	SHOW(pthread_join(thread, &result));
	CHECK((intptr_t)result == DEPTH);
	CHECK(large[0] == 0 && large[sizeof(large) - 1] == 0);
	for (size_t i = 0; i < sizeof(large); i += 10 * MIB)
		large[i] = (char)(i / MIB);
	CHECK(large[10 * MIB] == 10 && large[290 * MIB] == (char)290 && large[15 * MIB] == 0);
}
