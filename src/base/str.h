/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strings. Small allocations abort when memory is out, as in libvirt and crun: PID 1 of a container
 * without memory for a path has nothing better to do. What is sized from outside goes through
 * vt_buf, which has a limit.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

/* printf into a new string, which the caller frees. */
char *vt_fmt(const char *format, ...) VT_PRINTF(1, 2);
char *vt_vfmt(const char *format, va_list args) VT_PRINTF(1, 0);

/* strdup and calloc that abort when memory is out; vt_strdup(NULL) is NULL. */
char *vt_strdup(const char *s);
char *vt_strndup(const char *s, size_t n);
void *vt_calloc(size_t count, size_t size);

static inline bool vt_streq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The same where either may be NULL, which is like NULL only. */
static inline bool vt_streq_null(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool vt_startswith(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Replace *@target (freed) by @value, which is taken over. */
void vt_str_replace(char **target, char *value);

/*
 * Parse all of @s as an unsigned decimal number no larger than @max.
 * Returns 0, -EINVAL for what is no number, -ERANGE for one too large; *@ret is then untouched.
 */
int vt_parse_u64(const char *s, uint64_t max, uint64_t *ret) VT_MUST_CHECK;

/*
 * Parse a size with an optional unit K, M, G or T (powers of 1024; "MiB", "GB" and lower case too).
 * @unit is how many bytes a bare number counts (1 << 20 for MiB); the result is in bytes.
 * Returns 0, -EINVAL or -ERANGE; *@ret is then untouched.
 */
int vt_parse_size(const char *s, uint64_t unit, uint64_t *ret) VT_MUST_CHECK;

/* @bytes for people: "40 GiB", "1.5 GiB", "512 MiB", "12 bytes". The caller frees it. */
char *vt_size_text(uint64_t bytes);

/* A growing byte string that never holds more than @limit bytes, always followed by a NUL. */
struct vt_buf {
    char *data;
    size_t len;
    size_t allocated;
    size_t limit;
    bool overflowed; /* an append did not fit: the content is cut */
};

#define VT_BUF_INIT(max)         \
    {                            \
        NULL, 0, 0, (max), false \
    }
#define VT_AUTO_BUF VT_CLEANUP(vt_buf_done)

void vt_buf_done(struct vt_buf *buf);
/* Append; what exceeds the limit is dropped and sets overflowed. */
void vt_buf_add(struct vt_buf *buf, const void *data, size_t len);
void vt_buf_adds(struct vt_buf *buf, const char *s);
void vt_buf_addf(struct vt_buf *buf, const char *format, ...) VT_PRINTF(2, 3);
/* The content as a string ("" when nothing was added), still owned by @buf. */
const char *vt_buf_str(const struct vt_buf *buf);
/* The content as a new owner's string; @buf is empty afterwards. Never NULL. */
char *vt_buf_take(struct vt_buf *buf);
