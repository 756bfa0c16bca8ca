/* SPDX-License-Identifier: BSD-3-Clause */
/* See checkpoint_options.h. */
#include "checkpoint_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_MAX 1000000ul /* seconds */

const struct checkpoint_options checkpoint_options_default = {.dir = "checkpoint"};

bool checkpoint_set_interval(struct checkpoint_options *options, const char *text)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	unsigned long seconds = strtoul(text, &end, 10);
	options->interval_s = (unsigned)seconds;
	options->wanted |= seconds > 0;
	return !errno && !*end && seconds <= INTERVAL_MAX;
}

bool checkpoint_set_dir(struct checkpoint_options *options, const char *text)
{
	options->dir = text;
	options->wanted = true;
	return text[0] != '\0';
}

bool checkpoint_set_full(struct checkpoint_options *options, const char *text)
{
	options->full = strcmp(text, "0") != 0;
	return true;
}

bool checkpoint_set_exit(struct checkpoint_options *options, const char *text)
{
	(void)text;
	options->exit = options->wanted = true;
	return true;
}

bool checkpoint_set_restore(struct checkpoint_options *options, const char *text)
{
	options->restore = text;
	return text[0] != '\0';
}

bool checkpoint_set_no_verify(struct checkpoint_options *options, const char *text)
{
	(void)text;
	options->no_verify = true;
	return true;
}

bool checkpoint_set_time(struct checkpoint_options *options, const char *text)
{
	options->advance = strcmp(text, "advanced") == 0;
	return options->advance || strcmp(text, "continuous") == 0;
}
