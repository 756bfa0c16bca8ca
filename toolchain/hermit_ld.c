/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ld: what the compilers of the tool chain call as linker. Runs GNU ld with HermitCore's linker
 * script and library, then seals the image. Relocatable output (-r) goes through unchanged; shared
 * objects are refused.
 *
 * It finds its files relative to itself: PREFIX/libexec/hermit/ld, PREFIX/x86_64-hermit/lib.
 */
#include "image_seal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESPONSE_DEPTH_MAX 16 /* response files that name response files */

extern char **environ;

struct options {
	bool relocatable;
	bool shared;
	bool question; /* --version and the like: nothing is linked */
	bool fortran;  /* libgfortran is linked */
	bool output_next;
	char *output;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "x86_64-hermit-ld: %s: %s\n", what, why);
	exit(1);
}

static bool is_one_of(const char *arg, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(arg, *list) == 0)
			return true;
	}
	return false;
}

static void set_output(struct options *options, const char *name)
{
	free(options->output);
	options->output = strdup(name);
	if (!options->output)
		die("output", strerror(ENOMEM));
}

static void scan_response_file(struct options *options, const char *path, int depth);

static void scan_argument(struct options *options, const char *arg, int depth)
{
	static const char *const relocatable[] = {"-r", "-i", "-Ur", "--relocatable", NULL};
	static const char *const shared[] = {"-shared", "--shared",	    "-Bshareable", "-pie",
					     "--pie",	"--pic-executable", NULL};
	static const char *const question[] = {"--version",
					       "-V",
					       "--help",
					       "--target-help",
					       "--print-sysroot",
					       "--print-output-format",
					       NULL};
	static const char *const fortran[] = {"-lgfortran", "-l:libgfortran.a", NULL};

	if (options->output_next) {
		options->output_next = false;
		set_output(options, arg);
	} else if (arg[0] == '@') {
		scan_response_file(options, arg + 1, depth);
	} else if (strcmp(arg, "-o") == 0 || strcmp(arg, "--output") == 0) {
		options->output_next = true;
	} else if (strncmp(arg, "--output=", 9) == 0) {
		set_output(options, arg + 9);
	} else if (strncmp(arg, "-o", 2) == 0 && strcmp(arg, "-omagic") != 0) {
		set_output(options, arg + 2);
	}
	options->relocatable |= is_one_of(arg, relocatable);
	options->shared |= is_one_of(arg, shared);
	options->question |= is_one_of(arg, question);
	options->fortran |= is_one_of(arg, fortran);
}

/*
 * Cuts the next argument out of a response file's text, as binutils do: white space separates,
 * quotes and backslashes protect. Writes it over the text, returns what follows, NULL at the end.
 */
static char *next_word(char *text, char **word)
{
	char quote = '\0';
	char *to;

	while (isspace((unsigned char)*text))
		text++;
	if (*text == '\0')
		return NULL;
	*word = to = text;
	for (; *text != '\0' && (quote != '\0' || !isspace((unsigned char)*text)); text++) {
		if (*text == '\\' && text[1] != '\0')
			*to++ = *++text;
		else if (quote == '\0' && (*text == '"' || *text == '\''))
			quote = *text;
		else if (*text == quote)
			quote = '\0';
		else
			*to++ = *text;
	}
	if (*text != '\0')
		text++;
	*to = '\0';
	return text;
}

/* A file that cannot be read is no response file but an input of that name: so does ld see it. */
static void scan_response_file(struct options *options, const char *path, int depth)
{
	FILE *file = fopen(path, "re");
	char *text = NULL, *word, *next;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return;
	if (depth >= RESPONSE_DEPTH_MAX)
		die(path, "too many nested response files");
	length = getdelim(&text, &size, '\0', file);
	fclose(file);
	if (length > 0) {
		for (next = next_word(text, &word); next; next = next_word(next, &word))
			scan_argument(options, word, depth + 1);
	}
	free(text);
}

