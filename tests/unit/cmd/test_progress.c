/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/progress.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static int64_t now = 1000000;

int64_t __wrap_vt_now_ms(void);
int64_t __wrap_vt_now_ms(void)
{
    return now;
}

/* What a step, told of in each of five seconds, and then a notice say on the standard error @fd. */
static void tell(int fd)
{
    struct vt_cmd_progress shown;
    int kept = dup(STDERR_FILENO);
    struct vt_progress progress;

    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    progress = vt_cmd_progress_begin(&shown, "the image");
    for (uint64_t i = 0; i < 5; i++) {
        progress.step("downloading", i * MIB, i < 3 ? 10 * MIB : 0, progress.data);
        progress.step("downloading", i * MIB + 1, 10 * MIB, progress.data);
        now += 1000;
    }
    progress.notice("tried again", progress.data);
    vt_cmd_progress_end(&shown);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    (void)close(kept);
}

/* All that is said up to the notice. */
static void hear(int fd, char *said, size_t size)
{
    size_t len = 0;

    do {
        ssize_t n = read(fd, said + len, size - 1 - len);

        assert_true(n > 0);
        len += (size_t)n;
        said[len] = '\0';
    } while (!strstr(said, "tried again") || said[len - 1] != '\n');
}

static void a_line_is_written_over_on_a_terminal(void **state)
{
    int ptm = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char said[1000];
    int pts;

    (void)state;
    assert_true(ptm >= 0 && grantpt(ptm) == 0 && unlockpt(ptm) == 0);
    pts = open(ptsname(ptm), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(pts >= 0);
    tell(pts);
    hear(ptm, said, sizeof(said));
    assert_string_equal(said, "downloading the image: 10%, 1 MiB of 10 MiB\r\033[K"
                              "downloading the image: 20%, 2 MiB of 10 MiB\r\033[K"
                              "downloading the image: 3 MiB\r\033[K"
                              "downloading the image: 4 MiB\r\033[K"
                              "virtainer: tried again\r\n");
    (void)close(pts);
    (void)close(ptm);
}

static void elsewhere_there_are_lines_now_and_then(void **state)
{
    char said[1000];
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    tell(ends[1]);
    hear(ends[0], said, sizeof(said));
    assert_string_equal(said, "virtainer: downloading the image: 20%, 2 MiB of 10 MiB\n"
                              "virtainer: downloading the image: 4 MiB\n"
                              "virtainer: tried again\n");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_written_over_on_a_terminal),
        cmocka_unit_test(elsewhere_there_are_lines_now_and_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
