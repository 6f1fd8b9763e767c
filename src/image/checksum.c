/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/checksum.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"

#define HEX_DIGITS "0123456789abcdefABCDEF"

static const struct {
    const char *name;
    const char *bsd;
    size_t digits;
} digests[VT_DIGEST_MAX_] = {
    [VT_DIGEST_SHA256] = {"sha256", "SHA256 (", 64},
    [VT_DIGEST_SHA512] = {"sha512", "SHA512 (", 128},
};

const char *vt_digest_name(enum vt_digest digest)
{
    return digests[digest].name;
}

static void set(struct vt_checksum *ret, enum vt_digest digest, const char *hex)
{
    size_t len = digests[digest].digits;

    *ret = (struct vt_checksum){.digest = digest};
    for (size_t i = 0; i < len; i++)
        ret->hex[i] = (char)tolower((unsigned char)hex[i]);
}

int vt_checksum_parse(const char *text, struct vt_checksum *ret)
{
    for (unsigned d = 0; d < VT_DIGEST_MAX_; d++) {
        size_t prefix = strlen(digests[d].name);

        if (!vt_startswith(text, digests[d].name) || text[prefix] != ':')
            continue;
        text += prefix + 1;
        if (strlen(text) != digests[d].digits || strspn(text, HEX_DIGITS) != digests[d].digits)
            return -EINVAL;
        set(ret, (enum vt_digest)d, text);
        return 0;
    }
    return -EINVAL;
}

/* --- a file of checksums --- */

/* One line of it. */
struct entry {
    struct vt_checksum sum;
    const char *name; /* within the line; "" if there is none */
};

/* The algorithm whose digests have @digits digits, or VT_DIGEST_MAX_. */
static enum vt_digest digest_of(size_t digits)
{
    unsigned d = 0;

    while (d < VT_DIGEST_MAX_ && digests[d].digits != digits)
        d++;
    return (enum vt_digest)d;
}

/* "DIGEST  NAME", "DIGEST *NAME", or "DIGEST" alone. */
static bool parse_gnu(const char *line, struct entry *ret)
{
    size_t digits = strspn(line, HEX_DIGITS);
    enum vt_digest digest = digest_of(digits);
    const char *rest = line + digits;

    if (digest == VT_DIGEST_MAX_ || (*rest != '\0' && *rest != ' ' && *rest != '\t'))
        return false;
    rest += strspn(rest, " \t");
    set(&ret->sum, digest, line);
    ret->name = rest + (*rest == '*' ? 1 : 0);
    return true;
}

/* "SHA256 (NAME) = DIGEST"; the name is cut off in @line. */
static bool parse_bsd(char *line, struct entry *ret)
{
    static const char mark[] = ") = ";

    for (unsigned d = 0; d < VT_DIGEST_MAX_; d++) {
        char *name = line + strlen(digests[d].bsd), *end = NULL;

        if (!vt_startswith(line, digests[d].bsd))
            continue;
        /* A name may hold the mark, a digest does not: the last one is it. */
        for (char *at = strstr(name, mark); at; at = strstr(at + 1, mark))
            end = at;
        if (!end || strlen(end + strlen(mark)) != digests[d].digits ||
            strspn(end + strlen(mark), HEX_DIGITS) != digests[d].digits)
            return false;
        set(&ret->sum, (enum vt_digest)d, end + strlen(mark));
        *end = '\0';
        ret->name = name;
        return true;
    }
    return false;
}

struct search {
    const char *name;
    bool found[VT_DIGEST_MAX_];
    struct vt_checksum sums[VT_DIGEST_MAX_];
    bool contradicted;
    struct vt_checksum nameless;
    bool has_nameless;
    struct vt_checksum named; /* the last with a name, whatever it is */
    bool has_named;
    bool has_several; /* of them, that differ */
    bool has_others;  /* lines that hold something, besides one digest without a name */
};

static void look_at(struct search *s, char *line)
{
    struct entry entry = {.name = NULL};
    struct vt_checksum *known;

    if (!parse_gnu(line, &entry) && !parse_bsd(line, &entry)) {
        s->has_others = s->has_others || *line;
        return;
    }
    if (*entry.name == '\0') {
        s->has_others = s->has_others || s->has_nameless;
        s->has_nameless = true;
        s->nameless = entry.sum;
        return;
    }
    s->has_others = true;
    s->has_several = s->has_several || (s->has_named && !vt_streq(s->named.hex, entry.sum.hex));
    s->has_named = true;
    s->named = entry.sum;
    if (vt_startswith(entry.name, "./"))
        entry.name += 2;
    if (!vt_streq(entry.name, s->name))
        return;
    known = &s->sums[entry.sum.digest];
    s->contradicted =
        s->contradicted || (s->found[entry.sum.digest] && !vt_streq(known->hex, entry.sum.hex));
    s->found[entry.sum.digest] = true;
    *known = entry.sum;
}

static void look_through(struct search *s, const char *sums, size_t len)
{
    while (len > 0) {
        const char *newline = memchr(sums, '\n', len);
        size_t length = newline ? (size_t)(newline - sums) : len;
        VT_AUTO_FREE char *line = vt_strndup(sums, length);

        for (char *end = line + strlen(line); end > line && isspace((unsigned char)end[-1]);)
            *--end = '\0';
        look_at(s, line);
        sums += length + (newline ? 1 : 0);
        len -= length + (newline ? 1 : 0);
    }
}

int vt_checksum_find(const char *sums, size_t len, const char *name, enum vt_sums kind,
                     struct vt_checksum *ret, struct vt_error *err)
{
    struct search s = {.name = name};

    look_through(&s, sums, len);
    if (s.contradicted)
        return vt_error_set(err, VT_CAUSE_FETCH, -EEXIST,
                            "holds two different checksums of %s; give the right one as sha256: or "
                            "sha512: and the digits",
                            name);
    for (unsigned d = VT_DIGEST_MAX_; d-- > 0;) {
        if (s.found[d]) {
            *ret = s.sums[d];
            return 0;
        }
    }
    if (kind == VT_SUMS_OWN && s.has_named && !s.has_several) {
        *ret = s.named;
        return 0;
    }
    if (kind != VT_SUMS_NAMED && s.has_nameless && !s.has_others) {
        *ret = s.nameless;
        return 0;
    }
    return vt_error_set(
        err, VT_CAUSE_FETCH, -ENOENT,
        "holds no SHA-256 or SHA-512 checksum of %s; is it the file for this image?", name);
}
