/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/escape.h"

#include <ctype.h>
#include <errno.h>

int vt_escape_parse(const char *text, int *ret)
{
    int letter;

    if (vt_streq(text, "none")) {
        *ret = VT_ESCAPE_NONE;
        return 0;
    }
    if (text[0] != '^' || text[1] == '\0' || text[2] != '\0')
        return -EINVAL;
    letter = toupper((unsigned char)text[1]);
    if (letter < '@' || letter > '_')
        return -EINVAL;
    *ret = letter - '@';
    return 0;
}

char *vt_escape_name(int character)
{
    return character == VT_ESCAPE_NONE ? vt_strdup("none") : vt_fmt("Ctrl-%c", character + '@');
}

static enum vt_escape_action action_of(const struct vt_escape *escape, char key)
{
    if (key == 'q' || key == '.' || key == (char)escape->character)
        return VT_ESCAPE_LEAVE;
    return key == 'w' ? VT_ESCAPE_SIZE : VT_ESCAPE_HELP;
}

size_t vt_escape_feed(struct vt_escape *escape, const char *text, size_t len, struct vt_buf *out,
                      enum vt_escape_action *ret_action)
{
    *ret_action = VT_ESCAPE_NOTHING;
    for (size_t i = 0; i < len; i++) {
        char key = text[i];

        if (!escape->armed && escape->character != VT_ESCAPE_NONE &&
            key == (char)escape->character) {
            escape->armed = true;
            continue;
        }
        if (!escape->armed) {
            vt_buf_add(out, &key, 1);
            continue;
        }
        escape->armed = false;
        if (key == ']') {
            vt_buf_add(out, (char[]){(char)escape->character}, 1);
            continue;
        }
        *ret_action = action_of(escape, key);
        return i + 1;
    }
    return len;
}
