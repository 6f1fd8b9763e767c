/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/overlay.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "helpers.h"
#include "image/qcow2.h"
#include "image/qemu_img.h"
#include "image/record.h"

#define DATA    in_dir("data")
#define OVERLAY in_dir("data/local_image.qcow2")
#define RECORD  in_dir("data/.virtainer/base.json")

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(DATA, 0755) < 0)
        return -1;
    put_image(in_dir("base"), "qcow2", 12 * MIB, 300000, 1);
    return 0;
}

/* vt_overlay_prepare() on @image; @size 0 stands for the default. */
static int prepare_on(const char *image, uint64_t size, int cancel_fd, struct vt_overlay *ret,
                      struct vt_error *err)
{
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA,
        .base = &base,
        .size = size ? size : 40 * GIB,
        .size_given = size != 0,
        .cancel_fd = cancel_fd,
    };
    int r = vt_base_probe(image, -1, &base, err);

    return r < 0 ? r : vt_overlay_prepare(&request, ret, err);
}

static void prepare_ok(const char *image, uint64_t size, struct vt_overlay *ret)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    assert_ok(prepare_on(image, size, -1, ret, &err), &err);
    assert_string_equal(ret->path, OVERLAY);
}

static void prepare_fails(const char *image, uint64_t size, enum vt_cause cause, const char *text)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_overlay overlay = {0};

    ASSERT_FAILED(prepare_on(image, size, -1, &overlay, &err), err, cause, text);
    assert_null(overlay.path);
}

static void read_overlay(struct vt_qcow2_header *ret)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *data = NULL;
    size_t len;

    assert_int_equal(vt_file_read(OVERLAY, 64 << 20, &data, &len), 0);
    assert_ok(vt_qcow2_parse_header((uint8_t *)data, len > 65536 ? 65536 : len, ret, &err), &err);
}

static void assert_backing(const char *file, const char *format)
{
    struct vt_qcow2_header header;

    read_overlay(&header);
    assert_string_equal(header.backing_file, file);
    assert_string_equal(header.backing_format, format);
}

static uint64_t overlay_size(void)
{
    struct vt_qcow2_header header;

    read_overlay(&header);
    return header.virtual_size;
}

static void test_formats(void **state)
{
    static const char *const formats[] = {"qcow2", "raw", "vmdk", "vdi", "vhdx"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(formats); i++) {
        struct vt_overlay first, second;
        struct stat st;

        put_image(in_dir("base"), formats[i], 12 * MIB, 300000, 1);
        prepare_ok(in_dir("base"), 0, &first);
        assert_false(first.reused);
        assert_null(first.notice);
        assert_int_equal(first.virtual_size, 40 * GIB);
        assert_backing(in_dir("base"), formats[i]);
        assert_int_equal(stat(OVERLAY, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        prepare_ok(in_dir("base"), 0, &second);
        assert_true(second.reused);
        assert_null(second.notice);
        assert_int_equal(second.virtual_size, 40 * GIB);
        assert_int_equal(count_files(DATA), 2);
        assert_int_equal(unlink(OVERLAY), 0);
        vt_overlay_done(&first);
        vt_overlay_done(&second);
    }
}

static void test_owner(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    const char *const paths[] = {OVERLAY, RECORD, in_dir("data/.virtainer")};

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(DATA, 1234, 5678), 0);
    prepare_ok(in_dir("base"), 0, &overlay);
    for (size_t i = 0; i < VT_ARRAY_SIZE(paths); i++) {
        struct stat st;

        assert_int_equal(stat(paths[i], &st), 0);
        assert_int_equal(st.st_uid, 1234);
        assert_int_equal(st.st_gid, 5678);
    }
}

/* DISK_SIZE at creation on a base of 12 MiB; 0: not given, the default being 40 GiB. */
static void test_new_sizes(void **state)
{
    static const struct {
        uint64_t given, size;
    } cases[] = {{0, 40 * GIB}, {12 * MIB, 12 * MIB}, {13 * MIB + 1, 13 * MIB + 512}, {GIB, GIB}};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

        prepare_ok(in_dir("base"), cases[i].given, &overlay);
        assert_int_equal(overlay.virtual_size, cases[i].size);
        assert_int_equal(unlink(OVERLAY), 0);
    }
    assert_int_equal(unlink(RECORD), 0);
    prepare_fails(in_dir("base"), 11 * MIB, VT_CAUSE_USAGE, "DISK_SIZE (11 MiB) is smaller");
    prepare_fails(in_dir("base"), 1, VT_CAUSE_USAGE, "at least DISK_SIZE=12M");
    assert_int_equal(count_files(DATA), 0);
}

