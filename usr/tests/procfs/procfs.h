/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the program procfs, and how they look into files. */
#ifndef TESTS_PROCFS_H
#define TESTS_PROCFS_H

#include <stddef.h>

#include "common/check.h"

/* Reads a file as a string: its length, 0 when it cannot be read. */
size_t text_of(const char *path, char *text, size_t size);

/* A file of one number, or -1. */
long number_in(const char *path);

/* The number after "NAME" at a line's start of a file, or -1. */
long number_after(const char *path, const char *name);

/* Does a file have lines that start with these names, in this order? Names one that is missing. */
int has_lines(const char *path, const char *const *names, size_t count);

int dir_holds(const char *path, const char *name);

/* Parts of the program. */
void procfs_process(int argc, char **argv);
void procfs_memory(void);
void procfs_threads(void);
void procfs_system(void);
void procfs_processors(void);

#endif /* TESTS_PROCFS_H */
