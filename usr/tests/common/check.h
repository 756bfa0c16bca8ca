/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the test programs print with.
 *
 * A test program runs on Linux and as an image, and its output is compared. So every line that
 * these functions print is the same in every run: texts of the source, results, names of error
 * numbers; never an address, a time or a process number. A check that fails says so and makes
 * check_done() return 1, so that a program is a test on its own as well.
 *
 * All functions may be called by any thread; a program that prints from several threads at once
 * must order the lines itself.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#ifdef __cplusplus
extern "C" {
#endif

/* A headline. */
void check_section(const char *name);

/* One statement that must hold. Prints "ok: TEXT" or "FAIL: TEXT (FILE:LINE)". Returns ok. */
int check_that(int ok, const char *text, const char *file, int line);

/* Prints "TEXT = RESULT", or "TEXT = -1 ENAME" with the name of errno when result is -1. Returns
 * result. */
long check_show(const char *text, long result);

/* Prints the end line. Returns the exit status: 0 when all checks held, else 1. */
int check_done(void);

/* For what cannot go on: prints the text and the name of errno, and exits with 2. */
void check_die(const char *text) __attribute__((noreturn));

/* An address where nothing is mapped, for EFAULT; a variable, so that compilers do not see through
 * it. */
extern void *bad_pointer;

/* The name of an error number ("ENOENT"), "0" for 0. */
const char *check_errno_name(int number);

#define CHECK(condition) check_that(!!(condition), #condition, __FILE__, __LINE__)
#define SHOW(call)	 check_show(#call, (long)(call))
#define MUST(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0)                                                                    \
			check_die(#call);                                                          \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif /* TESTS_CHECK_H */
