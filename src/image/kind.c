/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the marks come from: QEMU's block drivers (qcow2.c, vmdk.c, vdi.c, vhdx.h, vpc.c), RFC 1952
 * (gzip), RFC 8878 (zstd), the .xz format 1.2 and bzip2's manual, ECMA-119 8.1 (ISO 9660), POSIX
 * ustar, PKWARE's APPNOTE.
 */
#include "image/kind.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "image/qcow2.h"

static const struct {
    const char *format;
    bool packed;
    const char *text;
} kinds[] = {
    [VT_KIND_UNKNOWN] = {NULL, false,
                         "has no boot sector (the bytes 55 AA at offset 510), and is in no format "
                         "that is known here (qcow2, raw, vmdk, vdi, vhdx)"},
    [VT_KIND_EMPTY] = {NULL, false, "is empty; get it anew"},
    [VT_KIND_ZEROS] = {NULL, false,
                       "begins with nothing but zeros and has no boot sector; get it anew"},
    [VT_KIND_HTML] = {NULL, false,
                      "looks like a web page, as an address that needs a browser leaves it; get "
                      "the image from another address"},
    [VT_KIND_TEXT] = {NULL, false,
                      "looks like text; mount a cloud image (qcow2, raw, vmdk, vdi or vhdx)"},
    [VT_KIND_ARCHIVE] = {NULL, false, "is an archive (zip or 7z); take the disk image out of it"},
    [VT_KIND_ISO] = {NULL, false,
                     "is a CD image that does not start from a disk; take the cloud image instead"},
    [VT_KIND_VHD] = {NULL, false,
                     "is a VHD; make a qcow2 of it with `qemu-img convert -f vpc -O qcow2`"},
    [VT_KIND_VMDK_TEXT] = {NULL, false,
                           "only describes a VMDK whose data are in other files; make one file of "
                           "it with `qemu-img convert -f vmdk -O qcow2`"},
    [VT_KIND_QCOW2] = {"qcow2", false, NULL},
    [VT_KIND_RAW] = {"raw", false, NULL},
    [VT_KIND_VMDK] = {"vmdk", false, NULL},
    [VT_KIND_VDI] = {"vdi", false, NULL},
    [VT_KIND_VHDX] = {"vhdx", false, NULL},
    [VT_KIND_GZIP] = {NULL, true, "is compressed with gzip"},
    [VT_KIND_XZ] = {NULL, true, "is compressed with xz"},
    [VT_KIND_ZSTD] = {NULL, true, "is compressed with zstd"},
    [VT_KIND_BZIP2] = {NULL, true, "is compressed with bzip2"},
    [VT_KIND_TAR] = {NULL, true, "is a tar archive"},
};

_Static_assert(VT_ARRAY_SIZE(kinds) == VT_KIND_MAX_, "every kind has a row");

/* Marks that stand at one place. The first that fits wins. */
static const struct {
    enum vt_kind kind;
    size_t offset;
    size_t len;
    const char *bytes;
} marks[] = {
    {VT_KIND_QCOW2, 0, 4, "QFI\xfb"},
    {VT_KIND_VMDK, 0, 4, "KDMV"},
    {VT_KIND_VMDK, 0, 4, "COWD"},
    {VT_KIND_VMDK_TEXT, 0, 21, "# Disk DescriptorFile"},
    {VT_KIND_VHDX, 0, 8, "vhdxfile"},
    {VT_KIND_VHD, 0, 8, "conectix"},
    {VT_KIND_VDI, 0x40, 4, "\x7f\x10\xda\xbe"},
    {VT_KIND_GZIP, 0, 3, "\x1f\x8b\x08"},
    {VT_KIND_XZ, 0, 6,
     "\xfd"
     "7zXZ\0"},
    {VT_KIND_ZSTD, 0, 4, "\x28\xb5\x2f\xfd"},
    {VT_KIND_ARCHIVE, 0, 4, "PK\3\4"},
    {VT_KIND_ARCHIVE, 0, 6, "7z\xbc\xaf\x27\x1c"},
    {VT_KIND_TAR, 257, 5, "ustar"},
    {VT_KIND_RAW, 510, 2, "\x55\xaa"},
    {VT_KIND_ISO, 0x8001, 5, "CD001"},
};

static bool is_bzip2(const uint8_t *head, size_t len)
{
    return len >= 10 && memcmp(head, "BZh", 3) == 0 && head[3] >= '1' && head[3] <= '9' &&
           memcmp(head + 4, "1AY&SY", 6) == 0;
}

static bool all_zero(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (head[i])
            return false;
    }
    return true;
}

/* Text in any encoding that keeps ASCII: no control characters but white space. */
static bool is_text(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < len && i < 512; i++) {
        if ((head[i] < ' ' && !strchr("\t\n\f\r\033", head[i])) || head[i] == 0 || head[i] == 0x7f)
            return false;
    }
    return true;
}

static bool is_html(const uint8_t *head, size_t len)
{
    static const char *const begins[] = {"<!doctype html", "<html", "<?xml"};
    size_t at = 0;

    while (at < len && strchr(" \t\r\n", head[at]) && head[at])
        at++;
    for (size_t i = 0; i < VT_ARRAY_SIZE(begins); i++) {
        size_t n = strlen(begins[i]);

        if (len - at >= n && strncasecmp((const char *)head + at, begins[i], n) == 0)
            return true;
    }
    return false;
}

enum vt_kind vt_kind_of(const uint8_t *head, size_t len)
{
    if (len == 0)
        return VT_KIND_EMPTY;
    for (size_t i = 0; i < VT_ARRAY_SIZE(marks); i++) {
        if (len >= marks[i].offset + marks[i].len &&
            memcmp(head + marks[i].offset, marks[i].bytes, marks[i].len) == 0)
            return marks[i].kind;
    }
    if (is_bzip2(head, len))
        return VT_KIND_BZIP2;
    if (all_zero(head, len))
        return VT_KIND_ZEROS;
    if (is_text(head, len))
        return is_html(head, len) ? VT_KIND_HTML : VT_KIND_TEXT;
    return VT_KIND_UNKNOWN;
}

const char *vt_kind_format(enum vt_kind kind)
{
    return kinds[kind].format;
}

bool vt_kind_compressed(enum vt_kind kind)
{
    return kinds[kind].packed && kind != VT_KIND_TAR;
}

bool vt_kind_packed(enum vt_kind kind)
{
    return kinds[kind].packed;
}

const char *vt_kind_text(enum vt_kind kind)
{
    return kinds[kind].text;
}
