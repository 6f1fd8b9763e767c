/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a download must be, by what a person or the catalogue says of it. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/checksum.h"
#include "image/progress.h"

struct vt_wish {
    const char *text;      /* IMAGE_CHECKSUM, or NULL: there is no wish */
    const char *url;       /* of the image */
    const char *keyring;   /* whose keys must have signed a file of checksums, or NULL: nobody's */
    const char *signature; /* the URL of that signature, or NULL: within the file or beside it */
    bool once;             /* a server that does not answer is asked once only, and not for long */
    int cancel_fd;         /* -1: none */
    const struct vt_progress *progress; /* or NULL */
};

/* Whether a download is verified by a signature, with IMAGE_CHECKSUM and IMAGE_KEYRING so; each may
 * be NULL. Of a digest that was given itself nobody's signature is asked for. */
bool vt_expect_is_signed(const char *checksum, const char *keyring);

/*
 * The checksum that the download must have by @wish->text: "sha256:" or "sha512:" and the digits,
 * or the URL of a file of checksums (image/checksum.h), which is fetched, with new tries, and has
 * to have one for the last part of the image's URL. With a keyring that name must be there
 * (VT_SUMS_NAMED), and the file must be signed: by @wish->signature, else within it, or in a file
 * beside it with ".gpg", ".asc" or ".sign" added to its name. *@ret is @found, or NULL without a
 * wish. The cancel descriptor, when readable, ends it with -ECANCELED and VT_CAUSE_NONE. Other
 * errors: VT_CAUSE_USAGE for what is neither, VT_CAUSE_FETCH; -EBADMSG when it is not signed as it
 * must be.
 */
int vt_expect(const struct vt_wish *wish, struct vt_checksum *found, const struct vt_checksum **ret,
              struct vt_error *err) VT_MUST_CHECK;

/* The last part of the path of @url, which the caller frees; "" if it has none. */
char *vt_url_file_name(const char *url);
