/* SPDX-License-Identifier: BSD-3-Clause */
/* greeting: a C program of two files that prints from a second thread. */
#include "words.h"

#include <pthread.h>
#include <stdio.h>

static void *greet(void *name)
{
	printf("%s, %s!\n", words_greeting(), (const char *)name);
	return NULL;
}

int main(int argc, char **argv)
{
	char world[] = "world";
	pthread_t thread;

	if (pthread_create(&thread, NULL, greet, argc > 1 ? argv[1] : world) != 0) {
		fprintf(stderr, "greeting: cannot create a thread\n");
		return 1;
	}
	pthread_join(thread, NULL);
	return 0;
}
