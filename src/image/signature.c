/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/signature.h"

#include <errno.h>
#include <sys/mman.h>

#include "host/files.h"
#include "host/spawn.h"
#include "image/armor.h"
#include "image/hash.h"
#include "image/signature_priv.h"

#define INLINE_MARK "-----BEGIN PGP SIGNED MESSAGE-----"
#define STATUS      "[GNUPG:] "

/* The child's own names of what vt_run_with() gives it. */
#define KEYRING "/proc/self/fd/3"
#define FILE_1  "/proc/self/fd/4"
#define FILE_2  "/proc/self/fd/5"

/* What it says to people goes nowhere, so that nothing of it can pass for a status. */
#define GPGV "gpgv", "--keyring", KEYRING, "--status-fd", "2", "--log-file", "/dev/null"

enum { STATUS_MAX = 65536, TIME_LIMIT = 60000 };

bool vt_signature_is_inline(const char *data)
{
    return vt_startswith(data, INLINE_MARK) || strstr(data, "\n" INLINE_MARK);
}

/* The keyring @path as gpgv takes it, in @ret, empty before. */
static int read_keyring(const char *path, struct vt_buf *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *text = NULL;
    size_t len = 0;
    int r = vt_file_read(path, VT_KEYRING_MAX, &text, &len);

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_USAGE, -r, "cannot read IMAGE_KEYRING=%s", path);
    if (!vt_armor_is(text))
        vt_buf_add(ret, text, len);
    else if (vt_armor_decode(text, ret) < 0)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "IMAGE_KEYRING=%s is armored, and damaged or cut short; export the "
                            "keys anew with `gpg --export`",
                            path);
    return 0;
}

int vt_keyring_digest(const char *path, char **ret, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf keyring = VT_BUF_INIT(VT_KEYRING_MAX);
    int r = read_keyring(path, &keyring, err);

    if (r == 0)
        *ret = vt_hash_text(vt_buf_str(&keyring), keyring.len);
    return r;
}

/* A file in memory with @len bytes of @data. Returns a descriptor. */
static int memory_file(const char *data, size_t len, struct vt_error *err)
{
    VT_AUTO_CLOSE int fd = memfd_create("signed", MFD_CLOEXEC);
    int r = fd < 0 ? -errno : vt_write_all(fd, data, len);

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot make a file in memory");
    return VT_TAKE_FD(fd);
}

/* Whether the line of status at @at is of the kind @keyword. */
static bool is_line(const char *at, const char *keyword)
{
    size_t len = strlen(keyword);

    return strncmp(at, keyword, len) == 0 && (at[len] == ' ' || at[len] == '\n' || !at[len]);
}

struct verdict {
    bool good; /* the signature that is told of now, by a key of ours, and not expired itself */
    bool accepted, bad, revoked, expired;
};

static void take_line(const char *at, struct verdict *v)
{
    if (is_line(at, "NEWSIG") || is_line(at, "EXPSIG") || is_line(at, "REVKEYSIG"))
        v->good = false;
    v->expired = v->expired || is_line(at, "EXPSIG");
    v->revoked = v->revoked || is_line(at, "REVKEYSIG");
    v->bad = v->bad || is_line(at, "BADSIG");
    /* Distributions let keys expire that they signed old releases with. */
    v->good = v->good || is_line(at, "GOODSIG") || is_line(at, "EXPKEYSIG");
    v->accepted = v->accepted || (v->good && is_line(at, "VALIDSIG"));
}

const char *vt_signature_fault(const char *status)
{
    struct verdict v = {.good = false};

    for (const char *at = status; at; at = strchr(at, '\n')) {
        at += *at == '\n' ? 1 : 0;
        if (vt_startswith(at, STATUS))
            take_line(at + strlen(STATUS), &v);
    }
    if (v.bad)
        return "it is wrong: file or signature were changed";
    if (v.accepted)
        return NULL;
    if (v.revoked)
        return "its key was revoked";
    return v.expired ? "it has expired" : "it is not by a key in IMAGE_KEYRING";
}

static int judge(const struct vt_signed *s, const char *status, struct vt_error *err)
{
    const char *why = vt_signature_fault(status);

    if (!why)
        return 0;
    return vt_error_set(err, VT_CAUSE_FETCH, -EBADMSG,
                        "the signature of IMAGE_CHECKSUM=%s is not accepted: %s (%s); nothing of "
                        "the image was kept",
                        s->shown, why, s->keyring);
}

static int verify_inline(const struct vt_signed *s, int keyring, struct vt_buf *ret,
                         struct vt_buf *status, struct vt_error *err)
{
    const char *const argv[] = {GPGV, "--output", "-", FILE_1, NULL};
    VT_AUTO_CLOSE int data = memory_file(s->data, s->len, err);
    const int fds[] = {keyring, data};

    if (data < 0)
        return data;
    return vt_run_with(argv, fds, VT_ARRAY_SIZE(fds), ret, status, s->cancel_fd, TIME_LIMIT, err);
}

static int verify_detached(const struct vt_signed *s, int keyring, struct vt_buf *ret,
                           struct vt_buf *status, struct vt_error *err)
{
    const char *const argv[] = {GPGV, FILE_2, FILE_1, NULL};
    VT_AUTO_CLOSE int data = memory_file(s->data, s->len, err);
    VT_AUTO_CLOSE int signature =
        data < 0 ? data : memory_file(s->signature, s->signature_len, err);
    const int fds[] = {keyring, data, signature};

    if (signature < 0)
        return signature;
    vt_buf_add(ret, s->data, s->len);
    return vt_run_with(argv, fds, VT_ARRAY_SIZE(fds), NULL, status, s->cancel_fd, TIME_LIMIT, err);
}

int vt_signature_verify(const struct vt_signed *s, struct vt_buf *ret, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf status = VT_BUF_INIT(STATUS_MAX);
    VT_AUTO_BUF struct vt_buf keys = VT_BUF_INIT(VT_KEYRING_MAX);
    VT_AUTO_CLOSE int keyring = -1;
    int r = read_keyring(s->keyring, &keys, err);

    if (r < 0)
        return r;
    keyring = memory_file(vt_buf_str(&keys), keys.len, err);
    if (keyring < 0)
        return keyring;
    r = s->signature ? verify_detached(s, keyring, ret, &status, err)
                     : verify_inline(s, keyring, ret, &status, err);
    return r < 0 ? r : judge(s, vt_buf_str(&status), err);
}
