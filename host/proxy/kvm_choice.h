/* SPDX-License-Identifier: BSD-3-Clause */
/* Hardware virtualisation or not: what the user wants and what the machine can. */
#ifndef PROXY_KVM_CHOICE_H
#define PROXY_KVM_CHOICE_H

#include "options.h"

/* Where the user has named no isle, sets OPTIONS->isle: uhyve where KVM is fit for it, qemu where
 * it is not, or where something has been asked for that only QEMU has. */
void isle_choose(struct options *options);

/* Sets *KVM. 0, or an exit status after a message. */
int kvm_choose(const struct options *options, bool *kvm);

/* For an isle that cannot do without: 0, or an exit status after a message. Says nothing where
 * /dev/kvm cannot be opened: whoever opens it knows more. */
int kvm_require(const struct options *options);

#endif /* PROXY_KVM_CHOICE_H */
