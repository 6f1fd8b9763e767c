/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compression for the tests, by the library that the code under test unpacks with. */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "helpers.h"

/* Write @data to @path through the libarchive filter @filter ("gzip", "xz", "zstd", "bzip2"). */
static __attribute__((unused)) void put_packed(const char *path, const char *filter,
                                               const void *data, size_t len)
{
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    assert_int_equal(archive_write_add_filter_by_name(archive, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_pathname(entry, "data");
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    if (len)
        assert_int_equal(archive_write_data(archive, data, len), (la_ssize_t)len);
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_entry_free(entry);
    assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

/* A file for put_tar(); one without data is a directory. */
struct tar_file {
    const char *name;
    const void *data;
    size_t len;
};

/* Write the @count @files to the tar archive @path through @filter, NULL for none. */
static __attribute__((unused)) void put_tar(const char *path, const char *filter,
                                            const struct tar_file *files, size_t count)
{
    struct archive *archive = archive_write_new();

    if (filter)
        assert_int_equal(archive_write_add_filter_by_name(archive, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_pax_restricted(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();

        archive_entry_set_filetype(entry, files[i].data ? AE_IFREG : AE_IFDIR);
        archive_entry_set_perm(entry, 0755);
        archive_entry_set_pathname(entry, files[i].name);
        archive_entry_set_size(entry, (la_int64_t)files[i].len);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        if (files[i].len)
            assert_int_equal(archive_write_data(archive, files[i].data, files[i].len),
                             (la_ssize_t)files[i].len);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

static __attribute__((unused)) void pack_file(const char *path, const char *filter,
                                              const char *from)
{
    VT_AUTO_FREE char *data = NULL;
    size_t len = 0;

    assert_int_equal(vt_file_read(from, 64 << 20, &data, &len), 0);
    put_packed(path, filter, data, len);
}
