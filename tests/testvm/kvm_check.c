/* SPDX-License-Identifier: BSD-3-Clause */
/* Does KVM run a guest at full speed, with SSE? Exit status 0: yes; else a line that says why not.
 */
#include "kvm_probe.h"

#include <stdio.h>

int main(void)
{
	const char *reason = "";

	if (kvm_probe(&reason) == KVM_FIT) {
		puts("KVM is fit");
		return 0;
	}
	puts(reason);
	return 1;
}
