/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the files program (see main.c) and what they share. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include "common/check.h"

#include <stddef.h>

/* Each runs in the scratch directory and leaves it empty. */
void files_open(void);
void files_open_at(void);
void files_read_write(void);
void files_resolve(void);
void files_unnamed(void);
void files_order(void);
void files_vectors(void);
void files_flags(void);
void files_seek(void);
void files_big(void);
void files_directories(void);
void files_working_directory(void);
void files_rename(void);
void files_links(void);
void files_attributes(void);
void files_times(void);
void files_mappings(void);
void files_descriptors(void);
void files_locks(void);
void files_devices(void);
void files_proc(void);

/* Makes a file with this text. */
void make_file(const char *path, const char *text);

/* Prints the whole file as "PATH holds "TEXT"". */
void show_file(const char *path);

/* Prints type, permission bits, links and (of regular files) the size. */
void show_stat(const char *path);

#endif /* TESTS_FILES_H */