/* PREFIX/x86_64-hermit/lib, found from this program's own place. */
static char *library_folder(void)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *folder;

	if (length < 0)
		die("/proc/self/exe", strerror(errno));
	self[length] = '\0';
	for (int i = 0; i < 3; i++) { /* ld, hermit, libexec */
		char *slash = strrchr(self, '/');

		if (!slash)
			die(self, "is not in PREFIX/libexec/hermit");
		*slash = '\0';
	}
	if (asprintf(&folder, "%s/x86_64-hermit/lib", self) < 0)
		die("path", strerror(ENOMEM));
	return folder;
}

/* argv[0] is free for the linker's name. */
static int run(const char **argv)
{
	/* The linker script is written for GNU ld; "ld" may be another one. */
	static const char *const linkers[] = {"ld.bfd", "ld"};
	int error = ENOENT, status;
	pid_t pid;

	for (size_t i = 0; i < sizeof(linkers) / sizeof(linkers[0]) && error == ENOENT; i++) {
		argv[0] = linkers[i];
		/* Not changed, in spite of its type. */
		error = posix_spawnp(&pid, linkers[i], NULL, NULL, (char *const *)(uintptr_t)argv,
				     environ);
	}
	if (error)
		die("cannot start ld", strerror(error));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			die("waitpid", strerror(errno));
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/*
 * What libgfortran calls through weak references, beside those in hermit.ld. It believes that all
 * of them are there as soon as the program has threads.
 */
static const char *const fortran_symbols[] = {
	"--undefined=pthread_cond_broadcast", "--undefined=pthread_cond_destroy",
	"--undefined=pthread_cond_init",      "--undefined=pthread_cond_wait",
	"--undefined=pthread_create",	      "--undefined=pthread_join",
	"--undefined=pthread_key_delete",     "--undefined=pthread_mutex_destroy",
	"--undefined=pthread_mutex_init",     "--undefined=pthread_mutex_trylock",
	"--undefined=pthread_self",
};
#define FORTRAN_SYMBOLS (sizeof(fortran_symbols) / sizeof(fortran_symbols[0]))

static int link_image(const struct options *options, int argc, const char **argv)
{
	const char *output = options->output ? options->output : "a.out";
	char *folder = library_folder();
	char *script = NULL, *search = NULL;
	const char *reason = "";
	int status, n = 1;
	const char **args = calloc((size_t)argc + 16 + FORTRAN_SYMBOLS, sizeof(*args));

	if (!args || asprintf(&script, "%s/hermit.ld", folder) < 0 ||
	    asprintf(&search, "-L%s", folder) < 0)
		die("arguments", strerror(ENOMEM));
	args[n++] = "-static";
	args[n++] = "-z";
	args[n++] = "max-page-size=4096"; /* as in the script; ld's default may be larger */
	args[n++] = "--eh-frame-hdr";	  /* unwinding by binary search */
	args[n++] = "-T";
	args[n++] = script;
	for (size_t i = 0; options->fortran && i < FORTRAN_SYMBOLS; i++)
		args[n++] = fortran_symbols[i];
	for (int i = 1; i < argc; i++)
		args[n++] = argv[i];
	args[n++] = search;
	args[n++] = "--no-whole-archive";
	args[n++] = "-lhermit";
	status = run(args);
	if (status == 0 && image_seal(output, &reason) != 0) {
		fprintf(stderr, "x86_64-hermit-ld: %s: %s\n", output, reason);
		unlink(output);
		status = 1;
	}
	free(args);
	free(search);
	free(script);
	free(folder);
	return status;
}

int main(int argc, const char **argv)
{
	struct options options = {0};
	int status;

	for (int i = 1; i < argc; i++)
		scan_argument(&options, argv[i], 0);
	if (options.shared)
		die("-shared, -pie", "HermitCore images are static and not position-independent");
	if (options.relocatable || options.question || (argc == 2 && strcmp(argv[1], "-v") == 0))
		status = run(argv);
	else
		status = link_image(&options, argc, argv);
	free(options.output);
	return status;
}
