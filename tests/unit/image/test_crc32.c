/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/crc32.h"

#include "helpers.h"

static void test_known(void **state)
{
    (void)state;
    assert_int_equal(vt_crc32(0, (const uint8_t *)"", 0), 0);
    /* The check value of every catalogue of CRCs. */
    assert_int_equal(vt_crc32(0, (const uint8_t *)"123456789", 9), 0xcbf43926);
}

/* Cut anywhere, the CRC is the same as in one piece. */
static void test_pieces(void **state)
{
    uint8_t data[67];
    uint32_t whole;

    (void)state;
    fill_noise(data, sizeof(data), 1);
    whole = vt_crc32(0, data, sizeof(data));
    for (size_t at = 0; at <= sizeof(data); at++)
        assert_int_equal(vt_crc32(vt_crc32(0, data, at), data + at, sizeof(data) - at), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
