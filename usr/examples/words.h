/* SPDX-License-Identifier: BSD-3-Clause */
/* words: a library of the example's own. */
#ifndef WORDS_H
#define WORDS_H

/* The greeting word; static text. */
const char *words_greeting(void);

#endif /* WORDS_H */
