/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface of the machine's card. */
#include "netif.h"

bool netif_configuring(void)
{
	return false;
}

bool netif_serve(void)
{
	return false;
}
