/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/dhcp_watch.h"

#include "base/log.h"
#include "host/loop.h"
#include "net/dhcp.h"

/* How long dnsmasq stays away when it has died. */
#define DELAY 1000 /* ms */

static struct {
    const struct vt_net_plan *plan;
    int timer;
} watched;

static void on_exit_of_dnsmasq(pid_t pid, int status, void *data)
{
    (void)pid;
    (void)data;
    vt_warning("dnsmasq ended (wait status %#x); it is started again", (unsigned)status);
    vt_loop_update_timer(watched.timer, DELAY);
}

static void on_timer(int timer, void *data)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    pid_t pid = vt_dhcp_start(watched.plan, &err);

    (void)data;
    if (pid < 0) {
        vt_warning("%s", err.msg);
        return;
    }
    vt_loop_update_timer(timer, -1);
    vt_loop_watch_child(pid, on_exit_of_dnsmasq, NULL);
}

void vt_dhcp_watch(const struct vt_net_plan *plan, pid_t pid)
{
    watched.plan = plan;
    watched.timer = vt_loop_add_timer(-1, on_timer, NULL);
    vt_loop_watch_child(pid, on_exit_of_dnsmasq, NULL);
}
