/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names for addresses of an image, from its symbol table. The image is hostile input: every offset
 * is checked against the file, and a damaged table gives no names, nothing worse.
 */
#ifndef HOST_SYMBOLS_H
#define HOST_SYMBOLS_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols {
	Elf64_Sym *table;
	size_t count;
	char *names; /* names_size bytes, the last one is NUL */
	size_t names_size;
};

/* Loads the symbol table of the ELF64 file at FD. False: there is none (stripped), or no memory. */
bool symbols_load(struct symbols *symbols, int fd);
void symbols_free(struct symbols *symbols);

/* The function that ADDRESS lies in, with *OFFSET; NULL: unknown. */
const char *symbols_find(const struct symbols *symbols, uint64_t address, uint64_t *offset);

/*
 * TEXT (SIZE bytes) with each "{0xADDRESS}" replaced by "0xADDRESS name+0xOFFSET". IMAGE_PATH:
 * whose symbols; NULL or unreadable: addresses only. Memory from malloc, *OUT_SIZE bytes; NULL: no
 * memory.
 */
char *symbols_annotate(const char *image_path, const char *text, size_t size, size_t *out_size);

#endif /* HOST_SYMBOLS_H */
