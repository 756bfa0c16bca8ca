/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fileio: sequential reading or writing of one file, in blocks, and the rate in MB/s (10^6 bytes).
 *
 *   fileio read|write FILE MIB [BLOCK_KIB]
 *
 * The file is overwritten in place, not truncated, so that writing finds the same page cache on
 * each run. Each block begins with its own number; reading checks it, so that a rate is only
 * printed for data that has arrived. The last line of the output is "mode=... bytes=... ns=...
 * mb_per_s=...".
 */
#include "bench.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

struct job {
	const char *path;
	uint64_t bytes;
	size_t block_bytes;
	char *buffer;
};

/* Moves one whole block; a short transfer goes on where it stopped. */
static void block_move(const struct job *job, int fd, int writing)
{
	size_t done = 0;

	while (done < job->block_bytes) {
		size_t rest = job->block_bytes - done;
		ssize_t n = writing ? write(fd, job->buffer + done, rest)
				    : read(fd, job->buffer + done, rest);

		bench_check(n < 0, job->path);
		if (n == 0) {
			fprintf(stderr, "%s: ends too early\n", job->path);
			exit(1);
		}
		done += (size_t)n;
	}
}

static void block_check(const struct job *job, uint64_t number)
{
	uint64_t found;

	memcpy(&found, job->buffer, sizeof(found));
	if (found == number)
		return;
	fprintf(stderr, "%s: block %" PRIu64 " holds block %" PRIu64 "\n", job->path, number,
		found);
	exit(1);
}

/* Returns the nanoseconds from before open() to after close(). */
static uint64_t file_pass(const struct job *job, int writing)
{
	uint64_t start = bench_ns();
	int fd = open(job->path, writing ? O_WRONLY | O_CREAT : O_RDONLY, 0644);

	bench_check(fd < 0, job->path);
	for (uint64_t block = 0; block < job->bytes / job->block_bytes; block++) {
		if (writing)
			memcpy(job->buffer, &block, sizeof(block));
		block_move(job, fd, writing);
		if (!writing)
			block_check(job, block);
	}
	bench_check(close(fd) != 0, job->path);
	return bench_ns() - start;
}

int main(int argc, char **argv)
{
	struct job job;
	int writing;
	uint64_t ns;

	if (argc < 4 || argc > 5 || (strcmp(argv[1], "read") && strcmp(argv[1], "write"))) {
		fprintf(stderr, "usage: fileio read|write FILE MIB [BLOCK_KIB]\n");
		return 2;
	}
	writing = strcmp(argv[1], "write") == 0;
	job.path = argv[2];
	job.bytes = bench_number(argv[3], 1, 1u << 20, "MIB") << 20;
	job.block_bytes =
		argc > 4 ? bench_number(argv[4], 1, 1u << 20, "BLOCK_KIB") << 10 : 1u << 20;
	job.buffer = malloc(job.block_bytes);
	bench_check(!job.buffer, "malloc");
	memset(job.buffer, 'x', job.block_bytes);
	ns = file_pass(&job, writing);
	printf("mode=%s bytes=%" PRIu64 " ns=%" PRIu64 " mb_per_s=%.1f\n", argv[1], job.bytes, ns,
	       (double)job.bytes * 1e3 / (double)ns);
	free(job.buffer);
	return 0;
}
