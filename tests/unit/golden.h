/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden files: what a pure function makes, compared byte for byte with tests/golden/ROOM/NAME.
 * With VT_REGENERATE=1 in the environment they are written instead; read the difference with git
 * before you commit it. Include it after cmocka.h.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void vt_golden_write(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
        fail_msg("%s cannot be written", path);
}

/* Assert that @data is what the golden file @name ("room/name") holds. */
static inline void vt_assert_golden_bytes(const char *name, const void *data, size_t len)
{
    const char *regenerate = getenv("VT_REGENERATE");
    char path[4096], *expected;
    size_t expected_len;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/golden/%s", VT_TEST_DIR, name);
    if (regenerate && strcmp(regenerate, "1") == 0) {
        vt_golden_write(path, data, len);
        return;
    }
    file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is not there: run the test with VT_REGENERATE=1", path);
    /* one byte more than expected shows that the golden file is longer */
    expected = malloc(len + 2);
    assert_non_null(expected);
    expected_len = fread(expected, 1, len + 1, file);
    (void)fclose(file);
    if (expected_len != len || memcmp(expected, data, len) != 0)
        fail_msg("differs from %s; made was:\n%.*s", path, (int)len, (const char *)data);
    free(expected);
}

static inline void vt_assert_golden(const char *name, const char *text)
{
    vt_assert_golden_bytes(name, text, strlen(text));
}
