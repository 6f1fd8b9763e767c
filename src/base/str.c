/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <strings.h>

static void *or_abort(void *memory)
{
    if (!memory) {
        static const char text[] = "virtainer: out of memory\n";

        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
        abort();
    }
    return memory;
}

char *vt_vfmt(const char *format, va_list args)
{
    char *s = NULL;

    if (vasprintf(&s, format, args) < 0)
        s = NULL;
    return or_abort(s);
}

char *vt_fmt(const char *format, ...)
{
    va_list args;
    char *s;

    va_start(args, format);
    s = vt_vfmt(format, args);
    va_end(args);
    return s;
}

char *vt_strdup(const char *s)
{
    return s ? or_abort(strdup(s)) : NULL;
}

char *vt_strndup(const char *s, size_t n)
{
    return or_abort(strndup(s, n));
}

void *vt_calloc(size_t count, size_t size)
{
    return or_abort(calloc(count, size));
}

void vt_str_replace(char **target, char *value)
{
    free(*target);
    *target = value;
}

/* The number in the @len digits at @s. */
static int parse_digits(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (len == 0)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)(s[i] - '0');

        if (digit > max || value > (max - digit) / 10)
            return -ERANGE;
        value = value * 10 + digit;
    }
    *ret = value;
    return 0;
}

static size_t count_digits(const char *s)
{
    return strspn(s, "0123456789");
}

int vt_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
    size_t digits = count_digits(s);

    if (s[digits] != '\0')
        return -EINVAL;
    return parse_digits(s, digits, max, ret);
}

/* The factor that the unit text @s stands for, or 0. */
static uint64_t unit_factor(const char *s, uint64_t bare)
{
    static const char letters[] = "KMGT";
    const char *at;

    if (*s == '\0')
        return bare;
    at = strchr(letters, toupper((unsigned char)*s));
    if (!at || *at == '\0')
        return 0;
    s++;
    if (*s && strcasecmp(s, "B") != 0 && strcasecmp(s, "iB") != 0)
        return 0;
    return UINT64_C(1024) << (10 * (at - letters));
}

int vt_parse_size(const char *s, uint64_t unit, uint64_t *ret)
{
    size_t digits = count_digits(s);
    uint64_t factor = unit_factor(s + digits, unit);
    uint64_t value;
    int r;

    if (factor == 0)
        return -EINVAL;
    r = parse_digits(s, digits, INT64_MAX / factor, &value);
    if (r < 0)
        return r;
    *ret = value * factor;
    return 0;
}

char *vt_size_text(uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    uint64_t unit = UINT64_C(1024);
    size_t i = 0;

    if (bytes < unit)
        return vt_fmt("%" PRIu64 " bytes", bytes);
    while (i + 1 < VT_ARRAY_SIZE(units) && bytes >= unit * 1024) {
        unit *= 1024;
        i++;
    }
    if (bytes % unit * 10 / unit == 0)
        return vt_fmt("%" PRIu64 " %s", bytes / unit, units[i]);
    return vt_fmt("%" PRIu64 ".%" PRIu64 " %s", bytes / unit, bytes % unit * 10 / unit, units[i]);
}

void vt_buf_done(struct vt_buf *buf)
{
    free(buf->data);
    buf->data = NULL;
    buf->len = buf->allocated = 0;
    buf->overflowed = false;
}

static void ensure(struct vt_buf *buf, size_t more)
{
    size_t wanted = buf->len + more + 1;
    size_t size = buf->allocated ? buf->allocated : 64;

    if (wanted <= buf->allocated)
        return;
    while (size < wanted)
        size *= 2;
    buf->data = or_abort(realloc(buf->data, size));
    buf->allocated = size;
}

void vt_buf_add(struct vt_buf *buf, const void *data, size_t len)
{
    if (len > buf->limit - buf->len) {
        len = buf->limit - buf->len;
        buf->overflowed = true;
    }
    ensure(buf, len);
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void vt_buf_adds(struct vt_buf *buf, const char *s)
{
    vt_buf_add(buf, s, strlen(s));
}

void vt_buf_addf(struct vt_buf *buf, const char *format, ...)
{
    VT_AUTO_FREE char *s = NULL;
    va_list args;

    va_start(args, format);
    s = vt_vfmt(format, args);
    va_end(args);
    vt_buf_adds(buf, s);
}

const char *vt_buf_str(const struct vt_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *vt_buf_take(struct vt_buf *buf)
{
    char *s = buf->data ? VT_TAKE_PTR(buf->data) : vt_strdup("");

    buf->len = buf->allocated = 0;
    buf->overflowed = false;
    return s;
}
