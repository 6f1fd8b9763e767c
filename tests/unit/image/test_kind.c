/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/kind.h"

#include "helpers.h"

static const struct {
    const char *what;
    enum vt_kind kind;
    size_t len;
    size_t offset; /* of the bytes, in a file of zeros but for a 1 at 100 */
    const char *bytes;
    size_t count;
} cases[] = {
#define BYTES(s) (s), sizeof(s) - 1
    {"empty", VT_KIND_EMPTY, 0, 0, BYTES("")},
    {"one byte", VT_KIND_TEXT, 1, 0, BYTES("a")},
    {"qcow2", VT_KIND_QCOW2, 4, 0, BYTES("QFI\xfb")},
    {"qcow2 cut", VT_KIND_TEXT, 3, 0, BYTES("QFI\xfb")},
    {"boot sector", VT_KIND_RAW, 512, 510, BYTES("\x55\xaa")},
    {"boot sector cut", VT_KIND_UNKNOWN, 511, 510, BYTES("\x55")},
    {"no boot sector", VT_KIND_UNKNOWN, 65536, 510, BYTES("\xaa\x55")},
    {"sparse vmdk", VT_KIND_VMDK, 512, 0, BYTES("KDMV")},
    {"ESX vmdk", VT_KIND_VMDK, 512, 0, BYTES("COWD")},
    {"vmdk descriptor", VT_KIND_VMDK_TEXT, 100, 0, BYTES("# Disk DescriptorFile\nversion=1\n")},
    {"vdi", VT_KIND_VDI, 512, 0x40, BYTES("\x7f\x10\xda\xbe")},
    {"vhdx", VT_KIND_VHDX, 512, 0, BYTES("vhdxfile")},
    {"vhd", VT_KIND_VHD, 512, 0, BYTES("conectix")},
    {"gzip", VT_KIND_GZIP, 512, 0, BYTES("\x1f\x8b\x08")},
    {"xz", VT_KIND_XZ, 512, 0,
     BYTES("\xfd"
           "7zXZ\0")},
    {"zstd", VT_KIND_ZSTD, 512, 0, BYTES("\x28\xb5\x2f\xfd")},
    {"bzip2", VT_KIND_BZIP2, 512, 0, BYTES("BZh91AY&SY")},
    {"zip", VT_KIND_ARCHIVE, 512, 0, BYTES("PK\3\4")},
    {"tar", VT_KIND_TAR, 512, 257, BYTES("ustar")},
    {"iso", VT_KIND_ISO, 65536, 0x8001, BYTES("CD001")},
    {"html", VT_KIND_HTML, 30, 0, BYTES(" \n<!DOCTYPE html><html><body>..")},
    {"text", VT_KIND_TEXT, 12, 0, BYTES("hello world\n")},
    {"utf-8", VT_KIND_TEXT, 6, 0, BYTES("gr\xc3\xbc\xc3\x9f")},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        uint8_t *all = vt_calloc(1, VT_KIND_READ_SIZE + 64);
        uint8_t *head = malloc(cases[i].len ? cases[i].len : 1);

        print_message("%s\n", cases[i].what);
        assert_non_null(head);
        all[100] = 1;
        memcpy(all + cases[i].offset, cases[i].bytes, cases[i].count);
        memcpy(head, all, cases[i].len);
        assert_int_equal(vt_kind_of(head, cases[i].len), cases[i].kind);
        free(head);
        free(all);
    }
}

static void test_zeros(void **state)
{
    uint8_t *head = vt_calloc(1, VT_KIND_READ_SIZE);

    (void)state;
    assert_int_equal(vt_kind_of(head, VT_KIND_READ_SIZE), VT_KIND_ZEROS);
    free(head);
}

/* Each kind is a disk image, or has a text that says what it is instead. */
static void test_tables(void **state)
{
    (void)state;
    for (enum vt_kind kind = 0; kind < VT_KIND_MAX_; kind++) {
        assert_int_equal(vt_kind_format(kind) == NULL, vt_kind_text(kind) != NULL);
        assert_false(vt_kind_packed(kind) && vt_kind_format(kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
