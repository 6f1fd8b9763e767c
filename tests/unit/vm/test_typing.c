/* SPDX-License-Identifier: GPL-2.0-or-later */
/* We are QEMU, at the other end of a real pseudo-terminal. */
#include "vm/typing.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../run_for.h"
#include "host/loop.h"

#define KIB ((size_t)1024)

static struct vt_typing *typing;
static int notices[2];
/* QEMU's end, and the guest's terminal for who types. */
static int qemu_fd, tty_fd;
/* Where the typed bytes are in their order. */
static uint64_t typed, heard;

static int init_loop(void **state)
{
    (void)state;
    return vt_loop_init(NULL);
}

static void on_notice(enum vt_typing_notice notice, void *data)
{
    assert_ptr_equal(data, notices);
    notices[notice]++;
    if (notice == VT_TYPING_GONE)
        vt_typing_end(typing);
}

static int set_up(void **state)
{
    struct termios raw;

    (void)state;
    qemu_fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (qemu_fd < 0 || grantpt(qemu_fd) < 0 || unlockpt(qemu_fd) < 0)
        return -1;
    tty_fd = open(ptsname(qemu_fd), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (tty_fd < 0 || tcgetattr(tty_fd, &raw) < 0)
        return -1;
    cfmakeraw(&raw);
    notices[VT_TYPING_ROOM] = notices[VT_TYPING_GONE] = 0;
    typed = heard = 0;
    typing = vt_typing_new(on_notice, notices);
    return tcsetattr(tty_fd, TCSANOW, &raw);
}

static int tear_down(void **state)
{
    (void)state;
    vt_typing_end(typing);
    vt_typing_drop(typing);
    free(typing);
    if (qemu_fd >= 0)
        (void)close(qemu_fd);
    return 0;
}

/* Type until there is no room, or @limit bytes, each of which tells its place. */
static void type(size_t limit)
{
    bool room = true;

    for (size_t done = 0; room && done < limit; done += KIB) {
        uint8_t chunk[KIB];

        for (size_t i = 0; i < KIB; i++)
            chunk[i] = (uint8_t)(typed++ % 251);
        room = vt_typing_add(typing, chunk, KIB);
    }
}

/* The guest reads what has been typed so far. */
static void listen_to_all(void)
{
    for (int tries = 0; heard < typed; tries++) {
        uint8_t chunk[4096];
        ssize_t n = read(qemu_fd, chunk, sizeof(chunk));

        assert_true(tries < 10000);
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(chunk[i], heard++ % 251);
        run_for(1);
    }
}

static void what_is_typed_arrives(void **state)
{
    (void)state;
    /* before there is a terminal, and after */
    type(KIB);
    assert_int_equal(vt_typing_begin(typing, tty_fd), 0);
    type(KIB);
    listen_to_all();
    assert_true(vt_typing_is_taken(typing));
    assert_int_equal(notices[VT_TYPING_ROOM], 0);
}

static void a_deaf_guest_stops_who_types(void **state)
{
    int64_t before;

    (void)state;
    assert_int_equal(vt_typing_begin(typing, tty_fd), 0);
    for (int i = 0; i < 20; i++) {
        type(1024 * KIB);
        run_for(5);
    }
    assert_true(vt_typing_is_full(typing));
    assert_false(vt_typing_is_taken(typing));
    /* the terminal's own room is some KiB */
    assert_in_range(typed, 32 * KIB, 128 * KIB);
    /* nobody is woken for it */
    before = (int64_t)clock();
    run_for(200);
    assert_true((int64_t)clock() - before < CLOCKS_PER_SEC / 20);
    listen_to_all();
    assert_in_range(notices[VT_TYPING_ROOM], 1, 20);
    assert_false(vt_typing_is_full(typing));
    assert_true(vt_typing_is_taken(typing));
}

static void much_arrives_whole(void **state)
{
    (void)state;
    assert_int_equal(vt_typing_begin(typing, tty_fd), 0);
    while (typed < 600 * KIB) {
        type(1024 * KIB);
        listen_to_all();
    }
}

/* As when the console is given back, and taken again for the next key. */
static void what_waits_outlives_the_terminal(void **state)
{
    (void)state;
    assert_int_equal(vt_typing_begin(typing, fcntl(tty_fd, F_DUPFD_CLOEXEC, 3)), 0);
    type(1024 * KIB);
    run_for(20);
    vt_typing_end(typing);
    assert_false(vt_typing_is_taken(typing));
    assert_false(vt_typing_is_gone(typing));
    assert_int_equal(vt_typing_begin(typing, tty_fd), 0);
    listen_to_all();
}

static void what_waits_can_be_dropped(void **state)
{
    (void)state;
    type(1024 * KIB);
    assert_true(vt_typing_is_full(typing));
    vt_typing_drop(typing);
    assert_false(vt_typing_is_full(typing));
    assert_int_equal(notices[VT_TYPING_ROOM], 1);
    vt_typing_drop(typing);
    assert_int_equal(notices[VT_TYPING_ROOM], 1);
    (void)close(tty_fd);
}

static void the_guest_ends(void **state)
{
    (void)state;
    assert_int_equal(vt_typing_begin(typing, fcntl(tty_fd, F_DUPFD_CLOEXEC, 3)), 0);
    assert_false(vt_typing_is_gone(typing));
    (void)close(qemu_fd);
    qemu_fd = -1;
    assert_true(vt_typing_is_gone(typing));
    /* told to who types */
    run_for(20);
    assert_int_equal(notices[VT_TYPING_GONE], 0);
    type(KIB);
    run_for(20);
    assert_int_equal(notices[VT_TYPING_GONE], 1);
    (void)close(tty_fd);
}

#define WITH_TTY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TTY(what_is_typed_arrives),     WITH_TTY(a_deaf_guest_stops_who_types),
        WITH_TTY(much_arrives_whole),        WITH_TTY(what_waits_outlives_the_terminal),
        WITH_TTY(what_waits_can_be_dropped), WITH_TTY(the_guest_ends),
    };

    return cmocka_run_group_tests(tests, init_loop, NULL);
}
