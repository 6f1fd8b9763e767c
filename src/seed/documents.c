/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed/documents.h"

#include <strings.h>

#include "base/str.h"
#include "config/yaml.h"

/* As in cloud-init's handlers (22.4 to 25.1); compared without regard to case, after white space.
 */
static const char *const other_headers[] = {
    "#cloud-config-archive",
    "#cloud-config-jsonp",
    "#cloud-boothook",
    "#part-handler",
    "#include",
    "#!",
    "## template: jinja",
};

/* Where cloud-init looks for a MIME message's header. */
#define MIME_WITHIN 4096

static bool begins_with(const char *text, size_t len, const char *header)
{
    size_t n = strlen(header);

    return len >= n && strncasecmp(text, header, n) == 0;
}

/* Whether @text is a MIME message to cloud-init, wherever in its beginning the header is. */
static bool is_mime(const char *text, size_t len)
{
    static const char header[] = "mime-version:";

    if (len > MIME_WITHIN)
        len = MIME_WITHIN;
    for (; len >= sizeof(header) - 1; text++, len--) {
        if (strncasecmp(text, header, sizeof(header) - 1) == 0)
            return true;
    }
    return false;
}

static bool is_white(char c)
{
    /* what Python's lstrip() takes away, as far as it is ASCII */
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
}

enum vt_data_format vt_data_format(const char *text, size_t len)
{
    const char *whole = text;
    size_t whole_len = len;

    if (len >= 2 && memcmp(text, "\x1f\x8b", 2) == 0)
        return VT_DATA_OTHER; /* gzip */
    for (; len > 0 && is_white(*text); len--)
        text++;
    if (len == 0)
        return VT_DATA_EMPTY;
    for (size_t i = 0; i < VT_ARRAY_SIZE(other_headers); i++) {
        if (begins_with(text, len, other_headers[i]))
            return VT_DATA_OTHER;
    }
    if (begins_with(text, len, "#cloud-config"))
        return VT_DATA_CLOUD_CONFIG;
    return is_mime(whole, whole_len) ? VT_DATA_OTHER : VT_DATA_UNKNOWN;
}

char *vt_password_config(const char *password)
{
    const struct vt_yaml_entry entry = {.key = "password", .text = password};
    VT_AUTO_FREE char *line = vt_yaml_extend("", 0, &entry, 1);

    if (!line)
        abort(); /* vt_password_check() lets nothing pass that YAML cannot say */
    return vt_fmt("#cloud-config\n%schpasswd:\n  expire: false\nssh_pwauth: true\n", line);
}

char *vt_phone_home_config(const char *url)
{
    return vt_fmt("phone_home:\n"
                  "  url: %s\n"
                  "  post: [instance_id, hostname, fqdn, pub_key_rsa, pub_key_ecdsa, "
                  "pub_key_ed25519]\n"
                  "  tries: 1\n",
                  url);
}

char *vt_network_config(const struct vt_seed_card *cards, size_t count)
{
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(4096);

    vt_buf_adds(&text, "version: 2\nethernets:\n");
    for (size_t i = 0; i < count; i++) {
        vt_buf_addf(&text,
                    "  eth%zu:\n"
                    "    match:\n"
                    "      macaddress: '%s'\n"
                    "    set-name: eth%zu\n"
                    "    dhcp4: true\n"
                    "    dhcp6: true\n",
                    cards[i].number, cards[i].mac, cards[i].number);
        if (i > 0)
            vt_buf_adds(&text, "    optional: true\n");
    }
    return vt_buf_take(&text);
}

char *vt_network_update_config(void)
{
    return vt_strdup("updates:\n"
                     "  network:\n"
                     "    when: [boot-new-instance, boot]\n");
}

char *vt_empty_config(void)
{
    return vt_strdup("#cloud-config\n{}\n");
}

/* What is not extended stays byte for byte, with its comments. */
static bool adds_anything(const char *own, size_t own_len, const struct vt_yaml_entry *entries,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].item_count > 0 || !vt_yaml_top_has(own, own_len, entries[i].key))
            return true;
    }
    return false;
}

char *vt_meta_data(const char *own, size_t own_len, const char *instance_id, const char *hostname,
                   const struct vt_keys *keys)
{
    struct vt_yaml_entry entries[3];
    size_t count = 0;

    if (instance_id)
        entries[count++] = (struct vt_yaml_entry){.key = "instance-id", .text = instance_id};
    if (hostname)
        entries[count++] = (struct vt_yaml_entry){.key = "local-hostname", .text = hostname};
    if (keys->count > 0)
        entries[count++] = (struct vt_yaml_entry){
            .key = "public-keys",
            .items = (const char *const *)keys->lines,
            .item_count = keys->count,
        };
    if (own && !adds_anything(own, own_len, entries, count))
        return vt_strndup(own, own_len);
    return vt_yaml_extend(own ? own : "", own ? own_len : 0, entries, count);
}
