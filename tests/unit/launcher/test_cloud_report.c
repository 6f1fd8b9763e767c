/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/cloud_report.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../seed/sample_keys.h"

#define BEGUN                                                                                 \
    "[   12.345678] cloud-init[312]: Cloud-init v. 25.1.4-1+deb13u1 running 'init-local' at " \
    "Sun, 22 Nov 2026 07:00:00 +0000. Up 12.31 seconds.\r\n"
#define ENDED                                                                                      \
    "[   45.345678] cloud-init[712]: Cloud-init v. 25.1.4-1+deb13u1 finished at Sun, 22 Nov 2026 " \
    "07:00:33 +0000. Datasource DataSourceNoCloud [seed=/dev/vdb].  Up 45.31 seconds\r\n"
#define LOG "[   40.1] cloud-init[712]: 2026-11-22 07:00:30,123 - "
#define FAILED_MODULE                                                               \
    LOG "util.py[WARNING]: Running module scripts_user (<module 'cloudinit.config." \
        "cc_scripts_user' from '/usr/lib/python3/dist-packages/x.py'>) failed\r\n"
#define NO_RSA                                                                                     \
    LOG "cc_phone_home.py[WARNING]: /etc/ssh/ssh_host_rsa_key.pub: failed to open, can not phone " \
        "home that data!\r\n"

static const struct {
    const char *what;
    const char *console;
    enum vt_cloud_init state;
    const char *text;
} consoles[] = {
    {"nothing", "", VT_CLOUD_INIT_UNSEEN, "no sign of cloud-init was seen"},
    {"another guest", "boot-sector: hello\r\nCloud-init is fine\r\n", VT_CLOUD_INIT_UNSEEN, NULL},
    {"what a user-data that is shown may say",
     "#cloud-config\r\nfoo: Cloud-init v. 1 finished at\r\n", VT_CLOUD_INIT_UNSEEN, NULL},
    {"begun", BEGUN, VT_CLOUD_INIT_PENDING, "cloud-init 25.1.4 has not finished"},
    {"success", BEGUN ENDED, VT_CLOUD_INIT_DONE, "cloud-init 25.1.4 finished without errors"},
    {"no prefixes (OpenRC)",
     "Cloud-init v. 22.4.2 finished at Sun, 22 Nov 2026. Datasource X. Up 1\n", VT_CLOUD_INIT_DONE,
     "cloud-init 22.4.2 finished without errors"},
    {"after a login prompt",
     BEGUN "\x1b[!p\x1b]104\x07\x1b[?7h\x1b[6n\r\ncloudimage login: \x1b]0;x\x1b\\" ENDED,
     VT_CLOUD_INIT_DONE, "cloud-init 25.1.4 finished without errors"},
    {"an unfinished line", "Cloud-init v. 22.4.2 finished at Sun", VT_CLOUD_INIT_UNSEEN, NULL},
    {"a warning", BEGUN LOG "schema.py[WARNING]: bad key\r\n" ENDED, VT_CLOUD_INIT_DEGRADED,
     "cloud-init 25.1.4 finished degraded: bad key"},
    {"a deprecation, twice",
     BEGUN LOG "x.py[DEPRECATED]: old\r\n" LOG "x.py[DEPRECATED]: old\r\n" ENDED,
     VT_CLOUD_INIT_DEGRADED, "cloud-init 25.1.4 finished degraded: old"},
    {"two warnings", BEGUN LOG "a.py[WARNING]: one\r\n" LOG "a.py[WARNING]: two\r\n" ENDED,
     VT_CLOUD_INIT_DEGRADED, "cloud-init 25.1.4 finished degraded: one; two"},
    {"a failed module",
     BEGUN LOG
     "cc_scripts_user.py[WARNING]: Failed to run module scripts_user\r\n" FAILED_MODULE ENDED,
     VT_CLOUD_INIT_ERROR, "cloud-init 25.1.4 failed: Running module scripts_user failed"},
    {"an error", BEGUN LOG "main.py[ERROR]: failed stage init\r\n" ENDED, VT_CLOUD_INIT_ERROR,
     "cloud-init 25.1.4 failed: failed stage init"},
    {"a debug line is none", BEGUN LOG "main.py[DEBUG]: x\r\n" LOG "main.py[INFO]: y\r\n" ENDED,
     VT_CLOUD_INIT_DONE, NULL},
    {"another program's warning", BEGUN "foo.py[WARNING]: x\r\n" ENDED, VT_CLOUD_INIT_DONE, NULL},
    {"our phone_home",
     BEGUN NO_RSA LOG "cc_phone_home.py[WARNING]: Requested key pub_key_rsa from 'post' "
                      "configuration list not available\r\n" ENDED,
     VT_CLOUD_INIT_DONE, NULL},
    {"a failed last stage, in colours",
     BEGUN "[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mcloud-final.service\x1b[0m - "
           "Cloud-init: Final Stage.\r\n",
     VT_CLOUD_INIT_ERROR,
     "cloud-init 25.1.4 failed: Failed to start cloud-final.service - Cloud-init: Final Stage."},
    {"a failed first stage goes on",
     BEGUN "[FAILED] Failed to start cloud-init-local.service - x.\r\n", VT_CLOUD_INIT_PENDING,
     NULL},
    {"a final_message of one's own",
     BEGUN "All is well\r\n[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mcloud-init.target"
           "\x1b[0m - Cloud-init target.\r\n",
     VT_CLOUD_INIT_DONE, NULL},
    {"another boot", BEGUN LOG "a.py[WARNING]: one\r\n" ENDED BEGUN, VT_CLOUD_INIT_PENDING, NULL},
    {"another boot's end", BEGUN LOG "a.py[WARNING]: one\r\n" ENDED BEGUN ENDED, VT_CLOUD_INIT_DONE,
     NULL},
};

