/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/qcow2.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Offsets of the header's fields; all numbers are big-endian. */
enum {
    AT_VERSION = 4,
    AT_BACKING_OFFSET = 8,
    AT_BACKING_SIZE = 16,
    AT_CLUSTER_BITS = 20,
    AT_SIZE = 24,
    AT_CRYPT = 32,
    AT_L1_OFFSET = 40,
    AT_REFCOUNT_OFFSET = 48,
    AT_SNAPSHOTS = 60,
    AT_INCOMPATIBLE = 72,
    AT_REFCOUNT_ORDER = 96,
    AT_HEADER_LENGTH = 100,
    V3_HEADER_MIN = 104,
};

/* Incompatible features: whoever does not know one must not open the file. */
#define FEATURE_DIRTY         (UINT64_C(1) << 0)
#define FEATURE_CORRUPT       (UINT64_C(1) << 1)
#define FEATURE_EXTERNAL_DATA (UINT64_C(1) << 2)
#define FEATURE_COMPRESSION   (UINT64_C(1) << 3)
#define FEATURE_EXTENDED_L2   (UINT64_C(1) << 4)
#define FEATURES_KNOWN                                                               \
    (FEATURE_DIRTY | FEATURE_CORRUPT | FEATURE_EXTERNAL_DATA | FEATURE_COMPRESSION | \
     FEATURE_EXTENDED_L2)

#define EXTENSION_END            0U
#define EXTENSION_BACKING_FORMAT 0xe2792acaU

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

#define BAD(...) vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL, __VA_ARGS__)

bool vt_qcow2_has_magic(const uint8_t *data, size_t len)
{
    return len >= 4 && memcmp(data, "QFI\xfb", 4) == 0;
}

/* The fields that both versions have; sets all but what the features and the names say. */
static int parse_common(const uint8_t *data, size_t len, struct vt_qcow2_header *h,
                        struct vt_error *err)
{
    uint64_t in_cluster;

    if (!vt_qcow2_has_magic(data, len))
        return BAD("it does not begin as a qcow2 file does");
    if (len < 8)
        return BAD("its qcow2 header is cut short");
    h->version = be32(data + AT_VERSION);
    if (h->version != 2 && h->version != 3)
        return BAD("its qcow2 header says version %u, and only 2 and 3 are known", h->version);
    if (len < (h->version == 2 ? VT_QCOW2_HEADER_MIN : V3_HEADER_MIN))
        return BAD("its qcow2 header is cut short");
    h->cluster_bits = be32(data + AT_CLUSTER_BITS);
    if (h->cluster_bits < 9 || h->cluster_bits > 21)
        return BAD("its qcow2 header says 2^%u bytes per cluster", h->cluster_bits);
    h->virtual_size = be64(data + AT_SIZE);
    if (h->virtual_size > INT64_MAX)
        return BAD("its qcow2 header says %" PRIu64 " bytes of virtual size", h->virtual_size);
    if (be32(data + AT_CRYPT) > 2)
        return BAD("its qcow2 header says encryption method %" PRIu32, be32(data + AT_CRYPT));
    h->encrypted = be32(data + AT_CRYPT) != 0;
    h->snapshots = be32(data + AT_SNAPSHOTS);
    in_cluster = (UINT64_C(1) << h->cluster_bits) - 1;
    if ((be64(data + AT_L1_OFFSET) | be64(data + AT_REFCOUNT_OFFSET)) & in_cluster)
        return BAD("its qcow2 header places a table where none can be");
    if (be64(data + AT_REFCOUNT_OFFSET) == 0)
        return BAD("its qcow2 header places the table of reference counts over itself");
    return 0;
}

/* What version 3 added. @ret_length is the header's length, extensions excluded. */
static int parse_v3(const uint8_t *data, struct vt_qcow2_header *h, uint64_t *ret_length,
                    struct vt_error *err)
{
    uint64_t features;
    uint32_t length;

