/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * argv_envp: proves that arguments, environment and auxiliary vector arrive complete and in the
 * Linux layout.
 *
 * Prints the arguments and the environment; strings of more than 200 bytes as length and checksum,
 * so that thousands of arguments and strings of 128 KiB can be compared. argv[0] is left out: it
 * names the image.
 */
#include "common/check.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static unsigned int checksum(const char *text)
{
	unsigned int sum = 2166136261u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return sum;
}

static void print_string(const char *what, int index, const char *text)
{
	size_t length = strlen(text);

	if (length <= 200)
		printf("%s[%d]: %s\n", what, index, text);
	else
		printf("%s[%d]: %zu bytes, checksum %08x\n", what, index, length, checksum(text));
}

/* The auxiliary vector follows the environment's NULL. */
static void check_auxv(char **envp)
{
	const Elf64_auxv_t *aux;
	const unsigned char *random = NULL;
	int entries = 0;

	while (*envp)
		envp++;
	for (aux = (const void *)(envp + 1); aux->a_type != AT_NULL; aux++) {
		entries++;
		if (aux->a_type == AT_RANDOM)
			random = (const void *)(uintptr_t)aux->a_un.a_val;
	}
	CHECK(entries >= 8);
	CHECK(random != NULL);
	CHECK(getauxval(AT_PAGESZ) == 4096);
	CHECK(getauxval(AT_PHDR) != 0);
	CHECK(getauxval(AT_PHENT) == sizeof(Elf64_Phdr));
	CHECK(getauxval(AT_PHNUM) > 0);
	CHECK(getauxval(AT_ENTRY) != 0);
	CHECK(getauxval(AT_CLKTCK) == 100);
	CHECK(getauxval(AT_SECURE) == 0);
	CHECK(getauxval(AT_UID) == getuid());
	CHECK(getauxval(AT_EUID) == geteuid());
	CHECK(getauxval(AT_GID) == getgid());
	CHECK(getauxval(AT_EGID) == getegid());
	CHECK(getauxval(AT_SYSINFO_EHDR) != 0);
	CHECK(getauxval(AT_EXECFN) != 0);
}

int main(int argc, char **argv, char **envp)
{
	printf("argc: %d\n", argc);
	for (int i = 1; i < argc; i++)
		print_string("argv", i, argv[i]);
	CHECK(argc > 0 && argv[0][0] != '\0');
	CHECK(argv[argc] == NULL);
	for (int i = 0; envp[i]; i++)
		print_string("envp", i, envp[i]);
	CHECK(((uintptr_t)argv & 7) == 0);
	CHECK(envp == argv + argc + 1);
	check_auxv(envp);
	return check_done();
}
