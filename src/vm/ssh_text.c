/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure part of ssh.h. */
#include "base/str.h"
#include "vm/ssh.h"

/* useradd takes no longer name. */
#define MAX_USER 32

/* What a shell leaves as it is. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "_-./:,=+@%";

static void add_quoted(struct vt_buf *out, const char *word)
{
    if (*word && word[strspn(word, plain)] == '\0') {
        vt_buf_adds(out, word);
        return;
    }
    vt_buf_adds(out, "'");
    for (; *word; word++) {
        if (*word == '\'')
            vt_buf_adds(out, "'\\''");
        else
            vt_buf_add(out, word, 1);
    }
    vt_buf_adds(out, "'");
}

char *vt_shell_quote(const char *const *argv)
{
    struct vt_buf out = VT_BUF_INIT(4 << 20);

    for (size_t i = 0; argv[i]; i++) {
        vt_buf_adds(&out, i > 0 ? " " : "");
        add_quoted(&out, argv[i]);
    }
    return vt_buf_take(&out);
}

char *vt_ssh_user_in(const char *text)
{
    static const char before[] = "login as the user \"";
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const char *name = strstr(text, before);
    size_t len;

    if (!name)
        return NULL;
    name += strlen(before);
    len = strspn(name, allowed);
    if (len == 0 || len > MAX_USER || name[0] == '-' || name[len] != '"')
        return NULL;
    return vt_strndup(name, len);
}