/* Give @console in pieces of @piece bytes. */
static void feed(struct vt_cloud_report *report, const char *console, size_t piece)
{
    size_t len = strlen(console);

    vt_cloud_report_init(report, true);
    for (size_t at = 0; at < len; at += piece)
        vt_cloud_report_console(report, console + at, len - at < piece ? len - at : piece);
}

static void the_console_tells_how_it_ended(void **state)
{
    static const size_t pieces[] = {100000, 1, 7, 64};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(consoles); i++) {
        for (size_t j = 0; j < VT_ARRAY_SIZE(pieces); j++) {
            VT_AUTO_CLOUD_REPORT struct vt_cloud_report report;
            VT_AUTO_FREE char *text = NULL;

            feed(&report, consoles[i].console, pieces[j]);
            text = vt_cloud_report_text(&report);
            if (vt_cloud_report_state(&report) != consoles[i].state)
                fail_msg("%s, by %zu: state %d, '%s'", consoles[i].what, pieces[j],
                         (int)vt_cloud_report_state(&report), text);
            if (consoles[i].text && !vt_streq(text, consoles[i].text))
                fail_msg("%s: '%s'", consoles[i].what, text);
        }
    }
}

static void a_persons_own_phone_home_may_complain(void **state)
{
    VT_AUTO_CLOUD_REPORT struct vt_cloud_report report;

    (void)state;
    vt_cloud_report_init(&report, false);
    vt_cloud_report_console(&report, BEGUN NO_RSA ENDED, strlen(BEGUN NO_RSA ENDED));
    assert_int_equal(vt_cloud_report_state(&report), VT_CLOUD_INIT_DEGRADED);
}

/* A line without an end, many messages: nothing grows. */
static void it_stays_bounded(void **state)
{
    VT_AUTO_CLOUD_REPORT struct vt_cloud_report report;
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    vt_cloud_report_init(&report, true);
    for (int i = 0; i < 10000; i++)
        vt_cloud_report_console(&report, "cloud-init[1]: \x1b[", 17);
    for (int i = 0; i < 1000; i++) {
        VT_AUTO_FREE char *line = vt_fmt("\n" LOG "a.py[WARNING]: warning %d %0400d\n", i, i);

        vt_cloud_report_console(&report, line, strlen(line));
    }
    assert_int_equal(report.warning_count, 1000);
    text = vt_cloud_report_text(&report);
    vt_cloud_report_console(&report, ENDED, strlen(ENDED));
    vt_str_replace(&text, vt_cloud_report_text(&report));
    assert_true(strlen(text) < 800);
    assert_non_null(strstr(text, "finished degraded: warning 0 000"));
}

