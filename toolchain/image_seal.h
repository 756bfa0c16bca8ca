/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sealing: the last step of linking an image. It changes headers only, in place:
 *
 *   - the OSABI byte becomes HERMIT_ELF_OSABI;
 *   - the kernel's segments get their physical address as virtual address, so that Linux can load
 * the file, too (boot loaders use physical addresses, debuggers the sections');
 *   - the application's .bss becomes HERMIT_PT_BSS;
 *   - empty program headers become PT_NULL.
 *
 * binutils do not understand a sealed image's headers when they rewrite it, so "unseal" takes back
 * the first three. Both may be repeated.
 */
#ifndef TOOLCHAIN_IMAGE_SEAL_H
#define TOOLCHAIN_IMAGE_SEAL_H

/*
 * Return 0 or a negated errno, with a text for people in *reason. -ENOEXEC: not a HermitCore image,
 * nothing is changed.
 */
int image_seal(const char *path, const char **reason);
int image_unseal(const char *path, const char **reason);

#endif /* TOOLCHAIN_IMAGE_SEAL_H */
