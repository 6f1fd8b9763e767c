/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/phone_form.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../seed/sample_keys.h"
#include "base/str.h"

/* Post @value as the field @name, in pieces of @piece bytes. */
static void post(struct vt_phone_form *form, const char *name, const char *value, size_t piece)
{
    size_t len = strlen(value);

    for (size_t at = 0; at == 0 || at < len; at += piece)
        vt_phone_form_add(form, name, value + at, at, len - at < piece ? len - at : piece);
}

static void a_form_in_pieces_is_read(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 100; piece += 33) {
        VT_AUTO_PHONE_FORM struct vt_phone_form form = {.bad = false};
        VT_AUTO_PHONE_CALL struct vt_phone_call call = {0};

        post(&form, "instance_id", "localimage-01", piece);
        post(&form, "hostname", "cloudimage", piece);
        post(&form, "fqdn", "cloudimage.example", piece);
        post(&form, "pub_key_rsa", "N/A", piece);
        post(&form, "pub_key_ecdsa", ECDSA " root@cloudimage\n", piece);
        post(&form, "pub_key_ed25519", ED25519 " root@cloudimage\n", piece);
        assert_int_equal(vt_phone_form_read(&form, &call), 0);
        assert_string_equal(call.instance_id, "localimage-01");
        assert_string_equal(call.hostname, "cloudimage");
        assert_int_equal(call.keys.count, 2);
        assert_string_equal(call.keys.lines[0], ECDSA);
        assert_string_equal(call.keys.lines[1], ED25519);
    }
}

static void only_a_good_instance_id_makes_it_good(void **state)
{
    static const struct {
        const char *id;
        int r;
    } cases[] = {
        {"x", 0},           {"iid-\xc3\xa9", 0}, {"", -EBADMSG},
        {"a\nb", -EBADMSG}, {"a\x1b", -EBADMSG}, {"\xff\xfe", -EBADMSG},
        {NULL, -EBADMSG},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_PHONE_FORM struct vt_phone_form form = {.bad = false};
        VT_AUTO_PHONE_CALL struct vt_phone_call call = {0};

        if (cases[i].id)
            post(&form, "instance_id", cases[i].id, 100);
        post(&form, "hostname", "a\rb", 100);
        if (vt_phone_form_read(&form, &call) != cases[i].r)
            fail_msg("case %zu", i);
        if (cases[i].r == 0)
            assert_string_equal(call.hostname, "");
    }
}

static void what_is_too_much_makes_it_bad(void **state)
{
    VT_AUTO_FREE char *long_id = vt_fmt("%0256d", 1);
    VT_AUTO_FREE char *long_key = vt_fmt("%05000d", 1);
    VT_AUTO_PHONE_CALL struct vt_phone_call call = {0};

    (void)state;
    for (int i = 0; i < 4; i++) {
        VT_AUTO_PHONE_FORM struct vt_phone_form form = {.bad = false};

        post(&form, "instance_id", i == 0 ? long_id : "x", 100);
        if (i == 1)
            post(&form, "pub_key_rsa", long_key, 1000);
        if (i == 2) /* a NUL inside: the next piece does not follow */
            vt_phone_form_add(&form, "hostname", "a\0b", 0, 3);
        if (i == 2)
            vt_phone_form_add(&form, "hostname", "c", 3, 1);
        if (i == 3) /* once more */
            post(&form, "instance_id", "y", 100);
        assert_int_equal(vt_phone_form_read(&form, &call), -EBADMSG);
    }
}

static void other_fields_are_left_out(void **state)
{
    VT_AUTO_PHONE_FORM struct vt_phone_form form = {.bad = false};
    VT_AUTO_PHONE_CALL struct vt_phone_call call = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        vt_phone_form_add(&form, "x", "y", 7, 1);
    vt_phone_form_add(&form, NULL, "y", 0, 1);
    post(&form, "instance_id", "x", 1);
    assert_int_equal(vt_phone_form_read(&form, &call), 0);
    assert_int_equal(call.keys.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_in_pieces_is_read),
        cmocka_unit_test(only_a_good_instance_id_makes_it_good),
        cmocka_unit_test(what_is_too_much_makes_it_bad),
        cmocka_unit_test(other_fields_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