    *ret_length = VT_QCOW2_HEADER_MIN;
    if (h->version == 2)
        return 0;
    features = be64(data + AT_INCOMPATIBLE);
    if (features & ~FEATURES_KNOWN)
        return BAD("it uses qcow2 features that are not known (0x%" PRIx64 ")",
                   features & ~FEATURES_KNOWN);
    h->dirty = features & FEATURE_DIRTY;
    h->corrupt = features & FEATURE_CORRUPT;
    h->external_data = features & FEATURE_EXTERNAL_DATA;
    if (be32(data + AT_REFCOUNT_ORDER) > 6)
        return BAD("its qcow2 header says 2^%" PRIu32 " bits per reference count",
                   be32(data + AT_REFCOUNT_ORDER));
    length = be32(data + AT_HEADER_LENGTH);
    if (length < V3_HEADER_MIN || length % 8 != 0 || length > UINT64_C(1) << h->cluster_bits)
        return BAD("its qcow2 header says that it is %" PRIu32 " bytes long", length);
    *ret_length = length;
    return 0;
}

static int parse_backing_file(const uint8_t *data, size_t len, struct vt_qcow2_header *h,
                              struct vt_error *err)
{
    uint64_t offset = be64(data + AT_BACKING_OFFSET);
    uint32_t size = be32(data + AT_BACKING_SIZE);
    uint64_t cluster = UINT64_C(1) << h->cluster_bits;

    if (offset == 0)
        return 0;
    if (size == 0 || size > VT_QCOW2_NAME_MAX || offset >= cluster || size > cluster - offset)
        return BAD("its qcow2 header places the name of a backing file where none can be");
    if (offset > len || size > len - offset)
        return BAD("it is cut short within the name of its backing file");
    if (memchr(data + offset, '\0', size))
        return BAD("the name of its backing file holds a NUL byte");
    h->has_backing = true;
    memcpy(h->backing_file, data + offset, size);
    h->backing_file[size] = '\0';
    return 0;
}

static int take_extension(uint32_t type, const uint8_t *data, uint32_t size,
                          struct vt_qcow2_header *h, struct vt_error *err)
{
    if (type != EXTENSION_BACKING_FORMAT)
        return 0;
    if (size == 0 || size > VT_QCOW2_FORMAT_MAX || memchr(data, '\0', size))
        return BAD("its qcow2 header holds a backing format that is no name");
    memcpy(h->backing_format, data, size);
    h->backing_format[size] = '\0';
    return 0;
}

/* The extensions lie between the header and the backing file's name, or the end of the first
 * cluster. */
static int parse_extensions(const uint8_t *data, size_t len, uint64_t at, struct vt_qcow2_header *h,
                            struct vt_error *err)
{
    uint64_t end = UINT64_C(1) << h->cluster_bits;
    int r;

    if (be64(data + AT_BACKING_OFFSET) != 0)
        end = be64(data + AT_BACKING_OFFSET);
    if (end > len)
        end = len;
    while (at + 8 <= end) {
        uint32_t type = be32(data + at), size = be32(data + at + 4);

        at += 8;
        if (type == EXTENSION_END)
            return 0;
        if (size > end - at)
            return BAD("an extension of its qcow2 header is longer than its place");
        r = take_extension(type, data + at, size, h, err);
        if (r < 0)
            return r;
        at += ((uint64_t)size + 7) & ~UINT64_C(7);
    }
    return 0;
}

int vt_qcow2_parse_header(const uint8_t *data, size_t len, struct vt_qcow2_header *ret,
                          struct vt_error *err)
{
    struct vt_qcow2_header h = {0};
    uint64_t length = 0;
    int r;

    r = parse_common(data, len, &h, err);
    if (r == 0)
        r = parse_v3(data, &h, &length, err);
    if (r == 0)
        r = parse_backing_file(data, len, &h, err);
    if (r == 0)
        r = parse_extensions(data, len, length, &h, err);
    if (r == 0)
        *ret = h;
    return r;
}
