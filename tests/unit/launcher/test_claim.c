/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define OLD 0x0a000005U
#define NEW 0x0a000009U

/* One that has said that it has OLD, and then NEW. */
static struct vt_claim doubted(void)
{
    struct vt_claim claim = {0};

    assert_true(vt_claim_hear(&claim, OLD));
    assert_int_equal(claim.state, VT_CLAIM_HEEDS);
    assert_int_equal(vt_claim_patience(&claim), -1);
    assert_false(vt_claim_hear(&claim, OLD));
    assert_false(vt_claim_hear(&claim, NEW));
    assert_int_equal(claim.state, VT_CLAIM_ASKS);
    assert_int_equal(claim.known, OLD);
    return claim;
}

static void a_lease_that_has_changed_is_followed(void **state)
{
    struct vt_claim claim = doubted();

    (void)state;
    assert_int_equal(vt_claim_patience(&claim), 300);
    assert_false(vt_claim_go_on(&claim));
    assert_false(vt_claim_hear(&claim, NEW));
    assert_false(vt_claim_go_on(&claim));
    assert_int_equal(claim.state, VT_CLAIM_ASKS);
    assert_true(vt_claim_go_on(&claim));
    assert_int_equal(claim.known, NEW);
    assert_int_equal(claim.state, VT_CLAIM_RESTS);
    /* Whoever changes it over and over is heard seldom. */
    assert_int_equal(vt_claim_patience(&claim), 5000);
    assert_false(vt_claim_hear(&claim, OLD));
    assert_false(vt_claim_go_on(&claim));
    assert_int_equal(claim.state, VT_CLAIM_HEEDS);
}

static void an_address_that_is_answered_for_is_kept(void **state)
{
    struct vt_claim claim = doubted();
    static const int rests[] = {5000, 10000, 20000, 40000, 60000, 60000};

    (void)state;
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        assert_false(vt_claim_hear(&claim, OLD));
        assert_int_equal(claim.state, VT_CLAIM_RESTS);
        assert_int_equal(vt_claim_patience(&claim), rests[i]);
        assert_false(vt_claim_go_on(&claim));
        assert_int_equal(claim.state, VT_CLAIM_HEEDS);
        assert_false(vt_claim_hear(&claim, NEW));
        assert_int_equal(claim.state, VT_CLAIM_ASKS);
    }
    assert_int_equal(claim.known, OLD);
    /* And then it is not any more. */
    for (unsigned i = 0; i < 2; i++)
        assert_false(vt_claim_go_on(&claim));
    assert_true(vt_claim_go_on(&claim));
    assert_int_equal(claim.known, NEW);
    assert_int_equal(vt_claim_patience(&claim), 5000);
}

static void one_that_is_refused_is_not_known_and_heard_seldom(void **state)
{
    static const int rests[] = {5000, 10000, 20000, 40000, 60000, 60000};
    struct vt_claim claim = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        assert_true(vt_claim_hear(&claim, NEW));
        vt_claim_refuse(&claim, 0);
        assert_int_equal(claim.known, 0);
        assert_int_equal(claim.state, VT_CLAIM_RESTS);
        assert_int_equal(vt_claim_patience(&claim), rests[i]);
        assert_false(vt_claim_go_on(&claim));
        assert_int_equal(claim.state, VT_CLAIM_HEEDS);
    }
    /* The next one is as good as any. */
    assert_true(vt_claim_hear(&claim, OLD));
    assert_int_equal(claim.known, OLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_that_has_changed_is_followed),
        cmocka_unit_test(one_that_is_refused_is_not_known_and_heard_seldom),
        cmocka_unit_test(an_address_that_is_answered_for_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