static void test_default_size_is_raised(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

    (void)state;
    RUN("qemu-img", "create", "-q", "-f", "qcow2", in_dir("large"), "50G");
    prepare_ok(in_dir("large"), 0, &overlay);
    assert_int_equal(overlay.virtual_size, 50 * GIB);
    assert_int_equal(unlink(OVERLAY), 0);
    prepare_fails(in_dir("large"), 20 * GIB, VT_CAUSE_USAGE, "DISK_SIZE=50G");
}

static void test_reused_sizes(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, same = {0}, unsaid = {0}, larger = {0};

    (void)state;
    prepare_ok(in_dir("base"), GIB, &made);
    prepare_ok(in_dir("base"), GIB, &same);
    assert_null(same.notice);
    prepare_ok(in_dir("base"), 0, &unsaid);
    assert_int_equal(unsaid.virtual_size, GIB);
    assert_null(unsaid.notice);
    prepare_ok(in_dir("base"), 2 * GIB + 1, &larger);
    assert_int_equal(larger.virtual_size, 2 * GIB + 512);
    assert_int_equal(larger.grown_from, GIB);
    assert_null(larger.notice);
    assert_int_equal(overlay_size(), 2 * GIB + 512);
    prepare_fails(in_dir("base"), 2 * GIB, VT_CAUSE_USAGE, "is not shrunk");
    prepare_fails(in_dir("base"), 512 * MIB, VT_CAUSE_USAGE,
                  "DISK_SIZE (512 MiB) is smaller than the overlay");
    assert_int_equal(overlay_size(), 2 * GIB + 512);
}

/* A guest that is resumed knows the disk as it was. */
static void test_not_grown_when_resumed(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, resumed = {0};
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA,
        .base = &base,
        .size = 2 * GIB,
        .size_given = true,
        .keep = true,
        .cancel_fd = -1,
    };

    (void)state;
    prepare_ok(in_dir("base"), GIB, &made);
    assert_ok(vt_base_probe(in_dir("base"), -1, &base, &err), &err);
    assert_ok(vt_overlay_prepare(&request, &resumed, &err), &err);
    assert_int_equal(resumed.virtual_size, GIB);
    assert_int_equal(resumed.grown_from, 0);
    assert_non_null(strstr(resumed.notice, "keeps its size of 1 GiB"));
    assert_non_null(strstr(resumed.notice, "DISK_SIZE (2 GiB)"));
    assert_int_equal(overlay_size(), GIB);
}

/* Saved memory fits the overlay to the nanosecond: what is only for a person waits. */
static void test_moved_and_resumed(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, resumed = {0}, again = {0}, booted = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA, .base = &base, .size = GIB, .keep = true, .cancel_fd = -1};
    struct stat before, after;

    (void)state;
    prepare_ok(in_dir("base"), GIB, &made);
    assert_int_equal(rename(in_dir("base"), in_dir("moved")), 0);
    assert_int_equal(stat(made.path, &before), 0);
    assert_ok(vt_base_probe(in_dir("moved"), -1, &base, &err), &err);
    assert_ok(vt_overlay_prepare(&request, &resumed, &err), &err);
    assert_ok(vt_overlay_prepare(&request, &again, &err), &err);
    assert_int_equal(stat(made.path, &after), 0);
    assert_memory_equal(&after.st_mtim, &before.st_mtim, sizeof(before.st_mtim));
    assert_backing(in_dir("base"), "qcow2");
    prepare_ok(in_dir("moved"), GIB, &booted);
    assert_backing(in_dir("moved"), "qcow2");
}

