/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>

#include "base/str.h"
#include "image/hash.h"

#define EDGE    (UINT64_C(1) << 20)
#define SAMPLE  UINT64_C(4096)
#define SAMPLES UINT64_C(256)

static int hash_range(gnutls_hash_hd_t hash, int fd, uint64_t from, uint64_t len)
{
    uint8_t chunk[65536];

    while (len > 0) {
        size_t want = len < sizeof(chunk) ? (size_t)len : sizeof(chunk);
        ssize_t n = pread(fd, chunk, want, (off_t)from);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0 || gnutls_hash(hash, chunk, (size_t)n) < 0)
            return -EIO;
        from += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return 0;
}

static int hash_samples(gnutls_hash_hd_t hash, int fd, uint64_t size)
{
    uint64_t step = (size - 2 * EDGE - SAMPLE) / (SAMPLES - 1);
    int r = hash_range(hash, fd, 0, EDGE);

    /* Without this the kernel would read ahead 128 KiB for each 4. */
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    for (uint64_t i = 0; r == 0 && i < SAMPLES; i++)
        r = hash_range(hash, fd, (EDGE + i * step) & ~(SAMPLE - 1), SAMPLE);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
    return r < 0 ? r : hash_range(hash, fd, size - EDGE, EDGE);
}

int vt_fingerprint(int fd, uint64_t size, char **ret)
{
    VT_AUTO_FREE char *size_text = vt_fmt("%" PRIu64 "\n", size);
    VT_AUTO_FREE char *hex = NULL;
    gnutls_hash_hd_t hash;
    int r;

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
        return -EIO;
    r = gnutls_hash(hash, size_text, strlen(size_text)) < 0 ? -EIO : 0;
    if (r == 0 && size <= 2 * EDGE + SAMPLES * SAMPLE)
        r = hash_range(hash, fd, 0, size);
    else if (r == 0)
        r = hash_samples(hash, fd, size);
    hex = vt_hash_end(hash);
    if (r == 0)
        *ret = vt_fmt("sampled-sha256:%s", hex);
    return r;
}