static void what_is_shown_is_text(void **state)
{
    static const char console[] =
        LOG "a.py[WARNING]: a\x1b[2Jb\x07 \xff\xc3\xa9\n" LOG "a.py[WARNING]: \xc3\xa9\n" ENDED;
    VT_AUTO_CLOUD_REPORT struct vt_cloud_report report;
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    feed(&report, console, 100);
    text = vt_cloud_report_text(&report);
    assert_string_equal(text, "cloud-init 25.1.4 finished degraded: ab  ???; \xc3\xa9");
}

#define KEY ED25519

static void the_console_shows_host_keys(void **state)
{
    static const char console[] = KEY " before\r\n"
                                      "<14>Nov 22 07:00:00 cloud-init: #####\r\n"
                                      "-----BEGIN SSH HOST KEY KEYS-----\r\n" KEY " root@x\r\n"
                                      "no key\r\n"
                                      "-----END SSH HOST KEY KEYS-----\r\n" KEY " after\r\n";
    VT_AUTO_CLOUD_REPORT struct vt_cloud_report report;

    (void)state;
    feed(&report, console, 11);
    assert_int_equal(report.keys.count, 1);
    assert_string_equal(report.keys.lines[0], KEY);
}

/* ---- status.json ---- */

static const struct {
    const char *what;
    const char *text;
    int r;
    enum vt_cloud_init state; /* after a console with a warning */
    const char *words;
} jsons[] = {
    {"no JSON", "{\"v1\":", -EBADMSG, VT_CLOUD_INIT_DEGRADED, "seen"},
    {"another thing", "[1]", -EBADMSG, VT_CLOUD_INIT_DEGRADED, "seen"},
    {"a later version", "{\"v2\": {}}", -EBADMSG, VT_CLOUD_INIT_DEGRADED, "seen"},
    {"22.4 knows no warnings", "{\"v1\": {\"init\": {\"errors\": []}}}", 0, VT_CLOUD_INIT_DEGRADED,
     "seen"},
    {"success",
     "{\"v1\": {\"datasource\": \"D\", \"init\": {\"errors\": [], \"recoverable_errors\": {}}}}", 0,
     VT_CLOUD_INIT_DONE, "without errors"},
    {"a warning",
     "{\"v1\": {\"stage\": null, \"init\": {\"errors\": [], \"recoverable_errors\": {\"WARNING\": "
     "[\"told\"]}}}}",
     0, VT_CLOUD_INIT_DEGRADED, "degraded: told"},
    {"an error",
     "{\"v1\": {\"modules-final\": {\"errors\": [\"('scripts_user', RuntimeError('x'))\"], "
     "\"recoverable_errors\": {\"WARNING\": [\"told\"]}}}}",
     0, VT_CLOUD_INIT_ERROR, "failed: ('scripts_user', RuntimeError('x'))"},
    {"our phone_home",
     "{\"v1\": {\"modules-final\": {\"errors\": [], \"recoverable_errors\": {\"WARNING\": "
     "[\"/etc/ssh/ssh_host_rsa_key.pub: failed to open, can not phone home that data!\"]}}}}",
     0, VT_CLOUD_INIT_DONE, "without errors"},
    {"other types",
     "{\"v1\": {\"init\": {\"errors\": 3, \"recoverable_errors\": {\"WARNING\": {\"a\": 1}, \"X\": "
     "[null, [1]]}}, \"y\": []}}",
     0, VT_CLOUD_INIT_DEGRADED, "[ 1 ]"},
};

static void its_own_file_counts_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(jsons); i++) {
        VT_AUTO_CLOUD_REPORT struct vt_cloud_report report;
        VT_AUTO_FREE char *text = NULL;

        feed(&report, BEGUN LOG "a.py[WARNING]: seen\n" ENDED, 1000);
        if (vt_cloud_report_status(&report, jsons[i].text) != jsons[i].r)
            fail_msg("%s: not %d", jsons[i].what, jsons[i].r);
        text = vt_cloud_report_text(&report);
        if (vt_cloud_report_state(&report) != jsons[i].state || !strstr(text, jsons[i].words))
            fail_msg("%s: '%s'", jsons[i].what, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_console_tells_how_it_ended),
        cmocka_unit_test(a_persons_own_phone_home_may_complain),
        cmocka_unit_test(it_stays_bounded),
        cmocka_unit_test(what_is_shown_is_text),
        cmocka_unit_test(the_console_shows_host_keys),
        cmocka_unit_test(its_own_file_counts_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
