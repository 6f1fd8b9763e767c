/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "vm/migration.h"

/* Answers of QEMU 10.0 in the states that it goes through, cut down to what counts. */
static void the_end_is_known(void **state)
{
    static const struct {
        const char *reply;
        bool over;
    } rows[] = {
        {"{\"return\":{},\"id\":\"libvirt-17\"}", true}, /* there was none */
        {"{\"return\":{\"status\":\"none\"}}", true},
        {"{\"return\":{\"blocked\":false,\"status\":\"setup\"}}", false},
        {"{\"return\":{\"status\":\"active\",\"ram\":{\"total\":71311360}}}", false},
        {"{\"return\":{\"status\":\"device\"}}", false},
        {"{\"return\":{\"status\":\"cancelling\"}}", false},
        {"{\"return\":{\"status\":\"cancelled\"}}", true},
        {"{\"return\":{\"status\":\"completed\",\"total-time\":41}}", true},
        {"{\"return\":{\"status\":\"failed\",\"error-desc\":\"No space left\"}}", true},
        {"{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"}}", true},
        {"{\"return\":", true},
        {"", true},
        {"[]", true},
        {"{\"return\":{\"status\":1}}", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++)
        if (vt_migration_is_over(rows[i].reply) != rows[i].over)
            fail_msg("%s", rows[i].reply);
}

/* QEMU 10.0 after a libvirtd died between passing the file and beginning to write to it. */
static void its_files_are_known(void **state)
{
    static const struct {
        const char *reply;
        size_t count;
        int64_t sets[2];
    } rows[] = {
        {"{\"return\":[{\"fds\":[{\"fd\":17,\"opaque\":\"libvirt-outgoing-migrate-fd\"}],"
         "\"fdset-id\":5},{\"fds\":[{\"fd\":10,\"opaque\":\"serial0-log\"}],\"fdset-id\":4},"
         "{\"fds\":[{\"fd\":6,\"opaque\":\"libvirt-3-storage0\"}],\"fdset-id\":3}]}",
         1,
         {5}},
        {"{\"return\":[{\"fdset-id\":7,\"fds\":[{\"fd\":1},{\"fd\":18,\"opaque\":"
         "\"libvirt-outgoing-migrate-directio-fd\"}]},{\"fdset-id\":9,\"fds\":[{\"opaque\":"
         "\"libvirt-outgoing-migrate-fd\"}]}]}",
         2,
         {7, 9}},
        {"{\"return\":[{\"fdset-id\":1,\"fds\":[]},{\"fdset-id\":2},7,null]}", 0, {0}},
        {"{\"return\":{}}", 0, {0}},
        {"{\"error\":{}}", 0, {0}},
        {"", 0, {0}},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE int64_t *sets = NULL;

        assert_int_equal(vt_migration_file_sets(rows[i].reply, &sets), rows[i].count);
        assert_memory_equal(sets, rows[i].sets, rows[i].count * sizeof(*sets));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_known),
        cmocka_unit_test(its_files_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
