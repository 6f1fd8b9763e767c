/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed/password.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <strings.h>

#include "base/str.h"
#include "base/text.h"

/* Without 0 and o, 1, i and l: it is read from a log and typed at a console. */
static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";

bool vt_password_is_random(const char *value)
{
    return strcasecmp(value, "random") == 0;
}

int vt_password_check(const char *value, struct vt_error *err)
{
    if (!vt_text_is_utf8(value, strlen(value)) || vt_text_has_control(value, strlen(value), false))
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "PASSWORD has a control character or is not UTF-8: no one could type "
                            "it, choose another or PASSWORD=random");
    if (vt_streq(value, "R"))
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "PASSWORD=R is cloud-init's word for a random password of its own: "
                            "choose another or PASSWORD=random");
    return 0;
}

/* A character of the alphabet, each as likely as the others. */
static char random_character(void)
{
    const unsigned count = sizeof(alphabet) - 1;
    unsigned char byte;

    do {
        if (gnutls_rnd(GNUTLS_RND_KEY, &byte, 1) < 0)
            abort(); /* no password is better than one that can be guessed */
    } while (byte >= 256 - 256 % count);
    return alphabet[byte % count];
}

char *vt_password_make(void)
{
    char password[20];

    for (size_t i = 0; i < sizeof(password) - 1; i++)
        password[i] = random_character();
    for (size_t i = 4; i < sizeof(password) - 1; i += 5)
        password[i] = '-';
    password[sizeof(password) - 1] = '\0';
    return vt_strdup(password);
}
