/* SPDX-License-Identifier: BSD-3-Clause */
/* See words.h. */
#include "words.h"

const char *words_greeting(void)
{
	return "Hello";
}