/* The base was moved too: its new name is in the header before qemu-img looks for it. */
static void test_moved_and_grown(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, grown = {0};

    (void)state;
    prepare_ok(in_dir("base"), GIB, &made);
    assert_int_equal(rename(in_dir("base"), in_dir("moved")), 0);
    prepare_ok(in_dir("moved"), 2 * GIB, &grown);
    assert_int_equal(overlay_size(), 2 * GIB);
    assert_backing(in_dir("moved"), "qcow2");
}

/* A start that grows the overlay, killed with all its children @after us microseconds. */
static void grow_and_kill(uint64_t size, useconds_t after)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

        (void)setpgid(0, 0);
        _exit(prepare_on(in_dir("base"), size, -1, &overlay, NULL) < 0);
    }
    (void)setpgid(pid, pid);
    (void)usleep(after);
    (void)kill(-pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

/* The overlay has one size or the other, its tables are in order, its data what they were. */
static void test_killed_while_growing(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, grown = {0};
    uint64_t size = GIB;
    unsigned grew = 0;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    prepare_ok(in_dir("base"), size, &made);
    RUN("qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 3M", OVERLAY);
    RUN("cp", OVERLAY, in_dir("before"));
    for (unsigned i = 0; i < 40; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        /* So much that the table of tables has to move. */
        uint64_t wanted = size + 1024 * GIB, got;

        grow_and_kill(wanted, i * 500);
        got = overlay_size();
        assert_true(got == size || got == wanted);
        grew += got == wanted;
        size = got;
        assert_ok(vt_qemu_img_check(OVERLAY, -1, &err), &err);
    }
    print_message("grown %u times\n", grew);
    RUN("qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", in_dir("before"), OVERLAY);
    prepare_ok(in_dir("base"), size + GIB, &grown);
    assert_int_equal(grown.virtual_size, size + GIB);
}

static void test_other_base(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    VT_AUTO_FREE char *before = NULL, *after = NULL;
    size_t len = 0, len_after = 0;

    (void)state;
    prepare_ok(in_dir("base"), 0, &overlay);
    assert_int_equal(vt_file_read(OVERLAY, 64 << 20, &before, &len), 0);
    put_image(in_dir("other"), "qcow2", 12 * MIB, 300000, 2);
    prepare_fails(in_dir("other"), 0, VT_CAUSE_OTHER_BASE, in_dir("base: qcow2, 6"));
    prepare_fails(in_dir("other"), 0, VT_CAUSE_OTHER_BASE, "use another data directory");
    /* The base was replaced under its name. */
    assert_int_equal(rename(in_dir("other"), in_dir("base")), 0);
    prepare_fails(in_dir("base"), 0, VT_CAUSE_OTHER_BASE, "another base image");
    assert_int_equal(vt_file_read(OVERLAY, 64 << 20, &after, &len_after), 0);
    assert_int_equal(len, len_after);
    assert_memory_equal(before, after, len);
}

/* vt_overlay_prepare() that accepts @image. */
static int accept(const char *image, struct vt_overlay *ret, struct vt_error *err)
{
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA, .base = &base, .accept_base = true, .cancel_fd = -1};
    int r = vt_base_probe(image, -1, &base, err);

    return r < 0 ? r : vt_overlay_prepare(&request, ret, err);
}

