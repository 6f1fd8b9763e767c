/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/commit.h"

#include <json-c/json.h>
#include <sched.h>
#include <sys/mount.h>

#include "helpers.h"
#include "image/hash.h"
#include "image/oci_write.h"
#include "image/probe.h"

#define OUT in_dir("out")
#define TO  in_dir("out/Some disk_1.tar")

/* An overlay on a base, and what a guest sees of both in "before". */
static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(OUT, 0755) < 0)
        return -1;
    put_image(in_dir("base"), "qcow2", 12 * MIB, 5 * MIB, 1);
    RUN("qemu-img", "create", "-q", "-f", "qcow2", "-b", in_dir("base"), "-F", "qcow2",
        in_dir("overlay"));
    RUN("qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 3M", in_dir("overlay"));
    RUN("qemu-img", "convert", "-f", "qcow2", "-O", "raw", in_dir("overlay"), in_dir("before"));
    return 0;
}

static struct vt_commit plain(void)
{
    return (struct vt_commit){.overlay = in_dir("overlay"), .to = TO, .format = "qcow2"};
}

static uint64_t room_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_blocks * 512;
}

static void assert_disk(const char *path, const char *format)
{
    RUN("qemu-img", "compare", "-q", "-f", "raw", "-F", format, in_dir("before"), path);
}

static void test_formats(void **state)
{
    static const struct {
        const char *format;
        bool compress;
    } cases[] = {{"qcow2", false}, {"raw", false}, {"qcow2", true}};
    uint64_t sizes[3];

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_BASE struct vt_base base = {0};
        struct vt_commit commit = plain();

        commit.format = cases[i].format;
        commit.compress = cases[i].compress;
        assert_ok(vt_commit_make(&commit, -1, NULL, &err), &err);
        assert_disk(TO, cases[i].format);
        /* It is one that can be a base: it names no other file. */
        assert_ok(vt_base_probe(TO, -1, &base, &err), &err);
        assert_string_equal(base.format, cases[i].format);
        assert_int_equal(base.virtual_size, 12 * MIB);
        sizes[i] = room_of(TO);
        assert_int_equal(count_files(OUT), 1);
        assert_int_equal(unlink(TO), 0);
    }
    assert_true(sizes[2] < sizes[0]);
}

static void test_refused(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int cancel = readable_fd();
    struct vt_commit commit = plain();

    (void)state;
    put_text(TO, "mine");
    ASSERT_FAILED(vt_commit_make(&commit, -1, NULL, &err), err, VT_CAUSE_USAGE, "there already");
    assert_int_equal(room_of(TO) > 0, 1);
    assert_int_equal(unlink(TO), 0);
    /* What a killed one has left goes, and nothing else. */
    put_text(in_dir("out/Some disk_1.tar.part-a1B2c3"), "half");
    put_text(in_dir("out/Some disk_1.tar.old"), "mine");
    for (int i = 0; i < 2; i++) {
        commit.container_disk = i == 1;
        assert_int_equal(vt_commit_make(&commit, cancel, NULL, &err), -ECANCELED);
        vt_error_done(&err);
        assert_int_equal(count_files(OUT), 1);
    }
    commit.to = in_dir("nowhere/file");
    ASSERT_FAILED(vt_commit_make(&commit, -1, NULL, &err), err, VT_CAUSE_USAGE, "no directory",
                  "mount one");
    commit = plain();
    commit.format = "raw";
    commit.compress = true;
    ASSERT_FAILED(vt_commit_make(&commit, -1, NULL, &err), err, VT_CAUSE_USAGE, "only a qcow2");
}

