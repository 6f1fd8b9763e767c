/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/host_keys.h"

#include "base/str.h"
#include "seed/keys.h"
#include "vm/ssh.h"

#define MAX_KEY 4096U

/* Before the instance-id in known_hosts. */
static const char heading[] = "# the guest's keys, as cloud-init told them; instance-id: ";

void vt_host_keys_done(struct vt_host_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->lines[i]);
    *keys = (struct vt_host_keys){.count = 0};
}

/* Whether @line begins with a type of key that a host may have; a certificate is no key. */
static bool has_host_key_type(const char *line)
{
    size_t len = strcspn(line, " \t");

    return (vt_startswith(line, "ssh-") || vt_startswith(line, "ecdsa-sha2-")) &&
           !memmem(line, len, "-cert-v", 7);
}

/* Whether @line is a key by itself. vt_keys_parse() also takes options before a key, as in
 * authorized_keys, which may look like a type. */
static bool is_bare_key(const char *line)
{
    VT_AUTO_KEYS struct vt_keys keys = {0};

    return vt_keys_parse("", line, strlen(line), &keys, NULL) == 0;
}

/* "type base64" of the one key in the @len bytes at @text, or NULL. The caller frees it. */
static char *parse(const char *text, size_t len)
{
    VT_AUTO_KEYS struct vt_keys keys = {0};
    VT_AUTO_FREE char *bare = NULL;
    const char *line;
    size_t type, blank, blob;

    if (len > MAX_KEY || vt_keys_parse("", text, len, &keys, NULL) < 0 || keys.count != 1)
        return NULL;
    line = keys.lines[0];
    if (!has_host_key_type(line))
        return NULL;
    type = strcspn(line, " \t");
    blank = strspn(line + type, " \t");
    blob = strcspn(line + type + blank, " \t");
    bare = vt_fmt("%.*s %.*s", (int)type, line, (int)blob, line + type + blank);
    return is_bare_key(bare) ? VT_TAKE_PTR(bare) : NULL;
}

bool vt_host_keys_add(struct vt_host_keys *keys, const char *text, size_t len)
{
    VT_AUTO_FREE char *line = parse(text, len);

    if (!line)
        return false;
    for (size_t i = 0; i < keys->count; i++) {
        if (vt_streq(keys->lines[i], line))
            return true;
    }
    if (keys->count == VT_HOST_KEYS_MAX)
        return false;
    keys->lines[keys->count++] = VT_TAKE_PTR(line);
    return true;
}

static size_t type_length(const char *line)
{
    return strcspn(line, " ");
}

/* The key of the same type as @line, or NULL. */
static char **find_type(struct vt_host_keys *keys, const char *line)
{
    size_t len = type_length(line);

    for (size_t i = 0; i < keys->count; i++) {
        if (type_length(keys->lines[i]) == len && strncmp(keys->lines[i], line, len) == 0)
            return &keys->lines[i];
    }
    return NULL;
}

bool vt_host_keys_merge(struct vt_host_keys *keys, const struct vt_host_keys *from)
{
    bool changed = false;

    for (size_t i = 0; i < from->count; i++) {
        char **old = find_type(keys, from->lines[i]);

        if (!old) {
            (void)vt_host_keys_add(keys, from->lines[i], strlen(from->lines[i]));
        } else if (!vt_streq(*old, from->lines[i])) {
            vt_str_replace(old, vt_strdup(from->lines[i]));
            changed = true;
        }
    }
    return changed;
}

void vt_known_hosts_parse(const char *text, struct vt_host_keys *ret)
{
    *ret = (struct vt_host_keys){.count = 0};
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n"), names = strcspn(line, " \n");

        if (names < len)
            (void)vt_host_keys_add(ret, line + names, len - names);
        line += len + (line[len] ? 1 : 0);
    }
}

char *vt_known_hosts_text(const struct vt_host_keys *keys, const char *address,
                          const char *instance_id)
{
    struct vt_buf out = VT_BUF_INIT(1 << 20);

    vt_buf_addf(&out, "%s%s\n", heading, instance_id);
    for (size_t i = 0; i < keys->count; i++)
        vt_buf_addf(&out, "%s,%s %s\n", address, VT_SSH_HOST_ALIAS, keys->lines[i]);
    return vt_buf_take(&out);
}

char *vt_known_hosts_instance(const char *text)
{
    if (!vt_startswith(text, heading))
        return NULL;
    text += strlen(heading);
    return vt_strndup(text, strcspn(text, "\n"));
}
