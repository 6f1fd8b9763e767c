/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/agent_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static void assert_request(char *made, const char *expected)
{
    assert_string_equal(made, expected);
    free(made);
}

static void requests(void **state)
{
    static const char *const list[] = {"ls", NULL};
    static const char *const odd[] = {"/bin/sh", "-c", "echo \"a\\b\"\n/ \xc3\xa9", "", NULL};

    (void)state;
    assert_request(vt_agent_ask("guest-ping"), "{\"execute\":\"guest-ping\"}");
    assert_request(vt_agent_ask_exec(list, NULL, 0),
                   "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"ls\",\"arg\":[]}}");
    assert_request(
        vt_agent_ask_exec(odd, "foob", 4),
        "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/sh\",\"arg\":[\"-c\","
        "\"echo \\\"a\\\\b\\\"\\n/ \xc3\xa9\",\"\"],\"input-data\":\"Zm9vYg==\"}}");
    assert_request(vt_agent_ask_exec(list, "", 0),
                   "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"ls\",\"arg\":[],"
                   "\"input-data\":\"\"}}");
    assert_request(vt_agent_ask_exec_status(INT64_C(1) << 40),
                   "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":1099511627776}}");
    assert_request(vt_agent_ask_file_open("/etc/a \"b\"", "w"),
                   "{\"execute\":\"guest-file-open\",\"arguments\":{\"path\":\"/etc/a "
                   "\\\"b\\\"\",\"mode\":\"w\"}}");
    assert_request(vt_agent_ask_file("guest-file-close", 1000),
                   "{\"execute\":\"guest-file-close\",\"arguments\":{\"handle\":1000}}");
    assert_request(vt_agent_ask_file_read(1000, 1 << 20),
                   "{\"execute\":\"guest-file-read\",\"arguments\":{\"handle\":1000,\"count\":"
                   "1048576}}");
    assert_request(vt_agent_ask_file_write(1000, "f", 1),
                   "{\"execute\":\"guest-file-write\",\"arguments\":{\"handle\":1000,\"buf-b64\":"
                   "\"Zg==\"}}");
}

static void numbers_are_read(void **state)
{
    static const struct {
        const char *reply, *member;
        int64_t number; /* -1: refused */
    } rows[] = {
        {"{\"return\": 1000}", NULL, 1000},
        {"{\"return\": 0}", NULL, 0},
        {"{\"return\": {\"pid\": 7}}", "pid", 7},
        {"{\"return\": {\"count\": 1, \"eof\": false}}", "count", 1},
        {"{\"return\": -1}", NULL, -1},
        {"{\"return\": \"5\"}", NULL, -1},
        {"{\"return\": 5.0}", NULL, -1},
        {"{\"return\": true}", NULL, -1},
        {"{\"return\": {}}", NULL, -1},
        {"{\"return\": 5}", "pid", -1},
        {"{\"return\": {\"pid\": \"7\"}}", "pid", -1},
        {"{\"return\": [{\"pid\": 7}]}", "pid", -1},
        {"{\"return\": 5", NULL, -1},
        {"{\"return\": 5} x", NULL, -1},
        {"[5]", NULL, -1},
        {"5", NULL, -1},
        {"null", NULL, -1},
        {"", NULL, -1},
        {"{\"return\": {\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}, \"pid\": "
         "7}}",
         "pid", -1},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        int64_t number = 99;
        int r = vt_agent_read_number(rows[i].reply, rows[i].member, &number);

        if (r != (rows[i].number < 0 ? -EBADMSG : 0) ||
            number != (rows[i].number < 0 ? 99 : rows[i].number))
            fail_msg("%s: %d, %lld", rows[i].reply, r, (long long)number);
    }
}

