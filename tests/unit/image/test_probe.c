/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/probe.h"

#include "helpers.h"
#include "image/open.h"
#include "pack.h"

static void test_formats(void **state)
{
    static const char *const formats[] = {"qcow2", "raw", "vmdk", "vdi", "vhdx"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(formats); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_BASE struct vt_base base = {0};
        struct stat st;

        print_message("%s\n", formats[i]);
        /* Never by its name. */
        put_image(in_dir("image.txt"), formats[i], 12 * MIB, 300000, 1);
        assert_ok(vt_base_probe(in_dir("image.txt"), -1, &base, &err), &err);
        assert_int_equal(stat(in_dir("image.txt"), &st), 0);
        assert_string_equal(base.path, in_dir("image.txt"));
        assert_string_equal(base.format, formats[i]);
        assert_int_equal(base.virtual_size, 12 * MIB);
        assert_int_equal(base.file_size, st.st_size);
        assert_int_equal(strlen(base.fingerprint), strlen("sampled-sha256:") + 64);
    }
}

static void test_relative_and_odd_size(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};

    (void)state;
    put_raw(in_dir("disk"), MIB + 1, 100, 1);
    assert_int_equal(chdir(dir), 0);
    assert_ok(vt_base_probe("disk", -1, &base, &err), &err);
    assert_string_equal(base.path, in_dir("disk"));
    assert_int_equal(base.virtual_size, MIB + 512);
}

static void refused(const char *path, enum vt_cause cause, const char *text)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_base base = {0};

    ASSERT_FAILED(vt_base_probe(path, -1, &base, &err), err, cause, path, text);
    assert_null(base.path);
}

static void test_no_images(void **state)
{
    char text[600];

    (void)state;
    memset(text, 'a', sizeof(text));
    put_file(in_dir("text"), text, sizeof(text));
    refused(in_dir("text"), VT_CAUSE_BAD_IMAGE, "is not a disk image: it looks like text");
    put_text(in_dir("empty"), "");
    refused(in_dir("empty"), VT_CAUSE_BAD_IMAGE, "is empty");
    put_text(in_dir("zeros"), "");
    assert_int_equal(truncate(in_dir("zeros"), 1 << 20), 0);
    refused(in_dir("zeros"), VT_CAUSE_BAD_IMAGE, "zeros");
    put_file(in_dir("noise"), "\1\2\3\4\5", 5);
    refused(in_dir("noise"), VT_CAUSE_BAD_IMAGE, "has no boot sector");
    put_packed(in_dir("packed"), "xz", "abc", 3);
    refused(in_dir("packed"), VT_CAUSE_BAD_IMAGE, "is compressed with xz");
    refused("/dev/null", VT_CAUSE_BAD_IMAGE, "neither a file nor a disk");
    assert_int_equal(mkfifo(in_dir("fifo"), 0644), 0);
    refused(in_dir("fifo"), VT_CAUSE_BAD_IMAGE, "neither a file nor a disk");
    refused(in_dir("nothing"), VT_CAUSE_NO_IMAGE, "there is no base image");
    refused(dir, VT_CAUSE_NO_IMAGE, "is a directory");
}

/* A real image cut at @size, with QEMU's own messages left to qemu-img check. */
static void test_cut(void **state)
{
    static const char *const formats[] = {"qcow2", "vmdk", "vdi", "vhdx"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(formats); i++) {
        put_image(in_dir("cut"), formats[i], 12 * MIB, 300000, 1);
        assert_int_equal(truncate(in_dir("cut"), 70), 0);
        refused(in_dir("cut"), VT_CAUSE_BAD_IMAGE, "");
    }
}

static void test_hostile(void **state)
{
    VT_AUTO_FREE char *option = NULL;

    (void)state;
    put_raw(in_dir("secret"), MIB, 100, 1);
    RUN("qemu-img", "create", "-q", "-f", "qcow2", "-b", in_dir("secret"), "-F", "raw",
        in_dir("backed"));
    refused(in_dir("backed"), VT_CAUSE_BAD_IMAGE, in_dir("secret"));
    option = vt_fmt("data_file=%s", in_dir("data"));
    RUN("qemu-img", "create", "-q", "-f", "qcow2", "-o", option, in_dir("external"), "1M");
    refused(in_dir("external"), VT_CAUSE_BAD_IMAGE, "in another file");
    RUN("qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", in_dir("flat"),
        "1M");
    refused(in_dir("flat"), VT_CAUSE_BAD_IMAGE, "other files");
    put_image(in_dir("parent.vmdk"), "vmdk", MIB, 100, 1);
    RUN("qemu-img", "create", "-q", "-f", "vmdk", "-b", in_dir("parent.vmdk"), "-F", "vmdk",
        in_dir("child.vmdk"));
    refused(in_dir("child.vmdk"), VT_CAUSE_BAD_IMAGE, "other files");
}

