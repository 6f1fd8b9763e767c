/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/protocol.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

static void requests(void **state)
{
    static const struct {
        const char *line;
        struct vt_request request;
        const char *again; /* NULL: the line itself */
    } cases[] = {
        {"{\"command\":\"stop\"}", {VT_REQUEST_STOP, VT_HOW_SAME, -1, 0}, NULL},
        {"{\"command\":\"stop\",\"how\":\"save\"}", {VT_REQUEST_STOP, VT_HOW_SAVE, -1, 0}, NULL},
        {"{\"command\":\"stop\",\"how\":\"shutdown\",\"grace\":0}",
         {VT_REQUEST_STOP, VT_HOW_SHUTDOWN, 0, 0},
         NULL},
        {" { \"grace\" : 86400, \"how\" : \"poweroff\", \"command\" : \"stop\" }",
         {VT_REQUEST_STOP, VT_HOW_POWEROFF, 86400, 0},
         "{\"command\":\"stop\",\"how\":\"poweroff\",\"grace\":86400}"},
        {"{\"command\":\"wait\"}", {VT_REQUEST_WAIT, VT_HOW_SAME, -1, 0}, NULL},
        {"{\"command\":\"console\",\"history\":65536}",
         {VT_REQUEST_CONSOLE, VT_HOW_SAME, -1, 65536},
         NULL},
        {"{\"command\":\"console\"}",
         {VT_REQUEST_CONSOLE, VT_HOW_SAME, -1, 0},
         "{\"command\":\"console\",\"history\":0}"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        const struct vt_request *expected = &cases[i].request;
        const char *again = cases[i].again ? cases[i].again : cases[i].line;
        VT_AUTO_FREE char *line = vt_fmt("%s\n", again);
        VT_AUTO_FREE char *made = NULL;
        struct vt_request request;

        assert_int_equal(vt_request_parse(cases[i].line, strlen(cases[i].line), &request, NULL), 0);
        assert_int_equal(request.kind, expected->kind);
        assert_int_equal(request.how, expected->how);
        assert_int_equal(request.grace, expected->grace);
        assert_int_equal(request.history, expected->history);
        made = vt_request_text(&request);
        assert_string_equal(made, line);
    }
}

static void refused_requests(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"", "one JSON object"},
        {"null", "one JSON object"},
        {"[\"stop\"]", "one JSON object"},
        {"{\"command\":\"stop\"} {}", "one JSON object"},
        {"{\"command\":\"stop\"", "one JSON object"},
        {"{'command':'stop'}", "one JSON object"},
        {"{\"command\":\"st\xffop\"}", "one JSON object"},
        {"{}", "its command"},
        {"{\"command\":\"reboot\"}", "its command"},
        {"{\"command\":1}", "its command"},
        {"{\"command\":\"stop\\u0000\"}", "its command"},
        {"{\"command\":\"stop\",\"how\":\"same\"}", "its how"},
        {"{\"command\":\"stop\",\"how\":null}", "its how"},
        {"{\"command\":\"stop\",\"grace\":-1}", "its grace"},
        {"{\"command\":\"stop\",\"grace\":86401}", "its grace"},
        {"{\"command\":\"stop\",\"grace\":1.5}", "its grace"},
        {"{\"command\":\"stop\",\"grace\":\"5\"}", "its grace"},
        {"{\"command\":\"stop\",\"grase\":5}", "nothing else"},
        {"{\"command\":\"wait\",\"grace\":5}", "nothing beside"},
        {"{\"command\":\"console\",\"how\":\"save\"}", "nothing else"},
        {"{\"command\":\"console\",\"history\":65537}", "its history"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_request request;

        assert_int_equal(vt_request_parse(cases[i].line, strlen(cases[i].line), &request, &err),
                         -EINVAL);
        assert_int_equal(err.cause, VT_CAUSE_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("%s: %s", cases[i].line, err.msg);
    }
}

static void answers(void **state)
{
    static const struct {
        const char *line;
        struct vt_answer answer;
    } cases[] = {
        {"{\"accepted\":true}", {VT_ANSWER_ACCEPTED, 0, NULL}},
        {"{\"progress\":\"say \\\"a\\\"\"}", {VT_ANSWER_PROGRESS, 0, (char *)"say \"a\""}},
        {"{\"progress\":\"é … 中 😀\"}", {VT_ANSWER_PROGRESS, 0, (char *)"é … 中 😀"}},
        {"{\"status\":0}", {VT_ANSWER_STATUS, 0, NULL}},
        {"{\"status\":71,\"error\":\"forced off\"}", {VT_ANSWER_STATUS, 71, (char *)"forced off"}},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        const struct vt_answer *expected = &cases[i].answer;
        VT_AUTO_ANSWER struct vt_answer answer;
        VT_AUTO_FREE char *line = vt_fmt("%s\n", cases[i].line);
        VT_AUTO_FREE char *made = NULL;

        assert_int_equal(vt_answer_parse(cases[i].line, strlen(cases[i].line), &answer), 0);
        assert_int_equal(answer.kind, expected->kind);
        assert_int_equal(answer.status, expected->status);
        if (expected->text)
            assert_string_equal(answer.text, expected->text);
        else
            assert_null(answer.text);
        made = vt_answer_text(answer.kind, answer.status, answer.text);
        assert_string_equal(made, line);
    }
}

static void other_answers(void **state)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "{\"status\":\"0\"}",
                                      "{\"status\":256}",
                                      "{\"status\":-1}",
                                      "{\"progress\":1}",
                                      "{\"status\":0"};
    struct vt_answer answer;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(bad); i++) {
        assert_int_equal(vt_answer_parse(bad[i], strlen(bad[i]), &answer), -EBADMSG);
        assert_null(answer.text);
    }
    /* a later launcher may say more */
    assert_int_equal(vt_answer_parse("{\"ready\":1}", 11, &answer), 0);
    assert_int_equal(answer.kind, VT_ANSWER_OTHER);
    assert_int_equal(vt_answer_parse("{\"status\":3,\"at\":1}", 19, &answer), 0);
    assert_int_equal(answer.status, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(refused_requests),
        cmocka_unit_test(answers),
        cmocka_unit_test(other_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
