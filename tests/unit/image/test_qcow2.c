/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/qcow2.h"

#include "helpers.h"

enum { LEN = 1024, NAME_AT = 512 };

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* A header of version 3 as qemu-img writes it, with the backing file /image in format raw. */
static void make_header(uint8_t data[LEN])
{
    static const uint8_t begin[] = {'Q', 'F', 'I', 0xfb, 0, 0, 0, 3};

    memset(data, 0, LEN);
    memcpy(data, begin, sizeof(begin));
    put32(data + 12, NAME_AT);
    put32(data + 16, 6);
    put32(data + 20, 16);
    put32(data + 28, 1 << 30);
    put32(data + 44, 0x30000);
    put32(data + 52, 0x10000);
    put32(data + 96, 4);
    put32(data + 100, 104);
    put32(data + 104, 0xe2792aca);
    put32(data + 108, 3);
    memcpy(data + 112, "raw", 3);
    memcpy(data + NAME_AT, "/image", 6);
    /* Where some of the changes below move the name to. */
    memset(data + NAME_AT + 7, 'x', LEN - NAME_AT - 7);
}

static void test_good(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_qcow2_header h;
    uint8_t data[LEN];

    (void)state;
    make_header(data);
    assert_ok(vt_qcow2_parse_header(data, LEN, &h, &err), &err);
    assert_int_equal(h.version, 3);
    assert_int_equal(h.cluster_bits, 16);
    assert_int_equal(h.virtual_size, GIB);
    assert_true(h.has_backing);
    assert_string_equal(h.backing_file, "/image");
    assert_string_equal(h.backing_format, "raw");
    assert_false(h.dirty || h.corrupt || h.external_data || h.encrypted);
    data[79] = 7;
    put32(data + 32, 2);
    assert_ok(vt_qcow2_parse_header(data, LEN, &h, &err), &err);
    assert_true(h.dirty && h.corrupt && h.external_data && h.encrypted);
}

/* One 32-bit number of a good header changed. */
static const struct {
    const char *what;
    size_t at;
    uint32_t value;
    const char *message; /* NULL: still good */
} changes[] = {
    {"magic", 0, 0x51464900, "does not begin"},
    {"version 1", 4, 1, "version 1"},
    {"version 4", 4, 4, "version 4"},
    {"version 2", 4, 2, NULL},
    {"name far out", 8, 1, "backing file"},
    {"name beyond what was read", 12, 2000, "cut short"},
    {"name beyond the cluster", 12, 65536, "backing file"},
    {"name over the cluster's end", 12, 65533, "backing file"},
    {"name at the end", 12, LEN - 6, NULL},
    {"name over the end", 12, LEN - 5, "cut short"},
    {"name without length", 16, 0, "backing file"},
    {"name too long", 16, 1024, "backing file"},
    {"name with NUL", 16, 7, "NUL"},
    {"clusters of 256", 20, 8, "2^8"},
    {"clusters of 4 MiB", 20, 22, "2^22"},
    {"clusters of 2 MiB", 20, 21, "table"},
    {"huge clusters", 20, 0xffffffff, "2^4294967295"},
    {"huge disk", 24, 0x80000000, "virtual size"},
    {"large disk", 24, 0x7fffffff, NULL},
    {"encryption 3", 32, 3, "encryption"},
    {"crooked L1 table", 44, 0x30001, "table"},
    {"no L1 table", 44, 0, NULL},
    {"crooked refcount table", 52, 0x8000, "table"},
    {"no refcount table", 52, 0, "over itself"},
    {"unknown feature", 76, 0x20, "0x20"},
    {"unknown high feature", 72, 0x80000000, "0x8000000000000000"},
    {"extended L2", 76, 0x10, NULL},
    {"other compression", 76, 8, NULL},
    {"128 refcount bits", 96, 7, "2^7"},
    {"short header", 100, 96, "96 bytes"},
    {"crooked header", 100, 108, "108 bytes"},
    {"long header", 100, 65544, "65544 bytes"},
    {"header up to the name", 100, NAME_AT, NULL},
    {"format too long", 108, 16, "backing format"},
    {"format without length", 108, 0, "backing format"},
    {"format with NUL", 108, 4, "backing format"},
    {"extension into the name", 108, 401, "longer"},
    {"endless extension", 108, 0xffffffff, "longer"},
    {"unknown extension", 104, 0x12345678, NULL},
    {"no extension", 104, 0, NULL},
};

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(changes); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_qcow2_header h = {.version = 77};
        uint8_t data[LEN];
        int r;

        make_header(data);
        put32(data + changes[i].at, changes[i].value);
        r = vt_qcow2_parse_header(data, LEN, &h, &err);
        print_message("%s: %s\n", changes[i].what, err.msg ? err.msg : "good");
        if (changes[i].message) {
            ASSERT_FAILED(r, err, VT_CAUSE_BAD_IMAGE, changes[i].message);
            assert_int_equal(h.version, 77);
        } else {
            assert_ok(r, &err);
        }
    }
}

