/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/armor.h"

#include <errno.h>

#include "base/base64.h"

#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define END   "-----END PGP PUBLIC KEY BLOCK-----"

/* Where in a block a line is. */
enum part { OUTSIDE, HEADERS, DIGITS };

bool vt_armor_is(const char *text)
{
    return vt_startswith(text, BEGIN) || strstr(text, "\n" BEGIN);
}

/* The end of a block: what its @digits are. */
static int decode(struct vt_buf *digits, struct vt_buf *ret)
{
    VT_AUTO_FREE char *bytes = NULL;
    size_t len = 0, most = digits->limit;
    int r = vt_base64_decode(vt_buf_str(digits), &bytes, &len);

    if (r == 0)
        vt_buf_add(ret, bytes, len);
    vt_buf_done(digits);
    *digits = (struct vt_buf)VT_BUF_INIT(most);
    return r < 0 || len == 0 || ret->overflowed ? -EBADMSG : 0;
}

/* One line of @len bytes, without what ends it. */
static int take_line(const char *line, size_t len, enum part *part, struct vt_buf *digits,
                     struct vt_buf *ret)
{
    if (vt_startswith(line, BEGIN)) {
        if (*part != OUTSIDE)
            return -EBADMSG;
        *part = HEADERS;
    } else if (vt_startswith(line, END)) {
        if (*part != DIGITS)
            return -EBADMSG;
        *part = OUTSIDE;
        return decode(digits, ret);
    } else if (*part == HEADERS && len == 0) {
        *part = DIGITS;
    } else if (*part == DIGITS && *line != '=') {
        vt_buf_add(digits, line, len);
    }
    return 0;
}

int vt_armor_decode(const char *text, struct vt_buf *ret)
{
    VT_AUTO_BUF struct vt_buf digits = VT_BUF_INIT(strlen(text) + 1);
    enum part part = OUTSIDE;
    size_t before = ret->len;
    int r = 0;

    while (r == 0 && *text) {
        size_t whole = strcspn(text, "\n"), len = whole;

        while (len > 0 && strchr("\r\t ", text[len - 1]))
            len--;
        r = take_line(text, len, &part, &digits, ret);
        text += whole + (text[whole] ? 1 : 0);
    }
    return r < 0 || part != OUTSIDE || ret->len == before ? -EBADMSG : 0;
}
