/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filestress: several threads create, write, read, rename, list and remove files in one directory
 * at once. Proves that requests of several threads do not mix: every byte that is read is one that
 * was written there.
 */
#include "common/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS 5
#define ROUNDS	40
#define PIECE	3001
#define PIECES	20

static atomic_int done;

/* What thread ID writes into piece NUMBER in this ROUND. */
static void make_piece(unsigned char *bytes, int id, int round, int number)
{
	unsigned int seed = (unsigned int)(id * 1000003 + round * 1009 + number);

	for (int i = 0; i < PIECE; i++) {
		seed = seed * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(seed >> 24);
	}
}

static int write_pieces(int fd, int id, int round)
{
	unsigned char bytes[PIECE];

	for (int i = 0; i < PIECES; i++) {
		int number =
			(i * 7 + round) % PIECES; /* not in order: 7 and 20 have no common factor */

		make_piece(bytes, id, round, number);
		if (pwrite(fd, bytes, PIECE, (off_t)number * PIECE) != PIECE)
			return -1;
	}
	return 0;
}

static int read_pieces(int fd, int id, int round)
{
	unsigned char bytes[PIECE], wanted[PIECE];

	for (int i = 0; i < PIECES; i++) {
		make_piece(wanted, id, round, i);
		if (read(fd, bytes, PIECE) != PIECE || memcmp(bytes, wanted, PIECE) != 0)
			return -1;
	}
	return read(fd, bytes, 1) == 0 ? 0 : -1;
}

static int one_round(int id, int round)
{
	char name[64], moved[64];
	struct stat info;
	int fd, bad = 0;

	snprintf(name, sizeof(name), "stress/file-%d-%d", id, round);
	snprintf(moved, sizeof(moved), "stress/moved-%d", id);
	fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0644);
	if (fd < 0)
		return 1;
	bad += write_pieces(fd, id, round) != 0;
	bad += rename(name, moved) != 0;
	bad += stat(name, &info) != -1 || errno != ENOENT;
	close(fd);
	fd = open(moved, O_RDONLY);
	bad += fd < 0 || fstat(fd, &info) != 0 || info.st_size != PIECE * PIECES;
	bad += read_pieces(fd, id, round) != 0;
	close(fd);
	bad += unlink(moved) != 0;
	return bad;
}

static void *work(void *argument)
{
	intptr_t bad = 0;

	for (int round = 0; round < ROUNDS; round++)
		bad += one_round((int)(intptr_t)argument, round);
	return (void *)bad;
}

/* Lists the directory all the time; names that come must be whole. */
static void *list(void *argument)
{
	intptr_t bad = 0;

	while (!atomic_load(&done)) {
		const struct dirent *entry;
		DIR *dir = opendir("stress");

		if (!dir)
			return (void *)1;
		while ((entry = readdir(dir)) != NULL)
			bad += strncmp(entry->d_name, "file-", 5) != 0 &&
			       strncmp(entry->d_name, "moved-", 6) != 0 && entry->d_name[0] != '.';
		closedir(dir);
		sched_yield();
	}
	(void)argument;
	return (void *)bad;
}

int main(void)
{
	pthread_t threads[THREADS], lister;
	intptr_t bad = 0;
	void *result;

	MUST(mkdir("stress", 0755));
	if (pthread_create(&lister, NULL, list, NULL) != 0)
		check_die("pthread_create");
	for (intptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			check_die("pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		bad += (intptr_t)result;
	}
	atomic_store(&done, 1);
	pthread_join(lister, &result);
	CHECK(bad == 0);
	CHECK(result == NULL);
	SHOW(rmdir("stress"));
	return check_done();
}
