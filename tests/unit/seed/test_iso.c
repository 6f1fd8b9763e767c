/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disc, read back by a reader that shares no code with what wrote it: libarchive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"
#include "seed/iso.h"

static char directory[] = "/tmp/virtainer-test-iso-XXXXXX";
static char *path;

static int make_directory(void **state)
{
    (void)state;
    memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
    if (!mkdtemp(directory))
        return -1;
    path = vt_fmt("%s/seed.iso", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path);
    free(path);
    return rmdir(directory);
}

static char user_data[] = "#!/bin/sh\nprintf '\0'\n";
static char meta_data[] = "instance-id: x\n";
static char vendor_data[] = "#cloud-config\n{}\n";
static char network_config[] = "version: 2\n";

static const struct {
    const char *name;
    const char *text;
    size_t len;
} expected[] = {
    {"user-data", user_data, sizeof(user_data) - 1},
    {"meta-data", meta_data, sizeof(meta_data) - 1},
    {"vendor-data", vendor_data, sizeof(vendor_data) - 1},
    {"network-config", network_config, sizeof(network_config) - 1},
};

static struct vt_seed whole_seed(void)
{
    return (struct vt_seed){
        .kind = VT_SEED_USER_DATA,
        .user_data = {user_data, sizeof(user_data) - 1, NULL},
        .meta_data = {meta_data, sizeof(meta_data) - 1, NULL},
        .vendor_data = {vendor_data, sizeof(vendor_data) - 1, NULL},
        .network_config = {network_config, sizeof(network_config) - 1, NULL},
    };
}

static void write_seed(const struct vt_seed *seed)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    if (vt_seed_iso_write(seed, path, &err) < 0)
        fail_msg("%s", err.msg);
}

static void check_entry(struct archive *reader, struct archive_entry *entry, bool *found)
{
    const char *whole = archive_entry_pathname(entry);
    const char *name = vt_startswith(whole, "./") ? whole + 2 : whole;

    for (size_t i = 0; i < VT_ARRAY_SIZE(expected); i++) {
        char content[256];

        if (!vt_streq(name, expected[i].name))
            continue;
        assert_int_equal(archive_entry_size(entry), expected[i].len);
        assert_int_equal(archive_read_data(reader, content, sizeof(content)), expected[i].len);
        assert_memory_equal(content, expected[i].text, expected[i].len);
        found[i] = true;
        return;
    }
    fail_msg("the disc has a file '%s'", name);
}

/* Read the disc with one of its two name systems alone (NULL: as libarchive likes). */
static void check_names(const char *without)
{
    struct archive *reader = archive_read_new();
    struct archive_entry *entry;
    bool found[VT_ARRAY_SIZE(expected)] = {false};
    int r;

    assert_int_equal(archive_read_support_format_iso9660(reader), ARCHIVE_OK);
    if (without)
        assert_int_equal(archive_read_set_options(reader, without), ARCHIVE_OK);
    assert_int_equal(archive_read_open_filename(reader, path, 2048), ARCHIVE_OK);
    while ((r = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
        if (archive_entry_filetype(entry) == AE_IFREG)
            check_entry(reader, entry, found);
    }
    assert_int_equal(r, ARCHIVE_EOF);
    for (size_t i = 0; i < VT_ARRAY_SIZE(expected); i++) {
        if (!found[i])
            fail_msg("%s is missing (%s)", expected[i].name, without ? without : "all");
    }
    archive_read_free(reader);
}

static void test_names_and_content(void **state)
{
    struct vt_seed seed = whole_seed();

    (void)state;
    write_seed(&seed);
    check_names(NULL);
    check_names("!joliet");
    check_names("!rockridge");
}

static void test_volume_id(void **state)
{
    struct vt_seed seed = whole_seed();
    VT_AUTO_FREE char *image = NULL;
    size_t len;

    (void)state;
    write_seed(&seed);
    assert_int_equal(vt_file_read(path, 1 << 24, &image, &len), 0);
    assert_true(len > 0x9000 && len < 0x80000 && len % 2048 == 0);
    assert_memory_equal(image + 0x8001, "CD001", 5);
    assert_memory_equal(image + 0x8028, "cidata                          ", 32);
    /* the second descriptor is Joliet's, whose name blkid prefers */
    assert_int_equal(image[0x8800], 2);
    assert_memory_equal(image + 0x8828, "\0c\0i\0d\0a\0t\0a", 12);
}

static void test_same_bytes(void **state)
{
    struct vt_seed seed = whole_seed();
    VT_AUTO_FREE char *first = NULL, *second = NULL;
    size_t first_len, second_len;

    (void)state;
    write_seed(&seed);
    assert_int_equal(vt_file_read(path, 1 << 24, &first, &first_len), 0);
    sleep(1); /* until the second of every time stamp is another */
    write_seed(&seed);
    assert_int_equal(vt_file_read(path, 1 << 24, &second, &second_len), 0);
    assert_int_equal(first_len, second_len);
    assert_memory_equal(first, second, first_len);
}

static void test_secret_and_alone(void **state)
{
    struct vt_seed seed = whole_seed();
    struct stat st;
    VT_AUTO_CLOSEDIR DIR *dir = NULL;
    int entries = 0;

    (void)state;
    write_seed(&seed);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    dir = opendir(directory);
    assert_non_null(dir);
    while (readdir(dir))
        entries++;
    assert_int_equal(entries, 3);
}

static void test_empty_and_large(void **state)
{
    size_t len = 16U << 20;
    VT_AUTO_FREE char *large = vt_calloc(1, len + 1);
    char none[] = "";
    struct vt_seed seed = {
        .user_data = {none, 0, NULL},
        .meta_data = {large, len, NULL},
    };
    struct stat st;

    (void)state;
    memset(large, '#', len);
    write_seed(&seed);
    assert_int_equal(stat(path, &st), 0);
    assert_true((size_t)st.st_size > len);
}

static void test_cannot_write(void **state)
{
    struct vt_seed seed = whole_seed();
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_true(vt_seed_iso_write(&seed, "/nowhere/at/all.iso", &err) < 0);
    assert_int_equal(err.cause, VT_CAUSE_SEED);
    assert_non_null(strstr(err.msg, "/nowhere/at/all.iso"));
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_names_and_content), IN_DIRECTORY(test_volume_id),
        IN_DIRECTORY(test_same_bytes),        IN_DIRECTORY(test_secret_and_alone),
        IN_DIRECTORY(test_empty_and_large),   cmocka_unit_test(test_cannot_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
