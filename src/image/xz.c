/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/xz.h"

#include <errno.h>
#include <lzma.h>

#include "base/str.h"

#define KIB 1024
#define MIB (UINT64_C(1) << 20)

/*
 * Above the first, liblzma uses fewer threads: two blocks as xz makes them by default (-6, 24 MiB
 * each) still go at a time. No file of another's may make us take more than the second, which is
 * enough for a dictionary of 1 GiB.
 */
#define MEMORY_WANTED (UINT64_C(96) * MIB)
#define MEMORY_MAX    (UINT64_C(1100) * MIB)

/* Milliseconds after which liblzma comes back without data, so that a stop is seen. */
#define PATIENCE 300

struct vt_xz {
    lzma_stream stream;
    const struct vt_input *input;
    uint64_t at; /* how much of it was read */
    bool at_end;
    bool ended;
    uint8_t in[256 * KIB];
    uint8_t out[256 * KIB];
};

struct vt_xz *vt_xz_open(const struct vt_input *input)
{
    struct vt_xz *xz = vt_calloc(1, sizeof(*xz));
    uint32_t cpus = lzma_cputhreads();
    lzma_mt options = {
        .flags = LZMA_CONCATENATED,
        .threads = cpus > 0 ? cpus : 1,
        .timeout = PATIENCE,
        .memlimit_threading = MEMORY_WANTED,
        .memlimit_stop = MEMORY_MAX,
    };

    xz->input = input;
    if (lzma_stream_decoder_mt(&xz->stream, &options) != LZMA_OK) {
        vt_xz_free(xz);
        return NULL;
    }
    return xz;
}

void vt_xz_free(struct vt_xz *xz)
{
    if (!xz)
        return;
    lzma_end(&xz->stream);
    free(xz);
}

static int fill(struct vt_xz *xz)
{
    ssize_t n = vt_input_read(xz->input, xz->in, sizeof(xz->in), xz->at);

    if (n < 0)
        return (int)n;
    xz->at += (uint64_t)n;
    xz->at_end = n == 0;
    xz->stream.next_in = xz->in;
    xz->stream.avail_in = (size_t)n;
    return 0;
}

static const char *why(lzma_ret result)
{
    switch (result) {
    case LZMA_BUF_ERROR:
        return "it ends too early";
    case LZMA_MEMLIMIT_ERROR:
        return "its dictionary is larger than 1 GiB";
    case LZMA_OPTIONS_ERROR:
        return "it needs a newer liblzma";
    case LZMA_MEM_ERROR:
        return "there is not enough memory to decompress it";
    default:
        return "its data or a checksum is wrong";
    }
}

int vt_xz_next(struct vt_xz *xz, const uint8_t **ret_data, size_t *ret_len, const char **ret_why)
{
    lzma_ret result;

    if (xz->ended)
        return 0;
    if (xz->stream.avail_in == 0 && !xz->at_end) {
        int r = fill(xz);

        *ret_why = "it cannot be read";
        if (r < 0)
            return r;
    }
    xz->stream.next_out = xz->out;
    xz->stream.avail_out = sizeof(xz->out);
    result = lzma_code(&xz->stream, xz->at_end ? LZMA_FINISH : LZMA_RUN);
    if (result != LZMA_OK && result != LZMA_STREAM_END) {
        *ret_why = why(result);
        return -EBADMSG;
    }
    xz->ended = result == LZMA_STREAM_END;
    *ret_data = xz->out;
    *ret_len = sizeof(xz->out) - xz->stream.avail_out;
    return xz->ended && *ret_len == 0 ? 0 : 1;
}

uint64_t vt_xz_taken(const struct vt_xz *xz)
{
    return xz->stream.total_in;
}
