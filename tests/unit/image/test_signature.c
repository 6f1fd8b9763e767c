/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/signature.h"

#include "helpers.h"
#include "image/signature_priv.h"

#define LINE(text) "[GNUPG:] " text "\n"
#define KEY        "8B252CE1C92ED53EBC976C682C72579A1631FF65"
#define NEW        LINE("NEWSIG") LINE("KEY_CONSIDERED " KEY " 0")
#define ID         LINE("SIG_ID G7oWCzLxjdFsBqFKdvI8jctAQZ4 2020-01-01 1577836800")
#define VALID      LINE("VALIDSIG " KEY " 2020-01-01 1577836800 0 4 0 22 8 01 " KEY)

/* What gpgv 2.2 and 2.4 say of one signature. */
#define GOOD        NEW ID LINE("GOODSIG 2C72579A1631FF65 Third <h@example.org>") VALID
#define EXPIRED_KEY NEW LINE("KEYEXPIRED 1577923200") ID LINE("EXPKEYSIG 2C72579A1631FF65 T") VALID
#define EXPIRED     NEW ID LINE("EXPSIG 2C72579A1631FF65 T") VALID
#define REVOKED     NEW ID LINE("REVKEYSIG 2C72579A1631FF65 T") VALID
#define BAD         NEW LINE("BADSIG 2C72579A1631FF65 T")
#define UNKNOWN                                               \
    LINE("NEWSIG a@example.org")                              \
    LINE("ERRSIG 2C72579A1631FF65 22 8 01 1577836800 9 " KEY) \
    LINE("NO_PUBKEY 2C72579A1631FF65")

static void test_fault(void **state)
{
    static const struct {
        const char *status, *fault;
    } cases[] = {
        {GOOD, NULL},
        {EXPIRED_KEY, NULL},
        {EXPIRED, "expired"},
        {REVOKED, "revoked"},
        {BAD, "wrong"},
        {UNKNOWN, "not by a key"},
        {"", "not by a key"},
        {LINE("NODATA 1"), "not by a key"},
        /* one of several is enough */
        {REVOKED GOOD, NULL},
        {GOOD REVOKED, NULL},
        {UNKNOWN EXPIRED_KEY, NULL},
        {GOOD EXPIRED, NULL},
        /* and a wrong one too much */
        {GOOD BAD, "wrong"},
        {BAD GOOD, "wrong"},
        /* what is said of one does not count for the next */
        {NEW LINE("GOODSIG 2C72579A1631FF65 T") EXPIRED, "expired"},
        {NEW LINE("GOODSIG 2C72579A1631FF65 T") REVOKED, "revoked"},
        {NEW LINE("GOODSIG 2C72579A1631FF65 T") NEW VALID, "not by a key"},
        /* words that only look so */
        {LINE("NEWSIG") LINE("GOODSIGN 1") LINE("VALIDSIG 1"), "not by a key"},
        {"x " LINE("GOODSIG 1") VALID, "not by a key"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        const char *fault = vt_signature_fault(cases[i].status);

        print_message("%zu\n", i);
        if (!cases[i].fault)
            assert_null(fault);
        else if (!fault || !strstr(fault, cases[i].fault))
            fail_msg("%s", fault ? fault : "accepted");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fault)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
