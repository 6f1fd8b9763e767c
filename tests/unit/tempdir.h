/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of its own for each test, removed after it. Include it after cmocka.h. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory of the running test. */
static char test_dir[64];

/* "NAME in the test's directory"; the strings live in a small ring. */
static __attribute__((unused)) const char *in_dir(const char *name)
{
    static char ring[8][256];
    static unsigned next;
    char *s = ring[next++ % 8];

    (void)snprintf(s, sizeof(ring[0]), "%s/%s", test_dir, name);
    return s;
}

static __attribute__((unused)) int make_test_dir(void **state)
{
    (void)state;
    (void)snprintf(test_dir, sizeof(test_dir), "/tmp/vt-unit-XXXXXX");
    return mkdtemp(test_dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static __attribute__((unused)) int remove_test_dir(void **state)
{
    (void)state;
    return nftw(test_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static __attribute__((unused)) void put_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Assert that @path holds @text and nothing more. */
static __attribute__((unused)) void assert_text(const char *path, const char *text)
{
    char found[4096];
    FILE *file = fopen(path, "re");
    size_t len;

    if (!file)
        fail_msg("%s is not there", path);
    len = fread(found, 1, sizeof(found) - 1, file);
    (void)fclose(file);
    found[len] = '\0';
    assert_string_equal(found, text);
}

/* How many entries the directory @path has. */
static __attribute__((unused)) unsigned count_entries(const char *path)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;
    unsigned count = 0;

    assert_non_null(stream);
    while ((entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count++;
    }
    (void)closedir(stream);
    return count;
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_test_dir, remove_test_dir)
