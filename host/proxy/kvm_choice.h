/* SPDX-License-Identifier: BSD-3-Clause */
/* Hardware virtualisation or not: what the user wants and what the machine can. */
#ifndef PROXY_KVM_CHOICE_H
#define PROXY_KVM_CHOICE_H

#include "options.h"

/* Sets *KVM. 0, or an exit status after a message. */
int kvm_choose(const struct options *options, bool *kvm);

/* For an isle that cannot do without: 0, or an exit status after a message. Says nothing where
 * /dev/kvm cannot be opened: whoever opens it knows more. */
int kvm_require(const struct options *options);

#endif /* PROXY_KVM_CHOICE_H */
