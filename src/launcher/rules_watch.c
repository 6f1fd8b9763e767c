/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rules_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "launcher/repeats.h"
#include "net/lan_apply.h"
#include "net/nat_apply.h"

/* ms. Who takes them away over and over does not keep us busy with it. */
#define PAUSE 1000

static struct {
    const struct vt_net_plan *plan;
    struct vt_rules_mark *mark;
    int timer;
    int64_t last; /* when they were put in force again; 0: never */
    char who[VT_RULES_WHO];
    struct vt_repeats losses, failures;
} guard;

static int apply(struct vt_error *err)
{
    return guard.plan->lan ? vt_lan_apply_rules(guard.plan->lan, guard.mark, err)
                           : vt_nat_apply(guard.plan, guard.mark, err);
}

static void restore(void)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *text = NULL;

    vt_loop_update_timer(guard.timer, -1);
    /* So it is after what we did ourselves, too. */
    if (vt_rules_are_whole(guard.mark))
        return;
    guard.last = vt_now_ms();
    if (apply(&err) < 0) {
        vt_repeats_tell(&guard.failures, err.msg);
        vt_loop_update_timer(guard.timer, PAUSE);
        return;
    }
    text = vt_fmt("rules that lead to the guest (nftables' tables virtainer) were taken away "
                  "by %s%s; they are in force again",
                  guard.who[0] ? "the program " : "somebody", guard.who);
    vt_repeats_tell(&guard.losses, text);
}

static void on_timer(int timer, void *data)
{
    (void)timer;
    (void)data;
    restore();
}

static void on_news(int watch, int fd, unsigned events, void *data)
{
    char who[VT_RULES_WHO];
    int64_t wait = guard.last ? guard.last + PAUSE - vt_now_ms() : 0;

    (void)watch;
    (void)events;
    (void)data;
    if (!vt_rules_news(fd, who) || vt_rules_are_whole(guard.mark))
        return;
    memcpy(guard.who, who, sizeof(guard.who));
    if (wait > 0)
        vt_loop_update_timer(guard.timer, (int)wait);
    else
        restore();
}

void vt_rules_watch(const struct vt_net_plan *plan, struct vt_rules_mark *mark)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int fd = vt_rules_listen(&err);

    if (fd < 0 || vt_loop_add_fd(fd, VT_EVENT_READ, on_news, NULL) < 0) {
        vt_debug("the rules are not watched over: %s", err.msg ? err.msg : "no event loop");
        return;
    }
    guard.plan = plan;
    guard.mark = mark;
    guard.timer = vt_loop_add_timer(-1, on_timer, NULL);
    /* What happened since they were put in force. */
    restore();
}
