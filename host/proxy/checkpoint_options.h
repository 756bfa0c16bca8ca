/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of checkpoints; a part of struct options. */
#ifndef PROXY_CHECKPOINT_OPTIONS_H
#define PROXY_CHECKPOINT_OPTIONS_H

#include <stdbool.h>

struct checkpoint_options {
	const char *dir;     /* where they are kept */
	bool wanted;	     /* the machine can be saved */
	unsigned interval_s; /* 0: only when the application asks */
	bool full;	     /* each holds all memory */
	bool exit;	     /* the machine ends with the first one */
	const char *restore; /* directory of one to go on with, NULL: none */
	bool no_verify;	     /* its memory is not checked, but read when it is touched */
	bool advance;	     /* the guest's clock jumps to where it were if it had run on */
};

extern const struct checkpoint_options checkpoint_options_default;

/* Each takes the text of an option or a variable; false when it is not valid. */
bool checkpoint_set_interval(struct checkpoint_options *options, const char *text);
bool checkpoint_set_dir(struct checkpoint_options *options, const char *text);
bool checkpoint_set_full(struct checkpoint_options *options, const char *text);
bool checkpoint_set_exit(struct checkpoint_options *options, const char *text);
bool checkpoint_set_restore(struct checkpoint_options *options, const char *text);
bool checkpoint_set_no_verify(struct checkpoint_options *options, const char *text);
bool checkpoint_set_time(struct checkpoint_options *options, const char *text);

#endif /* PROXY_CHECKPOINT_OPTIONS_H */
