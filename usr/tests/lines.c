/* SPDX-License-Identifier: BSD-3-Clause */
/* lines N: N short lines, one write() each. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 10;

	for (long i = 0; i < count; i++) {
		char line[64];
		int size = snprintf(line, sizeof(line), "line %ld\n", i);

		if (write(STDOUT_FILENO, line, (size_t)size) != size) {
			perror("lines");
			return 1;
		}
	}
	return 0;
}
