/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of the contract's variables and flags; private to this room. */
#pragma once

#include "config/config.h"

struct vt_option;

/*
 * Store @value in @config. Returns 0, or -EINVAL with *@ret_allowed a sentence's end that says what
 * is allowed ("give …"; owned by the caller).
 */
typedef int (*vt_option_store)(struct vt_config *config, const struct vt_option *option,
                               const char *value, char **ret_allowed);

struct vt_option {
    const char *env;      /* the variable; the flag is the same in lower case with dashes */
    const char *metavar;  /* what stands for the value in help texts */
    const char *fallback; /* the default, as a value; NULL for none */
    const char *help;
    vt_option_store store;
    size_t offset;       /* of the field in struct vt_config */
    size_t given_offset; /* of its bool "given by the person", or 0 */
    const char *const
        *values; /* the names of a choice, ended by NULL; also the order of its enum */
};

extern const struct vt_option vt_options[];
extern const size_t vt_option_count;

/* "--disk-size" for DISK_SIZE; owned by the caller. */
char *vt_option_flag(const struct vt_option *option);

/*
 * Store @value, which the person gave as @label ("RAM=" or "--ram "). Returns 0 or -EINVAL with an
 * error that names the label, the value and what is allowed.
 */
int vt_option_set(struct vt_config *config, const struct vt_option *option, const char *label,
                  const char *value, struct vt_error *err) VT_MUST_CHECK;
