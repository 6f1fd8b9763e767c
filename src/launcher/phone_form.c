/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/phone_form.h"

#include <assert.h>
#include <errno.h>

#include "base/str.h"
#include "base/text.h"

/* An RSA key of 16384 bits has 2800 characters. */
#define VALUE_MAX 4096U
/* Of what is shown or written down. */
#define NAME_MAX_LENGTH 255U

static const char *const names[] = {
    [VT_PHONE_INSTANCE_ID] = "instance_id",     [VT_PHONE_HOSTNAME] = "hostname",
    [VT_PHONE_KEY_RSA] = "pub_key_rsa",         [VT_PHONE_KEY_ECDSA] = "pub_key_ecdsa",
    [VT_PHONE_KEY_ED25519] = "pub_key_ed25519",
};
static_assert(VT_ARRAY_SIZE(names) == VT_PHONE_FIELDS, "every field has a name");

void vt_phone_form_done(struct vt_phone_form *form)
{
    for (size_t i = 0; i < VT_PHONE_FIELDS; i++)
        free(form->values[i]);
    *form = (struct vt_phone_form){0};
}

void vt_phone_call_done(struct vt_phone_call *call)
{
    free(call->instance_id);
    free(call->hostname);
    vt_host_keys_done(&call->keys);
    *call = (struct vt_phone_call){0};
}

void vt_phone_form_add(struct vt_phone_form *form, const char *name, const char *data,
                       uint64_t offset, size_t len)
{
    for (size_t i = 0; i < VT_PHONE_FIELDS; i++) {
        const char *old = form->values[i] ? form->values[i] : "";

        if (!name || !vt_streq(name, names[i]))
            continue;
        /* A NUL in a value would hide what follows it: then the offset does not fit any more. */
        if (offset != strlen(old) || len > VALUE_MAX - strlen(old)) {
            form->bad = true;
            return;
        }
        vt_str_replace(&form->values[i], vt_fmt("%s%.*s", old, (int)len, len > 0 ? data : ""));
    }
}

/* Whether @text is a short name that can be shown and written into a file of lines. */
static bool is_name(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    return len > 0 && len <= NAME_MAX_LENGTH && vt_text_is_utf8(text, len) &&
           !vt_text_has_control(text, len, false);
}

int vt_phone_form_read(const struct vt_phone_form *form, struct vt_phone_call *ret)
{
    const char *hostname = form->values[VT_PHONE_HOSTNAME];

    *ret = (struct vt_phone_call){0};
    if (form->bad || !is_name(form->values[VT_PHONE_INSTANCE_ID]))
        return -EBADMSG;
    ret->instance_id = vt_strdup(form->values[VT_PHONE_INSTANCE_ID]);
    ret->hostname = vt_strdup(is_name(hostname) ? hostname : "");
    for (size_t i = VT_PHONE_KEY_RSA; i < VT_PHONE_FIELDS; i++) {
        if (form->values[i])
            (void)vt_host_keys_add(&ret->keys, form->values[i], strlen(form->values[i]));
    }
    return 0;
}
