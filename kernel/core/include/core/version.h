/* SPDX-License-Identifier: BSD-3-Clause */
/* What programs are told that ask for a Linux version (uname(2), /proc): the one whose system calls
 * are the model. */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#define KERNEL_RELEASE	    "6.1.0-hermit"
#define KERNEL_VERSION_TEXT "HermitCore"
#define KERNEL_NODE	    "hermit" /* host name where the host tells none */

#endif /* CORE_VERSION_H */
