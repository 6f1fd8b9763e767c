/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the cache knows of one address: a file of its index. Pure.
 *
 *     { "version": 1, "url": "https://…", "name": "fedora:43", "etag": "\"5f3\"",
 *       "last_modified": 1763683200, "checksum": "sha256:…", "keyring": "…",
 *       "digest": "sha256:…", "download_bytes": 374341632, "image_bytes": 374341632, "fetched":
 * 1763769600 }
 *
 * Times are in seconds since 1970. "checksum" is what the download had to be, and "keyring" the
 * SHA-256 of the keyring that the file of checksums was verified with, if it was. "digest" is the
 * image's own, which is another than "checksum" if it had to be unpacked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { VT_CACHE_ENTRY_MAX = 16384, VT_SHA256_DIGITS = 64 };

struct vt_cache_entry {
    char *url;      /* without user name, password and query */
    char *name;     /* the catalogue's, or NULL */
    char *etag;     /* the server's, weak or strong, or NULL */
    char *checksum; /* or NULL */
    char *keyring;  /* the SHA-256 of the one that verified the checksum's signature, or NULL */
    char digest[VT_SHA256_DIGITS + 1];
    int64_t last_modified;  /* or -1 */
    uint64_t download_size; /* bytes */
    uint64_t image_size;    /* bytes */
    int64_t fetched;
};

#define VT_AUTO_CACHE_ENTRY VT_CLEANUP(vt_cache_entry_done)

void vt_cache_entry_done(struct vt_cache_entry *entry);

/*
 * Read the @len bytes at @text, which are ended by NUL, into @ret, uninitialised before. Returns 0
 * or -EINVAL.
 */
int vt_cache_entry_parse(const char *text, size_t len, struct vt_cache_entry *ret) VT_MUST_CHECK;

/* @entry as such a text; the caller frees it. */
char *vt_cache_entry_text(const struct vt_cache_entry *entry);

/* Whether @text is a SHA-256 as it stands in a name: 64 hexadecimal digits in lower case. */
bool vt_is_sha256(const char *text);
