/* SPDX-License-Identifier: BSD-3-Clause */
/* Standard files of an image without a proxy. Private to this folder. */
#ifndef FS_CONSOLE_H
#define FS_CONSOLE_H

#include <file/file.h>

/* Writes go to the console, reads find the end of file. NULL: no memory. */
struct file *console_file_create(void);

#endif /* FS_CONSOLE_H */