/*
 * A sparse VMDK whose header says capacity 0 makes QEMU take its descriptor at its word, as one of
 * text: there it may name any file.
 */
static void test_hostile_vmdk(void **state)
{
    VT_AUTO_FREE char *text = NULL;
    uint8_t head[512] = "KDMV\1";

    (void)state;
    put_raw(in_dir("secret"), MIB, 100, 1);
    text = vt_fmt("# Disk DescriptorFile\nversion=1\nCID=00000001\nparentCID=ffffffff\n"
                  "createType=\"monolithicFlat\"\n\nRW 2048 FLAT \"%s\" 0\n",
                  in_dir("secret"));
    head[28] = 1; /* descriptor at sector 1 */
    head[36] = 8; /* of 8 sectors */
    put_file(in_dir("image"), head, sizeof(head));
    assert_int_equal(truncate(in_dir("image"), 9 * 512), 0);
    put_at(in_dir("image"), text, strlen(text), 512);
    refused(in_dir("image"), VT_CAUSE_BAD_IMAGE, "");
}

static void test_encrypted_corrupt_and_zero(void **state)
{
    (void)state;
    RUN("qemu-img", "create", "-q", "--object", "secret,id=s,data=x", "-f", "qcow2", "-o",
        "encrypt.format=aes,encrypt.key-secret=s", in_dir("a"), "1M");
    refused(in_dir("a"), VT_CAUSE_BAD_IMAGE, "encrypted");
    RUN("qemu-img", "create", "-q", "-f", "qcow2", in_dir("b"), "1M");
    put_at(in_dir("b"), "\2", 1, 79);
    refused(in_dir("b"), VT_CAUSE_BAD_IMAGE, "corrupt");
    RUN("qemu-img", "create", "-q", "-f", "qcow2", in_dir("c"), "0");
    refused(in_dir("c"), VT_CAUSE_BAD_IMAGE, "size 0");
}

static void test_unreadable(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_base base = {0};
    int r;

    (void)state;
    put_raw(in_dir("disk"), MIB, 100, 1);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(chmod(in_dir("disk"), 0600), 0);
    if (geteuid() != 0)
        skip();
    assert_int_equal(seteuid(65534), 0);
    r = vt_base_probe(in_dir("disk"), -1, &base, &err);
    assert_int_equal(seteuid(0), 0);
    ASSERT_FAILED(r, err, VT_CAUSE_IMAGE_UNREADABLE, in_dir("disk"), "0600", "user 0",
                  "Permission denied");
    r = vt_image_unreadable(&err, in_dir("disk"), EACCES, "QEMU's user");
    ASSERT_FAILED(r, err, VT_CAUSE_IMAGE_UNREADABLE, "QEMU's user cannot read");
    assert_int_equal(chmod(dir, 0700), 0);
    assert_int_equal(seteuid(65534), 0);
    r = vt_base_probe(in_dir("disk"), -1, &base, &err);
    assert_int_equal(seteuid(0), 0);
    ASSERT_FAILED(r, err, VT_CAUSE_IMAGE_UNREADABLE, in_dir("disk"), "directories above");
}

static void test_cancel(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int cancel = readable_fd();
    struct vt_base base = {0};

    (void)state;
    put_image(in_dir("a"), "vmdk", MIB, 100, 1);
    assert_int_equal(vt_base_probe(in_dir("a"), cancel, &base, &err), -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_formats),
        IN_DIR(test_relative_and_odd_size),
        IN_DIR(test_no_images),
        IN_DIR(test_cut),
        IN_DIR(test_hostile),
        IN_DIR(test_hostile_vmdk),
        IN_DIR(test_encrypted_corrupt_and_zero),
        IN_DIR(test_unreadable),
        IN_DIR(test_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
