/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/cards.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"

static int make_data_dir(void **state)
{
    return make_test_dir(state) < 0 ? -1 : mkdir(in_dir(".virtainer"), 0755);
}

#define IN_DATA_DIR(test) cmocka_unit_test_setup_teardown(test, make_data_dir, remove_test_dir)

#define A "02:42:ac:11:00:02"
#define B "02:42:ac:12:00:02"

static const struct vt_lan one = {.ports = {{.mac = A}}, .count = 1};
/* The second has the way out. */
static const struct vt_lan two = {.ports = {{.mac = A}, {.mac = B}}, .count = 2, .first = 1};

/* Whether a start gets as far as to the guest. */
static bool boots = true;

/*
 * A start on @lan. @vendor: mounted vendor-data, NULL for none. Whether the person was told @told
 * (NULL: nothing).
 */
static void assert_start(const struct vt_lan *lan, bool reused, const char *vendor,
                         const char *told)
{
    VT_AUTO_FREE char *path = vt_strdup(test_dir);
    VT_AUTO_FREE char *state = vt_strdup(in_dir(".virtainer"));
    const struct vt_data_dir data = {.path = path, .state = state, .lock = -1};
    VT_AUTO_SEED struct vt_seed seed = {
        .user_data = {.text = vt_strdup("#cloud-config\n{}\n"), .len = 17}};
    struct vt_cards cards = {0};

    if (vendor) {
        seed.vendor_data.text = vt_strdup(vendor);
        seed.vendor_data.len = strlen(vendor);
        seed.vendor_data.origin = vt_strdup("/tmp/vendor-data");
    }
    vt_cards_tell(lan, &data, reused, &seed, &cards);
    if (!cards.notice != !told || (told && !strstr(cards.notice, told)))
        fail_msg("told: %s", cards.notice ? cards.notice : "nothing");
    if (boots)
        vt_cards_note(&cards, &data);
    free(cards.notice);
    free(cards.told);
    assert_int_equal(!seed.network_config.text, !lan);
}

static void the_card_with_the_way_out_comes_first(void **state)
{
    (void)state;
    assert_start(&two, false, NULL, NULL);
    assert_text(in_dir(".virtainer/cards"), "at each boot\n" B "\n" A "\n");
}

static void other_cards_are_taken_at_once(void **state)
{
    (void)state;
    assert_start(&one, false, NULL, NULL);
    assert_start(&two, true, NULL, NULL);
    assert_start(&one, true, NULL, NULL);
}

/* It was made on a network where nothing had to be told. */
static void who_was_not_told_takes_them_at_the_next_start(void **state)
{
    (void)state;
    assert_start(NULL, false, NULL, NULL);
    assert_false(vt_path_exists(in_dir(".virtainer/cards")));
    assert_start(&one, true, NULL, "start it once more");
    assert_start(&one, true, NULL, NULL);
    assert_start(&two, true, NULL, NULL);
    /* There its vendor-data says nothing again. */
    assert_start(NULL, true, NULL, NULL);
    assert_start(&two, true, NULL, "start it once more");
}

/* It heard nothing: the start failed before. */
static void what_nobody_heard_is_not_noted(void **state)
{
    (void)state;
    assert_start(NULL, false, NULL, NULL);
    boots = false;
    assert_start(&one, true, NULL, "start it once more");
    boots = true;
    assert_start(&one, true, NULL, "start it once more");
    assert_start(&two, true, NULL, NULL);
}

static void mounted_vendor_data_must_say_so_itself(void **state)
{
    static const char says[] = "#cloud-config\nupdates: {network: {when: [boot]}}\n";

    (void)state;
    assert_start(&one, false, "#!/bin/sh\n", NULL);
    assert_start(&one, true, "#!/bin/sh\n", NULL);
    assert_start(&two, true, "#!/bin/sh\n", "only if your vendor-data");
    assert_start(&two, true, "#!/bin/sh\n", "only if your vendor-data");
    assert_start(&one, true, "#!/bin/sh\n", NULL);
    assert_start(&two, true, says, "start it once more");
    assert_start(&one, true, says, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DATA_DIR(the_card_with_the_way_out_comes_first),
        IN_DATA_DIR(other_cards_are_taken_at_once),
        IN_DATA_DIR(who_was_not_told_takes_them_at_the_next_start),
        IN_DATA_DIR(what_nobody_heard_is_not_noted),
        IN_DATA_DIR(mounted_vendor_data_must_say_so_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
