/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/user.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../golden.h"
#include "host/spawn.h"
#include "net/dhcp.h"
#include "views.h"

#define MAC "52:54:00:12:34:56"

static const struct vt_ports all;

static char *lines_of(const struct vt_net_plan *plan)
{
    VT_CLEANUP(vt_strv_freep) char **argv = vt_user_argv(plan, false);
    VT_AUTO_BUF struct vt_buf lines = VT_BUF_INIT(65536);

    for (char **arg = argv; *arg; arg++)
        vt_buf_addf(&lines, "%s\n", *arg);
    return vt_buf_take(&lines);
}

/* In a container of Docker's, for a guest that had the address @kept, or NULL. */
static void make_plan(const struct vt_ports *ports, const char *kept, struct vt_net_plan *ret)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;

    docker_view(&view);
    assert_int_equal(vt_user_plan_make(ports, &view, MAC, kept, ret, NULL), 0);
}

static void assert_arguments(const char *golden, const struct vt_net_plan *plan)
{
    VT_AUTO_FREE char *lines = lines_of(plan);

    vt_assert_golden(golden, lines);
}

static void the_guest_has_the_containers_address(void **state)
{
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    make_plan(&all, NULL, &plan);
    assert_true(plan.user);
    assert_int_equal(plan.guest, ip("172.17.0.2"));
    assert_int_equal(plan.container, ip("172.17.0.2"));
    assert_int_equal(plan.gateway, ip("169.254.100.1"));
    assert_string_equal(plan.mac, MAC);
    assert_arguments("net/passt.args", &plan);
}

/* The record of a saved guest may come from anybody. */
static void a_resumed_guest_keeps_its_address(void **state)
{
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    make_plan(&all, "--pcap", &plan);
    assert_int_equal(plan.guest, ip("172.17.0.2"));
    make_plan(&all, "172.17.0.9", &plan);
    assert_int_equal(plan.guest, ip("172.17.0.9"));
    assert_int_equal(plan.container, ip("172.17.0.2"));
    assert_arguments("net/passt-resumed.args", &plan);
}

static void ports_are_passts_lists(void **state)
{
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *lines = NULL;
    VT_AUTO_FREE char *wrong = NULL;
    struct vt_ports ports = {0};
    struct vt_config config = {0};

    (void)state;
    assert_int_equal(vt_ports_parse("22,8080:80/tcp,6000-6010", &ports, &wrong), 0);
    config.ports = ports;
    assert_int_equal(vt_user_check_wishes(&config, NULL), 0);
    make_plan(&ports, NULL, &plan);
    lines = lines_of(&plan);
    assert_non_null(strstr(lines, "--tcp-ports\n22,8080:80,6000-6010\n--udp-ports\nnone\n"));
    ports.list[1].protocol = VT_PROTOCOL_SCTP;
    assert_int_equal(vt_user_check_wishes(&config, NULL), -EPROTONOSUPPORT);
    /* What would not be kept is refused. */
    config = (struct vt_config){.allow_from = {.count = 1}};
    assert_int_equal(vt_user_check_wishes(&config, NULL), -EPROTONOSUPPORT);
    config = (struct vt_config){.ssh_rate = {.count = 1, .unit = 60}};
    assert_int_equal(vt_user_check_wishes(&config, NULL), -EPROTONOSUPPORT);
    free(ports.list);
}

static void one_that_has_qemu_waits_for_nobody(void **state)
{
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_CLEANUP(vt_strv_freep) char **argv = NULL;
    size_t found = 0;

    (void)state;
    make_plan(&all, NULL, &plan);
    argv = vt_user_argv(&plan, true);
    for (char **arg = argv; *arg; arg++) {
        assert_string_not_equal(*arg, "--socket");
        found += strcmp(*arg, "--fd") == 0 && strcmp(arg[1], "3") == 0;
    }
    assert_int_equal(found, 1);
}

static void without_an_address_there_is_no_plan(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_user_plan_make(&all, &view, MAC, NULL, &plan, &err), -EADDRNOTAVAIL);
    assert_int_equal(err.cause, VT_CAUSE_NETWORK);
    assert_non_null(strstr(err.msg, "NETWORK=none"));
}

static pid_t start_child(void)
{
    static const char *const argv[] = {"sleep", "60", NULL};
    const struct vt_spawn spawn = {.argv = argv};
    pid_t pid = vt_spawn(&spawn, NULL);

    assert_true(pid > 0);
    return pid;
}

static void it_is_ended_and_reaped(void **state)
{
    pid_t pid = start_child();

    (void)state;
    vt_user_end(pid);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
    assert_int_equal(kill(pid, 0), -1);
}

/* Its number may be somebody else's by then: here one that is no child, and must live. */
static void who_was_reaped_is_not_signalled(void **state)
{
    (void)state;
    vt_user_end(getpid());
    vt_user_end(getppid());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guest_has_the_containers_address),
        cmocka_unit_test(a_resumed_guest_keeps_its_address),
        cmocka_unit_test(ports_are_passts_lists),
        cmocka_unit_test(one_that_has_qemu_waits_for_nobody),
        cmocka_unit_test(without_an_address_there_is_no_plan),
        cmocka_unit_test(it_is_ended_and_reaped),
        cmocka_unit_test(who_was_reaped_is_not_signalled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