/* The same disk in another format, as a person may write it anew. */
static void test_accepted_base(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, rebased = {0}, again = {0}, kept = {0};
    VT_AUTO_RECORD struct vt_record record = {0};

    (void)state;
    prepare_ok(in_dir("base"), 0, &made);
    RUN("qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 64k", OVERLAY);
    RUN("qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", OVERLAY, in_dir("before"));
    RUN("qemu-img", "convert", "-f", "qcow2", "-O", "raw", in_dir("base"), in_dir("raw"));
    prepare_fails(in_dir("raw"), 0, VT_CAUSE_OTHER_BASE, "`virtainer image rebase --unsafe`");
    assert_ok(accept(in_dir("raw"), &rebased, &err), &err);
    assert_true(rebased.rebased);
    assert_null(rebased.notice);
    assert_backing(in_dir("raw"), "raw");
    prepare_ok(in_dir("raw"), 0, &again);
    assert_true(again.reused);
    assert_false(again.rebased);
    RUN("qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", in_dir("before"), OVERLAY);
    /* What is right is not accepted for something else. */
    assert_ok(accept(in_dir("raw"), &kept, &err), &err);
    assert_false(kept.rebased);
    assert_int_equal(vt_record_read(RECORD, &record, &err), 0);
    assert_string_equal(record.path, in_dir("raw"));
    /* Killed between record and header. */
    RUN("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", in_dir("base"), "-F", "qcow2", OVERLAY);
    vt_overlay_done(&again);
    prepare_ok(in_dir("raw"), 0, &again);
    assert_backing(in_dir("raw"), "raw");
}

static void test_unacceptable_base(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, none = {0};
    VT_AUTO_FREE char *before = NULL, *after = NULL;

    (void)state;
    prepare_ok(in_dir("base"), 0, &made);
    assert_int_equal(vt_file_read(RECORD, 65536, &before, NULL), 0);
    put_image(in_dir("other"), "qcow2", 13 * MIB, 300000, 2);
    ASSERT_FAILED(accept(in_dir("other"), &none, &err), err, VT_CAUSE_OTHER_BASE, "disk has 13 MiB",
                  "made on one of 12 MiB", "mount the original image");
    put_image(in_dir("other"), "qcow2", 12 * MIB, 600000, 2);
    assert_int_equal(truncate(in_dir("other"), 400000), 0);
    ASSERT_FAILED(accept(in_dir("other"), &none, &err), err, VT_CAUSE_BAD_IMAGE, "damaged");
    assert_int_equal(vt_file_read(RECORD, 65536, &after, NULL), 0);
    assert_string_equal(before, after);
    assert_backing(in_dir("base"), "qcow2");
    /* Of an overlay without a record the size is known that it has itself. */
    assert_int_equal(unlink(RECORD), 0);
    RUN("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "/elsewhere", "-F", "raw", OVERLAY,
        "8M");
    ASSERT_FAILED(accept(in_dir("base"), &none, &err), err, VT_CAUSE_OTHER_BASE, "only 8 MiB");
    RUN("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "/elsewhere", "-F", "raw", OVERLAY,
        "20M");
    assert_ok(accept(in_dir("base"), &none, &err), &err);
    assert_backing(in_dir("base"), "qcow2");
}

static void test_moved_base(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, moved = {0}, again = {0};

    (void)state;
    prepare_ok(in_dir("base"), 0, &made);
    assert_int_equal(rename(in_dir("base"), in_dir("moved")), 0);
    prepare_ok(in_dir("moved"), 0, &moved);
    assert_true(moved.reused);
    assert_null(moved.notice);
    assert_backing(in_dir("moved"), "qcow2");
    RUN("qemu-img", "check", "-q", OVERLAY);
    assert_int_equal(rename(in_dir("moved"), in_dir("again")), 0);
    prepare_ok(in_dir("again"), 0, &again);
    assert_backing(in_dir("again"), "qcow2");
    assert_int_equal(count_files(DATA), 2);
}

