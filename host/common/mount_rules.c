/* SPDX-License-Identifier: BSD-3-Clause */
/* The default name space and the user's own mounts; see mount_rules.h. */
#include "mount_rules.h"

#include "path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What the guest serves; a host directory below one of them is possible only where OPEN says so. */
static const struct {
	const char *path;
	bool replace; /* a user's mount may take its place */
	bool below;   /* host directories may lie below it */
} guest_served[] = {
	{"/dev", false, true},
	{"/proc", false, false},
	{"/sys", false, false},
	{"/tmp", true, true},
};

#define GUEST_SERVED_COUNT (sizeof(guest_served) / sizeof(guest_served[0]))

static bool starts_with_path(const char *path, const char *outer)
{
	size_t len = strlen(outer);
	return strncmp(path, outer, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* May the host serve GUEST (normalised)? */
static bool guest_path_allowed(const char *guest)
{
	for (size_t i = 0; i < GUEST_SERVED_COUNT; i++) {
		if (!starts_with_path(guest, guest_served[i].path))
			continue;
		bool exact = strcmp(guest, guest_served[i].path) == 0;
		return exact ? guest_served[i].replace : guest_served[i].below;
	}
	return true;
}

/* Where in the guest's name space the host's directory DIR appears through RULE, or NULL. */
static char *translate(const struct mount_rule *rule, const char *dir)
{
	char host[PATH_MAX], guest[PATH_MAX], path[2 * PATH_MAX];

	if (!realpath(rule->host, host) || mount_path_normalise(rule->guest, guest) != 0)
		return NULL;
	const char *outer = strcmp(host, "/") == 0 ? "" : host;
	if (!starts_with_path(dir, outer))
		return NULL;
	snprintf(path, sizeof(path), "%s%s", guest, dir + strlen(outer));
	return strdup(path[0] ? path : "/");
}

static char *isolated_cwd(const struct mount_rules *rules)
{
	for (size_t i = rules->count; i-- > 0;) {
		char *cwd = translate(&rules->rules[i], rules->cwd);
		if (cwd)
			return cwd;
	}
	return strdup("/");
}

/* Has the user given a root? */
static bool maps_root(const struct mount_rules *rules)
{
	char guest[PATH_MAX];

	for (size_t i = 0; i < rules->count; i++)
		if (mount_path_normalise(rules->rules[i].guest, guest) == 0 &&
		    strcmp(guest, "/") == 0)
			return true;
	return false;
}

static int add_defaults(struct mount_table *table, const struct mount_rules *rules)
{
	int err = mount_table_add_host(table, "/", "/", MOUNT_READONLY | MOUNT_PLAIN_ONLY);
	if (err || !guest_path_allowed(strcmp(rules->cwd, "/") == 0 ? "" : rules->cwd))
		return err;
	/* By "." and not by name: the directory the proxy was started in, whatever it is called
	 * now. */
	return mount_table_add_host(table, ".", rules->cwd, MOUNT_PLAIN_ONLY);
}

int mount_rules_apply(struct mount_table *table, const struct mount_rules *rules,
		      const struct mount_rule **fault)
{
	int err = 0;

	*fault = NULL;
	for (size_t i = 0; i < GUEST_SERVED_COUNT && !err; i++)
		err = mount_table_add_guest(table, guest_served[i].path);
	if (!err && !rules->isolated)
		err = add_defaults(table, rules);
	else if (!err && !maps_root(rules)) /* what names need; a user's mount replaces it */
		err = mount_table_add_guest(table, "/etc");
	for (size_t i = 0; i < rules->count && !err; i++) {
		const struct mount_rule *rule = &rules->rules[i];
		char guest[PATH_MAX];
		*fault = rule;
		err = mount_path_normalise(rule->guest, guest);
		if (!err && !guest_path_allowed(guest))
			err = -EPERM;
		if (!err)
			err = mount_table_add_host(table, rule->host, rule->guest,
						   rule->readonly ? MOUNT_READONLY : 0);
	}
	if (err)
		return err;
	*fault = NULL;
	if (rules->isolated)
		table->cwd = isolated_cwd(rules);
	else
		table->cwd = strdup(guest_path_allowed(rules->cwd) ? rules->cwd : "/");
	return table->cwd ? 0 : -ENOMEM;
}

/* Does the guest find the file that is IMAGE on the host at GUEST? */
static bool shows(const struct mount_table *table, const char *guest, const struct stat *image)
{
	struct path_redirect redirect;
	struct path_spot spot;
	struct stat st;

	int result = path_walk(table, guest, strlen(guest), PATH_FOLLOW, &spot, &redirect);
	free(redirect.path);
	if (result)
		return false;
	bool same = spot.dir_fd >= 0 &&
		    fstatat(spot.dir_fd, spot.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_dev == image->st_dev && st.st_ino == image->st_ino;
	path_spot_close(&spot);
	return same;
}

char *mount_rules_place_image(struct mount_table *table, const struct mount_rules *rules,
			      const char *image)
{
	struct stat st;

	if (stat(image, &st) != 0 || shows(table, image, &st))
		return strdup(image);
	for (size_t i = 0; i < rules->count; i++) {
		char *path = translate(&rules->rules[i], image);
		if (path && shows(table, path, &st))
			return path;
		free(path);
	}
	char *path = strdup(strrchr(image, '/'));
	/* Not in the way of what the user wants there. */
	if (path && !mount_table_at(table, path, strlen(path)) &&
	    !mount_table_has_below(table, path, strlen(path)))
		(void)mount_table_add_file(table, image, path);
	return path;
}
