/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed/keys.h"

#include <errno.h>
#include <stdint.h>

#include "base/base64.h"
#include "base/str.h"
#include "base/text.h"

static const char white[] = " \t";

void vt_keys_done(struct vt_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->lines[i]);
    free(keys->lines);
    *keys = (struct vt_keys){0};
}

/* Take one length-prefixed string of SSH's wire format (RFC 4251) from *@at. */
static bool take_string(const unsigned char **at, const unsigned char *end,
                        const unsigned char **ret, size_t *ret_len)
{
    size_t len;

    if (end - *at < 4)
        return false;
    len = (size_t)(*at)[0] << 24 | (size_t)(*at)[1] << 16 | (size_t)(*at)[2] << 8 | (*at)[3];
    *at += 4;
    if (len > (size_t)(end - *at))
        return false;
    *ret = *at;
    *ret_len = len;
    *at += len;
    return true;
}

/*
 * Whether the @blob_len bytes at @blob are a key of the type named by @type_len characters at
 * @type. Every plain key is strings to its end, so a cut one shows; certificates have numbers
 * between, and only their beginning is looked at.
 */
static bool is_key_blob(const char *blob, size_t blob_len, const char *type, size_t type_len)
{
    const unsigned char *at = (const unsigned char *)blob;
    const unsigned char *end = at + blob_len;
    const unsigned char *part;
    size_t len;
    int parts = 0;

    if (!take_string(&at, end, &part, &len) || len != type_len || memcmp(part, type, len) != 0)
        return false;
    if (memmem(type, type_len, "-cert-v", 7))
        return at < end;
    for (; at < end; parts++) {
        if (!take_string(&at, end, &part, &len))
            return false;
    }
    return parts > 0;
}

/* Whether @line is "type base64[ comment]". */
static bool is_key(const char *line)
{
    size_t type_len = strcspn(line, white);
    const char *encoded = line + type_len + strspn(line + type_len, white);
    VT_AUTO_FREE char *text = vt_strndup(encoded, strcspn(encoded, white));
    VT_AUTO_FREE char *blob = NULL;
    size_t len;

    return vt_base64_decode(text, &blob, &len) == 0 && is_key_blob(blob, len, line, type_len);
}

/* Past the options at the beginning of @line, in which quoted texts may have blanks. */
static const char *after_options(const char *line)
{
    bool quoted = false;

    for (; *line && (quoted || !strchr(white, *line)); line++) {
        if (*line == '\\' && line[1] == '"')
            line++;
        else if (*line == '"')
            quoted = !quoted;
    }
    return line + strspn(line, white);
}

static bool is_private(const char *line)
{
    return strstr(line, "PRIVATE KEY--") || vt_startswith(line, "PuTTY-User-Key-File");
}

static bool is_other_public_format(const char *line)
{
    return vt_startswith(line, "---- BEGIN SSH2 PUBLIC KEY") ||
           (vt_startswith(line, "-----BEGIN") && strstr(line, "PUBLIC KEY--"));
}

static int check_line(const char *path, size_t number, const char *line, struct vt_error *err)
{
    if (is_private(line))
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "%s:%zu: this is a private key, which must stay with you: mount the "
                            "public one, whose name ends in .pub",
                            path, number);
    if (is_other_public_format(line))
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "%s:%zu: this public key is not in OpenSSH's format: convert it with "
                            "ssh-keygen -i",
                            path, number);
    if (!is_key(line) && !is_key(after_options(line)))
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "%s:%zu: this is no whole SSH public key (such as 'ssh-ed25519 AAAA… "
                            "name', in one line): copy the key's .pub file again",
                            path, number);
    return 0;
}

static void add_key(struct vt_keys *keys, char *line)
{
    char **lines = reallocarray(keys->lines, keys->count + 1, sizeof(*lines));

    if (!lines)
        abort();
    /* An old comment may be Latin-1; cloud-init would refuse the whole document for it. */
    if (!vt_text_is_utf8(line, strlen(line))) {
        for (char *c = line; *c; c++) {
            if (*c & 0x80)
                *c = '?';
        }
    }
    keys->lines = lines;
    keys->lines[keys->count++] = line;
}

static int parse_line(const char *path, size_t number, const char *line, size_t len,
                      struct vt_keys *keys, struct vt_error *err)
{
    VT_AUTO_FREE char *copy = NULL;
    int r;

    while (len > 0 && (strchr(white, line[len - 1]) || line[len - 1] == '\r'))
        len--;
    while (len > 0 && strchr(white, *line)) {
        line++;
        len--;
    }
    if (len == 0 || *line == '#')
        return 0;
    if (vt_text_has_control(line, len, true))
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "%s:%zu: this is not text, so no SSH public key: mount the key's .pub "
                            "file",
                            path, number);
    copy = vt_strndup(line, len);
    r = check_line(path, number, copy, err);
    if (r == 0)
        add_key(keys, VT_TAKE_PTR(copy));
    return r;
}

int vt_keys_parse(const char *path, const char *text, size_t len, struct vt_keys *ret,
                  struct vt_error *err)
{
    VT_AUTO_KEYS struct vt_keys keys = {0};
    const char *end = text + len;

    for (size_t number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        int r = parse_line(path, number, text, (size_t)(line_end - text), &keys, err);

        if (r < 0)
            return r;
        text = newline ? newline + 1 : end;
    }
    if (keys.count == 0)
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "%s holds no SSH public key: mount the key's .pub file, or do not "
                            "mount %s",
                            path, path);
    *ret = keys;
    keys = (struct vt_keys){0};
    return 0;
}