static void exec_status_is_read(void **state)
{
    static const struct {
        const char *body;
        int result;
        bool exited;
        int status;
    } rows[] = {
        {"{\"exited\": false}", 0, false, 0},
        {"{\"exited\": true, \"exitcode\": 0}", 0, true, 0},
        {"{\"exited\": true, \"exitcode\": 3, \"out-data\": \"Zg==\"}", 0, true, 3},
        {"{\"exited\": true, \"exitcode\": 259}", 0, true, 3},
        {"{\"exited\": true, \"signal\": 9}", 0, true, 137},
        {"{\"exited\": true}", -EBADMSG, false, 0},
        {"{\"exited\": true, \"exitcode\": \"0\"}", -EBADMSG, false, 0},
        {"{\"exited\": true, \"exitcode\": -3}", -EBADMSG, false, 0},
        {"{\"exited\": 1, \"exitcode\": 0}", -EBADMSG, false, 0},
        {"{\"exitcode\": 0}", -EBADMSG, false, 0},
        {"[]", -EBADMSG, false, 0},
        {"null", -EBADMSG, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE char *reply = vt_fmt("{\"return\": %s}", rows[i].body);
        struct vt_agent_exec_status status = {false, 0};

        assert_int_equal(vt_agent_read_exec_status(reply, &status), rows[i].result);
        assert_int_equal(status.exited, rows[i].exited);
        assert_int_equal(status.status, rows[i].status);
    }
}

static void rights_are_read(void **state)
{
    static const struct {
        const char *list;
        bool enabled;
    } rows[] = {
        {"[{\"enabled\": true, \"name\": \"guest-exec\", \"success-response\": true}]", true},
        {"[{\"enabled\": true, \"name\": \"guest-ping\"}, {\"enabled\": true, \"name\": "
         "\"guest-exec\"}]",
         true},
        {"[{\"enabled\": false, \"name\": \"guest-exec\"}]", false},
        {"[{\"enabled\": 1, \"name\": \"guest-exec\"}]", false},
        {"[{\"enabled\": true, \"name\": \"guest-exec-status\"}]", false},
        {"[{\"name\": \"guest-exec\"}, 5, null, []]", false},
        {"[]", false},
        {"{}", false},
        {"\"guest-exec\"", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE char *reply = vt_fmt(
            "{\"return\": {\"version\": \"9.2\", \"supported_commands\": %s}}", rows[i].list);

        assert_int_equal(vt_agent_read_enabled(reply, "guest-exec"), rows[i].enabled);
    }
}

static void chunks_are_read(void **state)
{
    static const struct {
        const char *body, *data; /* NULL: refused */
        bool eof;
    } rows[] = {
        {"{\"count\": 6, \"buf-b64\": \"Zm9vYmFy\", \"eof\": false}", "foobar", false},
        {"{\"count\": 0, \"buf-b64\": \"\", \"eof\": true}", "", true},
        {"{\"buf-b64\": \"Zg==\", \"eof\": true}", "f", true},
        /* more than was asked for */
        {"{\"count\": 7, \"buf-b64\": \"Zm9vYmFyYg==\", \"eof\": false}", NULL, false},
        {"{\"count\": 6, \"buf-b64\": \"Zm9vYmF\", \"eof\": false}", NULL, false},
        {"{\"count\": 6, \"buf-b64\": \"Zm9v\\u0000YmFy\", \"eof\": false}", NULL, false},
        {"{\"count\": 6, \"buf-b64\": 6, \"eof\": false}", NULL, false},
        {"{\"count\": 6, \"buf-b64\": \"Zm9v\"}", NULL, false},
        {"{\"count\": 6, \"eof\": false}", NULL, false},
        {"\"Zm9v\"", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE char *reply = vt_fmt("{\"return\": %s}", rows[i].body);
        VT_AUTO_FREE char *data = NULL;
        size_t len = 99;
        bool eof = false;
        int r = vt_agent_read_chunk(reply, 6, &data, &len, &eof);

        if (r != (rows[i].data ? 0 : -EBADMSG))
            fail_msg("%s: %d", rows[i].body, r);
        assert_int_equal(len, rows[i].data ? strlen(rows[i].data) : 99);
        if (rows[i].data)
            assert_string_equal(data, rows[i].data);
        assert_int_equal(eof, rows[i].eof);
    }
}

static void the_channel_is_looked_at(void **state)
{
    static const struct {
        const char *xml;
        bool connected;
    } rows[] = {
        {"<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>", true},
        {"<target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/>", false},
        {"<target type='virtio' name='org.qemu.guest_agent.0'/>", false},
        {"<target type='virtio' name='org.qemu.guest_agent.0'/>"
         "<target type='virtio' name='other' state='connected'/>",
         false},
        {"<target type='virtio' name='other' state='connected'/>", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++)
        assert_int_equal(vt_agent_is_connected(rows[i].xml), rows[i].connected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(exec_status_is_read),
        cmocka_unit_test(rights_are_read),
        cmocka_unit_test(chunks_are_read),
        cmocka_unit_test(the_channel_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