static void prepare_from(const char *source, const char *path)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA, .base = &base, .size = GIB, .cancel_fd = -1};

    assert_ok(vt_base_probe(path, -1, &base, &err), &err);
    base.source = vt_strdup(source);
    base.name = source ? vt_strdup("fedora:43") : NULL;
    assert_ok(vt_overlay_prepare(&request, &overlay, &err), &err);
}

static void assert_source(const char *source)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_RECORD struct vt_record record = {0};

    assert_ok(vt_record_read(RECORD, &record, &err), &err);
    if (source) {
        assert_string_equal(record.source, source);
        assert_string_equal(record.name, "fedora:43");
    } else {
        assert_null(record.source);
        assert_null(record.name);
    }
}

/* Where the base came from is learned late too, and not forgotten when it is mounted by itself. */
static void test_source(void **state)
{
    (void)state;
    prepare_from(NULL, in_dir("base"));
    assert_source(NULL);
    prepare_from("https://one", in_dir("base"));
    assert_source("https://one");
    assert_int_equal(rename(in_dir("base"), in_dir("moved")), 0);
    prepare_from(NULL, in_dir("moved"));
    assert_source("https://one");
    prepare_from("https://two", in_dir("moved"));
    assert_source("https://two");
}

/* Killed after the record got the new path and before the header did; then on a third path. */
static void test_killed_while_moving(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay made = {0}, moved = {0}, back = {0}, third = {0};

    (void)state;
    prepare_ok(in_dir("base"), 0, &made);
    assert_int_equal(link(in_dir("base"), in_dir("moved")), 0);
    assert_int_equal(link(in_dir("base"), in_dir("third")), 0);
    prepare_ok(in_dir("moved"), 0, &moved);
    for (int i = 0; i < 2; i++) {
        RUN("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", in_dir("base"), "-F", "qcow2",
            OVERLAY);
        if (i == 0) {
            prepare_ok(in_dir("moved"), 0, &back);
            assert_backing(in_dir("moved"), "qcow2");
        } else {
            prepare_ok(in_dir("third"), 0, &third);
            assert_backing(in_dir("third"), "qcow2");
        }
    }
    RUN("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "/elsewhere", "-F", "qcow2", OVERLAY);
    prepare_fails(in_dir("third"), 0, VT_CAUSE_OTHER_BASE, "/elsewhere");
}

/* What a run that was killed may leave: temporary files, and a record without an overlay. */
static void test_killed_while_making(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

    (void)state;
    assert_int_equal(mkdir(in_dir("data/.virtainer"), 0755), 0);
    put_text(in_dir("data/local_image.qcow2.part-a1B2c3"), "half");
    put_text(in_dir("data/.virtainer/base.json.part-a1B2c3"), "{");
    put_text(RECORD, "{ \"version\": 1, \"path\": \"/of/another\" }");
    put_text(in_dir("data/local_image.qcow2.part-long"), "the user's");
    put_text(in_dir("data/local_image.qcow2.bak"), "the user's");
    prepare_ok(in_dir("base"), 0, &overlay);
    assert_false(overlay.reused);
    assert_int_equal(count_files(DATA), 4);
    vt_overlay_done(&overlay);
    prepare_ok(in_dir("base"), 0, &overlay);
    assert_true(overlay.reused);
}

/* An overlay as the shell virtainers made it: without a backing format. */
static void put_old_overlay(const char *backing, const char *size)
{
    RUN("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", backing, "-F", "qcow2", OVERLAY,
        size);
}

/* qemu-img of today insists on a format, so it is cut out of the header by hand. */
static void drop_format(void)
{
    struct vt_qcow2_header header;
    VT_AUTO_FREE char *data = NULL;
    size_t len, at;

    assert_int_equal(vt_file_read(OVERLAY, 64 << 20, &data, &len), 0);
    for (at = 72; at < 1024 && memcmp(data + at, "\xe2\x79\x2a\xca", 4) != 0; at++)
        ;
    assert_true(at < 1024);
    put_at(OVERLAY, "\x12\x34\x56\x78", 4, (off_t)at);
    read_overlay(&header);
    assert_string_equal(header.backing_format, "");
}

static void test_old_overlay(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay first = {0}, second = {0};

    (void)state;
    put_old_overlay("/image", "20G");
    drop_format();
    prepare_ok(in_dir("base"), 0, &first);
    assert_true(first.reused);
    assert_int_equal(first.virtual_size, 20 * GIB);
    assert_non_null(strstr(first.notice, "no record"));
    assert_backing(in_dir("base"), "qcow2");
    RUN("qemu-img", "check", "-q", OVERLAY);
    prepare_ok(in_dir("base"), 0, &second);
    assert_null(second.notice);
}

static void test_unfit_old_overlay(void **state)
{
    (void)state;
    put_old_overlay("/elsewhere", "20G");
    drop_format();
    prepare_fails(in_dir("base"), 0, VT_CAUSE_OTHER_BASE, "/elsewhere");
    put_old_overlay("/image", "8M");
    drop_format();
    prepare_fails(in_dir("base"), 0, VT_CAUSE_OTHER_BASE, "less than");
    assert_int_equal(unlink(OVERLAY), 0);
    RUN("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "/image", "-F", "raw", OVERLAY,
        "20G");
    prepare_fails(in_dir("base"), 0, VT_CAUSE_OTHER_BASE, "in format raw");
    assert_int_equal(count_files(DATA), 1);
    assert_false(vt_path_exists(in_dir("data/.virtainer")));
}

static void test_bad_overlay(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

    (void)state;
    prepare_ok(in_dir("base"), 0, &overlay);
    put_at(OVERLAY, "\1", 1, 79);
    vt_overlay_done(&overlay);
    prepare_ok(in_dir("base"), 0, &overlay); /* dirty: QEMU's affair */
    put_at(OVERLAY, "\2", 1, 79);
    prepare_fails(in_dir("base"), 0, VT_CAUSE_BAD_IMAGE, "qemu-img check -r all");
    put_at(OVERLAY, "\4", 1, 79);
    prepare_fails(in_dir("base"), 0, VT_CAUSE_BAD_IMAGE, "another file");
    put_text(OVERLAY, "text");
    prepare_fails(in_dir("base"), 0, VT_CAUSE_BAD_IMAGE, "move it away");
    put_text(OVERLAY, "");
    prepare_fails(in_dir("base"), 0, VT_CAUSE_BAD_IMAGE, "move it away");
    put_image(OVERLAY, "qcow2", MIB, 100, 1);
    prepare_fails(in_dir("base"), 0, VT_CAUSE_OTHER_BASE, "whole image");
    assert_int_equal(unlink(OVERLAY), 0);
    assert_int_equal(mkdir(OVERLAY, 0755), 0);
    prepare_fails(in_dir("base"), 0, VT_CAUSE_BAD_IMAGE, "is a directory");
}

static void test_bad_record(void **state)
{
    static const char *const records[] = {
        "", "text", "{}", "[1]", "{ \"version\": 2 }", "{ \"version\": 1, \"path\": 7 }"};
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

    (void)state;
    prepare_ok(in_dir("base"), 0, &overlay);
    for (size_t i = 0; i < VT_ARRAY_SIZE(records); i++) {
        put_text(RECORD, records[i]);
        prepare_fails(in_dir("base"), 0, VT_CAUSE_DATA_DIR, "base.json is damaged");
    }
}

static void test_cut_base(void **state)
{
    static const off_t sizes[] = {200000, 400000, 590000};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(sizes); i++) {
        put_image(in_dir("base"), "qcow2", 12 * MIB, 600000, 1);
        assert_int_equal(truncate(in_dir("base"), sizes[i]), 0);
        prepare_fails(in_dir("base"), 0, VT_CAUSE_BAD_IMAGE, "damaged or was cut short");
        assert_int_equal(count_files(DATA), 0);
        assert_false(vt_path_exists(in_dir("data/.virtainer")));
    }
}