/* Whatever is cut off, nothing beyond the end is read: each length gets a heap block of its own,
 * for the sanitizer. */
static void test_every_length(void **state)
{
    uint8_t data[LEN];

    (void)state;
    make_header(data);
    for (size_t len = 0; len <= LEN; len++) {
        struct vt_qcow2_header h;
        uint8_t *copy = malloc(len ? len : 1);
        int r;

        assert_non_null(copy);
        memcpy(copy, data, len);
        r = vt_qcow2_parse_header(copy, len, &h, NULL);
        assert_int_equal(r, len >= NAME_AT + 6 ? 0 : -EINVAL);
        free(copy);
    }
}

static const struct {
    const char *option;
    unsigned version;
    bool external, encrypted;
} kinds[] = {
    {"compat=0.10", 2, false, false},
    {"compat=1.1", 3, false, false},
    {"cluster_size=512", 3, false, false},
    {"cluster_size=2M", 3, false, false},
    {"extended_l2=on", 3, false, false},
    {"compression_type=zstd", 3, false, false},
    {"data_file=data", 3, true, false},
    {"encrypt.format=aes,encrypt.key-secret=s", 3, false, true},
};

/* The headers that the real qemu-img writes. */
static void test_real(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(kinds); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *data = NULL;
        struct vt_qcow2_header h;
        const char *path = in_dir("%zu.qcow2", i);
        size_t len;

        print_message("%s\n", kinds[i].option);
        assert_int_equal(chdir(dir), 0);
        RUN("qemu-img", "create", "-q", "--object", "secret,id=s,data=x", "-f", "qcow2", "-o",
            kinds[i].option, path, "3G");
        assert_int_equal(vt_file_read(path, 64 << 20, &data, &len), 0);
        assert_ok(vt_qcow2_parse_header((uint8_t *)data,
                                        len < VT_QCOW2_READ_SIZE ? len : VT_QCOW2_READ_SIZE, &h,
                                        &err),
                  &err);
        assert_int_equal(h.version, kinds[i].version);
        assert_int_equal(h.virtual_size, 3 * GIB);
        assert_int_equal(h.external_data, kinds[i].external);
        assert_int_equal(h.encrypted, kinds[i].encrypted);
        assert_false(h.has_backing);
    }
}

static void test_real_backing(void **state)
{
    static const char *const compat[] = {"compat=0.10", "compat=1.1"};

    (void)state;
    put_raw(in_dir("base"), MIB, 1, 1);
    for (size_t i = 0; i < VT_ARRAY_SIZE(compat); i++) {
        VT_AUTO_FREE char *data = NULL;
        struct vt_qcow2_header h;
        const char *path = in_dir("overlay");
        size_t len;

        RUN("qemu-img", "create", "-q", "-f", "qcow2", "-o", compat[i], "-b", in_dir("base"), "-F",
            "raw", path);
        assert_int_equal(vt_file_read(path, 64 << 20, &data, &len), 0);
        assert_int_equal(vt_qcow2_parse_header((uint8_t *)data, VT_QCOW2_READ_SIZE, &h, NULL), 0);
        assert_string_equal(h.backing_file, in_dir("base"));
        assert_string_equal(h.backing_format, "raw");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_changes),
        cmocka_unit_test(test_every_length), IN_DIR(test_real),
        IN_DIR(test_real_backing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
