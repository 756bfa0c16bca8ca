/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /etc where the host shows none: what the C library reads to look up names (resolv.conf(5),
 * hosts(5), nsswitch.conf(5)). The texts are made when a file is read, as those of /proc.
 */
#include "procfs.h"

#include <fs/proc.h>
#include <lib/string.h>
#include <linux/magic.h>

#define RESOLVER_TEXT_MAX 256u

static size_t (*resolver)(char *text, size_t size);

void proc_set_resolver(size_t (*write)(char *text, size_t size))
{
	resolver = write;
}

static void hosts(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
}

static void nsswitch_conf(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n");
}

static void resolv_conf(struct proc_text *out, const struct proc_match *match)
{
	char text[RESOLVER_TEXT_MAX];

	(void)match;
	if (resolver)
		proc_put(out, text, MIN(resolver(text, sizeof(text)), sizeof(text) - 1));
}

static const struct proc_entry entries[] = {
	PROC_TEXT("hosts", hosts),
	PROC_TEXT("nsswitch.conf", nsswitch_conf),
	PROC_TEXT("resolv.conf", resolv_conf),
};

static const struct proc_table etc_table = {entries, ARRAY_SIZE(entries)};

int etcfs_init(void)
{
	static struct procfs etc = {.magic = TMPFS_MAGIC, .tables = {&etc_table}};
	static struct fs_mount etc_mount = {
		.path = "/etc", .type = "etc", .ops = &procfs_ops, .data = &etc, .read_only = true};

	vfs_mount(&etc_mount);
	return 0;
}
