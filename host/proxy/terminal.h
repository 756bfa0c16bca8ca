/* SPDX-License-Identifier: BSD-3-Clause */
/* The user's terminal: the application may change its modes, the proxy puts them back. */
#ifndef PROXY_TERMINAL_H
#define PROXY_TERMINAL_H

/* Remembers the modes of standard input's terminal, if it is one. Keeps its own descriptor. */
void terminal_save(void);

/* Puts the remembered modes back, also from the background. */
void terminal_restore(void);

/* Around a stop of the proxy: puts the remembered modes back, and then the application's again. */
void terminal_suspend(void);
void terminal_resume(void);

#endif /* PROXY_TERMINAL_H */