static void test_full(void **state)
{
    /* Less than the disk; less than twice; and enough by the count, but not for what else. */
    static const struct {
        const char *size;
        bool compress, container_disk;
        const char *text;
    } cases[] = {
        {"size=4M", false, false, "room for"},
        {"size=8M", false, true, "room for"},
        {"size=1M", true, false, "is full"},
        {"size=3M", true, true, "is full"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_commit commit = plain();

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", OUT, "tmpfs", 0, cases[i].size) < 0)
            skip();
        commit.compress = cases[i].compress;
        commit.container_disk = cases[i].container_disk;
        ASSERT_FAILED(vt_commit_make(&commit, -1, NULL, &err), err, VT_CAUSE_DATA_FULL,
                      cases[i].text, "free some space");
        assert_int_equal(count_files(OUT), 0);
        assert_int_equal(umount2(OUT, MNT_DETACH), 0);
    }
}

/* ---- the container image ---- */

static char *digest_of(const char *path)
{
    VT_AUTO_FREE char *data = NULL;
    size_t len;

    assert_int_equal(vt_file_read(path, 64 << 20, &data, &len), 0);
    return vt_hash_text(data, len);
}

/* Every blob is what its name says. */
static unsigned check_blobs(void)
{
    const char *path = in_dir("x/blobs/sha256");
    VT_AUTO_CLOSEDIR DIR *blobs = opendir(path);
    const struct dirent *entry;
    unsigned count = 0;

    assert_non_null(blobs);
    while ((entry = readdir(blobs))) {
        VT_AUTO_FREE char *digest = NULL;

        if (entry->d_name[0] == '.')
            continue;
        digest = digest_of(in_dir("x/blobs/sha256/%s", entry->d_name));
        assert_string_equal(digest, entry->d_name);
        count++;
    }
    return count;
}

static json_object *read_json(const char *path)
{
    VT_AUTO_FREE char *text = NULL;
    json_object *object;

    assert_int_equal(vt_file_read(path, MIB, &text, NULL), 0);
    object = json_tokener_parse(text);
    assert_non_null(object);
    return object;
}

static json_object *first(json_object *object, const char *name)
{
    return json_object_array_get_idx(json_object_object_get(object, name), 0);
}

/* The digest and size of the descriptor @object are those of a blob, whose name is returned. */
static const char *check_descriptor(json_object *object)
{
    const char *digest = json_object_get_string(json_object_object_get(object, "digest"));
    struct stat st;

    assert_true(vt_startswith(digest, "sha256:"));
    assert_int_equal(stat(in_dir("x/blobs/sha256/%s", digest + 7), &st), 0);
    assert_int_equal(json_object_get_int64(json_object_object_get(object, "size")), st.st_size);
    return in_dir("x/blobs/sha256/%s", digest + 7);
}

static void test_container_disk(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_commit commit = plain();
    json_object *index, *manifest, *config, *docker;
    const char *layer;
    struct stat st;

    (void)state;
    commit.container_disk = true;
    assert_ok(vt_commit_make(&commit, -1, NULL, &err), &err);
    assert_int_equal(count_files(OUT), 1);
    assert_int_equal(mkdir(in_dir("x"), 0755), 0);
    RUN("tar", "-C", in_dir("x"), "-xf", TO);
    assert_int_equal(check_blobs(), 3);
    index = read_json(in_dir("x/index.json"));
    manifest = read_json(check_descriptor(first(index, "manifests")));
    layer = check_descriptor(first(manifest, "layers"));
    config = read_json(check_descriptor(json_object_object_get(manifest, "config")));
    assert_string_equal(json_object_get_string(json_object_object_get(config, "os")), "linux");
    assert_string_equal(
        json_object_get_string(first(json_object_object_get(config, "rootfs"), "diff_ids")),
        json_object_get_string(json_object_object_get(first(manifest, "layers"), "digest")));
    docker = read_json(in_dir("x/manifest.json"));
    assert_string_equal(
        json_object_get_string(first(json_object_array_get_idx(docker, 0), "RepoTags")),
        "some-disk-1:latest");
    RUN("tar", "-C", in_dir("x"), "-xf", layer);
    assert_disk(in_dir("x/disk/some-disk-1.qcow2"), "qcow2");
    assert_int_equal(stat(in_dir("x/disk/some-disk-1.qcow2"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    if (geteuid() == 0)
        assert_true(st.st_uid == 107 && st.st_gid == 107);
    (void)json_object_put(index);
    (void)json_object_put(manifest);
    (void)json_object_put(config);
    (void)json_object_put(docker);
}

static void test_names(void **state)
{
    static const char *const cases[][2] = {
        {"/out/debian.tar", "debian"},
        {"debian-12.oci.tar", "debian-12"},
        {"/out/Debian 12.oci", "debian-12"},
        {"..a__b..c-.tar", "a-b.c"},
        {"/out/.tar", "tar"},
        {"/out/-", "disk"},
        {"\xc3\xa4.tar", "disk"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *name = vt_oci_name(cases[i][0]);

        assert_string_equal(name, cases[i][1]);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_formats),        TEST(test_refused),           TEST(test_full),
        TEST(test_container_disk), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