static void test_cancel(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int cancel = readable_fd();
    struct vt_overlay overlay = {0};

    (void)state;
    assert_int_equal(prepare_on(in_dir("base"), 0, cancel, &overlay, &err), -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
    vt_error_done(&err);
    /* A raw base is not checked, so that this ends the making itself. */
    put_raw(in_dir("base"), 12 * MIB, 100, 1);
    assert_int_equal(prepare_on(in_dir("base"), 0, cancel, &overlay, &err), -ECANCELED);
    assert_int_equal(count_files(DATA), 0);
    assert_false(vt_path_exists(in_dir("data/.virtainer")));
}

static void test_no_data_dir(void **state)
{
    (void)state;
    assert_int_equal(rmdir(DATA), 0);
    prepare_fails(in_dir("base"), 0, VT_CAUSE_DATA_DIR, DATA);
    put_text(DATA, "");
    prepare_fails(in_dir("base"), 0, VT_CAUSE_DATA_DIR, "Not a directory");
}

/* Mount a file system of our own on the data directory, seen by this process alone. */
static bool mount_data(const char *options, unsigned long flags)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", DATA, "tmpfs", flags, options) == 0;
}

static void test_full(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    uint8_t *noise = vt_calloc(1, MIB);

    (void)state;
    fill_noise(noise, MIB, 1);
    if (!mount_data("size=1024k", 0)) {
        free(noise);
        skip();
    }
    /* From room for nothing to room for part of the overlay. */
    for (size_t left = 0; left < 192; left += 16) {
        int fd = open(in_dir("data/ballast"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        (void)!write(fd, noise, (1024 - left) * KIB);
        (void)close(fd);
        prepare_fails(in_dir("base"), 0, VT_CAUSE_DATA_FULL, "No space left on device");
        assert_int_equal(count_files(DATA), 1);
        assert_false(vt_path_exists(in_dir("data/.virtainer")));
    }
    assert_int_equal(unlink(in_dir("data/ballast")), 0);
    prepare_ok(in_dir("base"), 0, &overlay);
    free(noise);
    assert_int_equal(umount2(DATA, MNT_DETACH), 0);
}

static void test_read_only(void **state)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

    (void)state;
    if (!mount_data("", MS_RDONLY))
        skip();
    prepare_fails(in_dir("base"), 0, VT_CAUSE_DATA_DIR, "Read-only file system");
    assert_int_equal(mount(NULL, DATA, NULL, MS_REMOUNT, NULL), 0);
    prepare_ok(in_dir("base"), 0, &overlay);
    assert_int_equal(mount(NULL, DATA, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    prepare_fails(in_dir("base"), 0, VT_CAUSE_DATA_DIR, "Read-only file system");
    assert_int_equal(umount2(DATA, MNT_DETACH), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_formats),
        TEST(test_owner),
        TEST(test_new_sizes),
        TEST(test_default_size_is_raised),
        TEST(test_reused_sizes),
        TEST(test_not_grown_when_resumed),
        TEST(test_moved_and_resumed),
        TEST(test_moved_and_grown),
        TEST(test_killed_while_growing),
        TEST(test_other_base),
        TEST(test_accepted_base),
        TEST(test_unacceptable_base),
        TEST(test_moved_base),
        TEST(test_source),
        TEST(test_killed_while_moving),
        TEST(test_killed_while_making),
        TEST(test_old_overlay),
        TEST(test_unfit_old_overlay),
        TEST(test_bad_overlay),
        TEST(test_bad_record),
        TEST(test_cut_base),
        TEST(test_cancel),
        TEST(test_no_data_dir),
        TEST(test_full),
        TEST(test_read_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
