/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/way.h"

#include <errno.h>

#include "base/str.h"

void vt_way_done(struct vt_way *way)
{
    vt_session_done(&way->session);
    vt_ssh_done(&way->ssh);
}

static int open_agent(const char *name, struct vt_way *way, struct vt_error *err)
{
    int r = vt_session_open(name, &way->session, err);

    if (r == 0)
        r = vt_agent_ping(&way->session, err);
    if (r == 0)
        r = vt_agent_check_rights(&way->session, err);
    if (r < 0)
        vt_session_done(&way->session);
    else
        way->via = VT_VIA_AGENT;
    return r;
}

int vt_way_open(enum vt_via via, const char *name, const struct vt_ssh_target *target,
                struct vt_way *ret, struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error agent = VT_ERROR_INIT, ssh = VT_ERROR_INIT;
    int r;

    *ret = (struct vt_way){0};
    if (via != VT_VIA_SSH) {
        r = open_agent(name, ret, &agent);
        if (r == 0)
            return 0;
        if (via == VT_VIA_AGENT) {
            vt_error_move(err, &agent);
            return r;
        }
    }
    r = vt_ssh_open(target, &ret->ssh, &ssh);
    if (r == 0) {
        ret->via = VT_VIA_SSH;
        return 0;
    }
    if (!agent.msg) {
        vt_error_move(err, &ssh);
        return r;
    }
    return vt_error_set(err, ssh.cause, r, "%s; and %s", agent.msg, ssh.msg);
}

int vt_way_run(struct vt_way *way, const char *const *argv, struct vt_error *err)
{
    VT_AUTO_FREE char *command = NULL;

    if (way->via == VT_VIA_AGENT)
        return vt_agent_run(&way->session, argv, err);
    command = vt_shell_quote(argv);
    return vt_ssh_run(&way->ssh, command, &(struct vt_ssh_io){0}, err);
}

struct tick {
    int fd;
    vt_copy_progress progress;
    void *data;
};

/* ssh moves the offset of the file that it was given. */
static void on_tick(void *data)
{
    struct tick *tick = data;
    off_t at = lseek(tick->fd, 0, SEEK_CUR);

    if (at > 0)
        tick->progress((uint64_t)at, tick->data);
}

/* Run @script in the guest's shell with $1 = @path, its input or output being @fd. */
static int run_script(struct vt_way *way, const char *script, const char *path, bool input, int fd,
                      struct tick *tick, struct vt_error *err)
{
    const char *const argv[] = {"sh", "-c", script, "sh", path, NULL};
    VT_AUTO_FREE char *command = vt_shell_quote(argv);
    struct vt_ssh_io io = {
        .in = input ? fd : 0,
        .out = input ? 0 : fd,
        .tick = on_tick,
        .data = tick,
    };
    int r = vt_ssh_run(&way->ssh, command, &io, err);

    if (r <= 0)
        return r;
    /* The reason is what the guest's shell has just said on standard error. */
    return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "%s in the guest cannot be %s as %s", path,
                        input ? "written" : "read", way->ssh.user);
}

int vt_way_put(struct vt_way *way, int fd, const char *path, vt_copy_progress progress, void *data,
               struct vt_error *err)
{
    struct tick tick = {fd, progress, data};

    if (way->via == VT_VIA_AGENT)
        return vt_agent_put(&way->session, fd, path, progress, data, err);
    return run_script(way, "cat >\"$1\"", path, true, fd == 0 ? -1 : fd, &tick, err);
}

int vt_way_get(struct vt_way *way, const char *path, int fd, vt_copy_progress progress, void *data,
               struct vt_error *err)
{
    struct tick tick = {fd, progress, data};

    if (way->via == VT_VIA_AGENT)
        return vt_agent_get(&way->session, path, fd, progress, data, err);
    return run_script(way, "cat <\"$1\"", path, false, fd, &tick, err);
}
