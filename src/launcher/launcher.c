/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: prepare (prepare.c), start the guest on the worker while we watch for a stop
 * signal and for libvirtd's end, then only react: signals drive the stop machine (stop.c),
 * libvirtd's events the status, the console its streams. The guest's end is QEMU's end, which we
 * see as its parent whether or not libvirtd lives. Why it ended is libvirtd's to say; its event may
 * arrive a moment after the process is gone, so we wait for that a little, and not at all when we
 * know already.
 */
#include "launcher/launcher.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "host/files.h"
#include "host/loop.h"
#include "host/worker.h"
#include "image/catalogue.h"
#include "image/resolve.h"
#include "launcher/control.h"
#include "launcher/dhcp_watch.h"
#include "launcher/guest_clock.h"
#include "launcher/lan_watch.h"
#include "launcher/passt_watch.h"
#include "launcher/prepare.h"
#include "launcher/qemu_cache.h"
#include "launcher/readiness.h"
#include "launcher/reboots.h"
#include "launcher/rules_watch.h"
#include "launcher/run_dir.h"
#include "launcher/ssh_files.h"
#include "launcher/starting.h"
#include "launcher/status.h"
#include "launcher/stopping.h"
#include "launcher/summary.h"
#include "launcher/terminal.h"
#include "launcher/verdict.h"
#include "net/lan_apply.h"
#include "vm/console.h"
#include "vm/domain.h"

#define QEMU_LOG "/var/log/libvirt/qemu/%s.log"

/* How long libvirtd may take to say why QEMU has gone. */
#define VERDICT_WAIT 1000 /* ms */
/* SeaBIOS resets the machine once more when it finds that it has run before (tryReboot() in its
 * resume.c), some 0.1 s after the guest did: one reboot. */
#define ONE_REBOOT 500 /* ms */
/* libvirtd that runs and does not take our connection is asked again after so long. */
#define RECONNECT_PAUSE 1000 /* ms */

struct launcher {
    const struct vt_config *config;
    struct vt_prepared prepared;
    struct vt_status status;
    struct vt_worker *worker;
    struct vt_control *control;
    struct vt_vm *vm;
    struct vt_console *console;
    struct vt_terminal *terminal;
    struct vt_readiness *readiness;
    struct vt_stopping *stopping;
    int verdict_timer;
    int reconnect_timer;
    bool reconnecting;   /* the worker is at it: it waits for libvirtd, whose socket is there */
    int64_t rebooted_at; /* vt_now_ms(); 0: it has not */
    struct vt_end end;
    struct vt_guest_clock *clock; /* of a guest that was resumed */
    struct vt_repeats reboots;
    bool finished;
};

static void write_status(void *data)
{
    const struct launcher *l = data;

    if (vt_status_write(&l->status) < 0)
        vt_warning("cannot write " VT_STATUS_PATH);
}

static void set_phase(struct launcher *l, enum vt_phase phase)
{
    if (l->status.phase == phase)
        return;
    l->status.phase = phase;
    if (phase != VT_PHASE_PAUSED)
        vt_str_replace(&l->status.problem, NULL);
    l->status.since = time(NULL);
    vt_log_event("state", "state", vt_phase_name(phase));
    write_status(l);
}

/* ---- the end ---- */

static void finish(struct launcher *l)
{
    if (l->finished)
        return;
    l->finished = true;
    set_phase(l, l->end.saved ? VT_PHASE_SAVED : VT_PHASE_STOPPED);
    vt_terminal_finish(l->terminal);
    vt_loop_quit();
}

static void on_verdict_timer(int timer, void *data)
{
    (void)timer;
    finish(data);
}

/* Finish once QEMU is gone and it is known why. */
static void conclude(struct launcher *l)
{
    if (!l->end.qemu_gone || vt_stopping_is_saving(l->stopping))
        return;
    if (vt_end_is_known(&l->end))
        finish(l);
    else
        vt_loop_update_timer(l->verdict_timer, VERDICT_WAIT);
}

static void on_qemu_exit(pid_t pid, int status, void *data)
{
    struct launcher *l = data;

    (void)pid;
    vt_debug("QEMU has ended with wait status %#x", (unsigned)status);
    l->end.qemu_gone = true;
    l->end.qemu_status = status;
    l->status.qemu_pid = 0;
    vt_stopping_set_qemu(l->stopping, 0);
    conclude(l);
}

/* ---- stopping ---- */

static void on_stop_phase(enum vt_phase phase, void *data)
{
    set_phase(data, phase);
}

static void on_stop_step(const char *text, void *data)
{
    struct launcher *l = data;

    vt_info("%s", text);
    vt_control_progress(l->control, text);
}

static void on_saved(void *data)
{
    conclude(data);
}

/*
 * From the control socket. Who wants no more than is being done joins in: unlike a second signal, a
 * command says what it wants.
 */
static int on_stop_request(enum vt_stop_how how, int64_t grace, struct vt_error *err, void *data)
{
    struct launcher *l = data;
    bool more =
        !vt_stopping_is_forced(l->stopping) &&
        (how == VT_HOW_POWEROFF || (how == VT_HOW_SAVE && vt_stopping_may_save(l->stopping)));

    (void)err;
    if (more || !vt_stopping_is_under_way(l->stopping))
        vt_stopping_ask(l->stopping, "virtainer stop", how, grace);
    else
        vt_control_progress(l->control, "the guest is being stopped already");
    return 0;
}

static bool on_console_typed(const char *text, size_t len, void *data)
{
    struct launcher *l = data;

    return vt_console_type(l->console, text, len);
}

static void on_signal(int signal, void *data)
{
    struct launcher *l = data;
    VT_AUTO_FREE char *who = vt_fmt("SIG%s", sigabbrev_np(signal));

    vt_stopping_ask(l->stopping, who, vt_stopping_how(l->config, signal), -1);
}

/* ---- what libvirtd tells ---- */

static bool has_own_key(const struct launcher *l)
{
    VT_AUTO_FREE char *path = vt_ssh_file(&l->prepared.data, "id_ed25519");

    return vt_path_exists(path);
}

/* Once, when a guest that was resumed runs: one that is paused hears nothing. */
static void correct_clock(struct launcher *l)
{
    const struct vt_saved *saved = &l->prepared.saved;

    if (saved->kind == VT_SAVED_FITS && !l->clock)
        l->clock = vt_guest_clock_new(l->vm, l->worker, saved->at, has_own_key(l));
}

static void on_reboot(struct launcher *l)
{
    int64_t now = vt_now_ms();

    if (l->rebooted_at != 0 && now - l->rebooted_at < ONE_REBOOT)
        return;
    l->rebooted_at = now;
    vt_reboots_tell(&l->reboots);
    vt_readiness_reboot(l->readiness);
}

static void on_domain_event(enum vt_domain_event event, void *data)
{
    struct launcher *l = data;
    bool stopping = vt_stopping_is_under_way(l->stopping);

    switch (event) {
    case VT_DOMAIN_RUNNING:
        /* A reboot that libvirt makes of a shutdown (virsh reboot) looks like one until here. */
        l->end.powered_off = false;
        if (!stopping)
            set_phase(l, VT_PHASE_RUNNING);
        correct_clock(l);
        break;
    case VT_DOMAIN_PAUSED:
        if (!stopping)
            set_phase(l, VT_PHASE_PAUSED);
        break;
    case VT_DOMAIN_PAUSED_BY_ERROR:
        /* While it is stopped it is let go on again and again. */
        if (stopping && l->status.phase == VT_PHASE_PAUSED)
            break;
        vt_warning("the guest is paused, because its disk could not be written: free some space in "
                   "the data directory %s, then: virtainer resume",
                   l->config->image_dir);
        vt_str_replace(&l->status.problem, vt_strdup(VT_PROBLEM_DISK));
        set_phase(l, VT_PHASE_PAUSED);
        break;
    case VT_DOMAIN_SHUTDOWN:
        l->end.powered_off = true;
        set_phase(l, VT_PHASE_STOPPING);
        break;
    case VT_DOMAIN_REBOOT:
        on_reboot(l);
        break;
    case VT_DOMAIN_CRASHED:
        l->end.panicked = !l->end.qemu_gone || !WIFSIGNALED(l->end.qemu_status);
        break;
    case VT_DOMAIN_SAVED:
        l->end.saved_away = !vt_stopping_is_saving(l->stopping) && !l->end.saved;
        break;
    case VT_DOMAIN_AGENT:
        vt_guest_clock_on_agent(l->clock);
        vt_readiness_agent(l->readiness);
        break;
    case VT_DOMAIN_DESTROYED:
        l->end.destroyed = true;
        break;
    case VT_DOMAIN_STOPPED:
        break;
    }
    conclude(l);
}

struct reconnect {
    struct launcher *launcher;
    int result;
    struct vt_error err;
};

static void reconnect(struct launcher *l);

static void on_reconnect_timer(int timer, void *data)
{
    vt_loop_update_timer(timer, -1);
    reconnect(data);
}

static void reconnect_on_worker(void *data)
{
    struct reconnect *reconnect = data;

    reconnect->result = vt_vm_connect(reconnect->launcher->vm, &reconnect->err);
}

static void on_reconnected(void *data)
{
    struct reconnect *reconnect = data;
    struct launcher *l = reconnect->launcher;

    l->reconnecting = false;
    if (reconnect->result < 0) {
        vt_warning("%s", reconnect->err.msg);
        vt_loop_update_timer(l->reconnect_timer, RECONNECT_PAUSE);
    } else {
        vt_info("libvirtd is back");
        vt_stopping_reconnected(l->stopping);
    }
    vt_error_done(&reconnect->err);
    free(reconnect);
}

static void reconnect(struct launcher *l)
{
    struct reconnect *reconnect;

    if (l->reconnecting)
        return;
    l->reconnecting = true;
    reconnect = vt_calloc(1, sizeof(*reconnect));
    reconnect->launcher = l;
    vt_worker_submit(l->worker, reconnect_on_worker, on_reconnected, reconnect);
}

static void on_daemon_restart(void *data)
{
    struct launcher *l = data;

    vt_loop_update_timer(l->reconnect_timer, -1);
    reconnect(l);
}

static void on_connection_lost(void *data)
{
    struct launcher *l = data;

    vt_console_reset(l->console);
    /* When libvirtd has ended, it is started again before that. */
    vt_loop_update_timer(l->reconnect_timer, RECONNECT_PAUSE);
}

static void on_console_notice(enum vt_console_notice notice, void *data)
{
    static const char busy[] = "somebody else holds the guest's console (virsh console): what was "
                               "typed here is dropped until they leave it";
    struct launcher *l = data;

    switch (notice) {
    case VT_CONSOLE_BUSY:
        vt_warning("%s", busy);
        vt_control_console_notice(l->control, busy);
        break;
    case VT_CONSOLE_LOST:
        /* At the guest's end it is nobody's. */
        if (!l->end.powered_off && !l->end.forced && !l->end.qemu_gone)
            vt_info(
                "the guest's console was taken over (virsh console --force); it comes back here "
                "when they leave it");
        break;
    case VT_CONSOLE_ROOM:
        vt_control_resume(l->control);
        vt_terminal_resume(l->terminal);
        break;
    }
}

static void on_console_output(const char *text, size_t len, void *data)
{
    struct launcher *l = data;

    vt_control_console(l->control, text, len);
    vt_readiness_console(text, len, l->readiness);
}

static int open_terminal(struct launcher *l, struct vt_error *err)
{
    int r = vt_terminal_new(&l->terminal, VT_CONSOLE_PIPE, l->config->log_format, err);

    if (r == 0)
        vt_terminal_tap(l->terminal, on_console_output, l);
    return r;
}

/* NETWORK=bridge where the network's own DHCP gives the guest its address: now it is known, or
 * another. */
static void on_guest_address(void *data)
{
    struct launcher *l = data;

    vt_summary_addresses(&l->prepared, &l->status);
    write_status(l);
    vt_readiness_address(l->readiness);
}

/* ---- the start ---- */

/* The guest was paused when it was saved, and so it is now. */
static bool is_paused_again(const struct launcher *l)
{
    return l->prepared.saved.kind == VT_SAVED_FITS && l->prepared.saved.paused;
}

/* The guest's memory did not fit, so it boots, and the address that it had is forgotten. */
static void forget_address(struct launcher *l)
{
    const struct vt_lan *lan = l->prepared.net.lan;

    if (!lan || !l->status.guest_address || vt_lan_address(lan) != 0)
        return;
    vt_lan_watch_anew();
    on_guest_address(l);
}

/* What became of the saved memory. */
static void tell_of_resume(struct launcher *l)
{
    const struct vt_saved *saved = &l->prepared.saved;

    if (l->prepared.saved_notice)
        vt_warning("%s", l->prepared.saved_notice);
    if (saved->kind != VT_SAVED_FITS)
        return;
    vt_info("the guest goes on where it was%s",
            saved->paused ? ", paused as it was: virtainer resume lets it run" : "");
    if (!saved->paused)
        correct_clock(l);
}

/* The guest runs: from now on the loop watches over QEMU, libvirtd and dnsmasq. */
static int watch_over(struct launcher *l, struct vt_error *err)
{
    pid_t pid = vt_vm_qemu_pid(l->config->vm_name);

    if (pid < 0)
        return vt_error_errno(err, VT_CAUSE_LIBVIRT, -pid, "cannot find QEMU's process id");
    vt_debug("QEMU runs as process %d", pid);
    l->status.qemu_pid = pid;
    vt_stopping_set_qemu(l->stopping, pid);
    tell_of_resume(l);
    forget_address(l);
    set_phase(l, is_paused_again(l) ? VT_PHASE_PAUSED : VT_PHASE_RUNNING);
    vt_readiness_begin(l->readiness, l->prepared.saved.kind == VT_SAVED_FITS);
    vt_daemon_supervise(l->prepared.daemon);
    if (l->prepared.dhcp_pid > 0)
        vt_dhcp_watch(&l->prepared.net, l->prepared.dhcp_pid);
    if (l->prepared.network == VT_NETWORK_NAT || l->prepared.network == VT_NETWORK_BRIDGE)
        vt_rules_watch(&l->prepared.net, &l->prepared.rules);
    if (l->prepared.network == VT_NETWORK_USER)
        vt_passt_watch(&l->prepared.net, l->prepared.passt_pid);
    vt_terminal_attach(l->terminal, l->console);
    if (l->prepared.accel.kvm)
        vt_qemu_cache_keep(&l->prepared.data);
    vt_loop_watch_child(pid, on_qemu_exit, l);
    return vt_loop_on_signal(on_signal, l);
}

static int set_up(struct launcher *l, struct vt_error *err)
{
    static const struct vt_stopping_hooks hooks = {on_stop_phase, on_stop_step, on_saved};
    int r = vt_loop_init(err);

    vt_debug("virtainer " VT_VERSION " begins");

    if (r == 0)
        r = vt_worker_new(&l->worker, err);
    if (r < 0)
        return r;
    l->verdict_timer = vt_loop_add_timer(-1, on_verdict_timer, l);
    l->reconnect_timer = vt_loop_add_timer(-1, on_reconnect_timer, l);
    l->vm = vt_vm_new(l->config->vm_name, on_domain_event, on_connection_lost, l);
    l->stopping = vt_stopping_new(l->config, &l->prepared, l->vm, l->worker, &l->end, &hooks, l);
    l->console = vt_console_new(l->vm, l->worker, on_console_notice, l);
    return vt_run_dir_take(err);
}

static void say_goodbye(const struct launcher *l)
{
    if (l->end.saved_away)
        vt_info(
            "the guest was saved from outside (virsh save, managedsave) to a file that virtainer "
            "does not resume from: the next start boots the guest; virtainer save is the way");
    else if (!l->end.saved)
        vt_info("the guest is off");
}

/* From here on commands in this container find us, though we answer only in the loop. */
static int open_control(struct launcher *l, struct vt_error *err)
{
    const struct vt_control_handlers handlers = {on_stop_request, on_console_typed, l};

    vt_log_event("state", "state", vt_phase_name(l->status.phase));
    l->status.name = vt_strdup(l->config->vm_name);
    l->status.since = time(NULL);
    (void)!vt_status_write(&l->status);
    return vt_control_new(&l->control, VT_CONTROL_PATH, &handlers, err);
}

static int live(struct launcher *l, struct vt_error *err)
{
    const struct vt_config *config = l->config;
    VT_AUTO_FREE char *qemu_log = vt_fmt(QEMU_LOG, config->vm_name);
    int r = set_up(l, err);

    if (r == 0)
        r = open_control(l, err);
    if (r == 0)
        r = vt_prepare(config, &l->prepared, on_daemon_restart, l, err);
    if (r == 0) {
        vt_status_done(&l->status);
        vt_summary_status(config, &l->prepared, &l->status);
        (void)!vt_status_write(&l->status);
        vt_summary_print(config, &l->prepared);
        l->readiness = vt_readiness_new(&l->status, &l->prepared, l->vm, write_status, l);
        if (l->prepared.net.lan)
            vt_lan_watch(l->prepared.net.lan, on_guest_address, l);
        r = open_terminal(l, err);
    }
    if (r == 0 && l->prepared.saved.kind == VT_SAVED_FITS)
        set_phase(l, VT_PHASE_RESUMING);
    if (r == 0)
        r = vt_start_guest(config, &l->prepared, l->vm, l->worker, err);
    if (r == 0)
        r = watch_over(l, err);
    if (r == -ECANCELED) {
        vt_info("stopped before the guest was started");
        return 0;
    }
    if (r < 0)
        return r;
    r = vt_loop_run(err);
    if (r == 0)
        r = vt_end_verdict(&l->end, qemu_log, err);
    if (r == 0)
        say_goodbye(l);
    return r;
}

/* A name of the catalogue becomes an address before anything else looks at the wishes. */
static int resolve_image(struct vt_config *config, struct vt_error *err)
{
    VT_AUTO_FREE char *warning = NULL;
    char today[VT_DAY_TEXT];
    int r;

    vt_today(today);
    r = vt_image_resolve(config, VT_CATALOGUE_DIR, today, &warning, err);
    if (warning)
        vt_warning("%s", warning);
    return r;
}

/* Who shares the container's network has it again when the guest has gone. */
static void give_network_back(const struct launcher *l)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    if (l->prepared.lan_taken && vt_lan_give_back(&err) < 0)
        vt_warning("%s", err.msg);
}

int vt_launcher_run(struct vt_config *config)
{
    /* One for the process's life: callbacks and the worker point to it. */
    struct launcher *l = vt_calloc(1, sizeof(*l));
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int status = 0;

    l->config = config;
    if (resolve_image(config, &err) < 0 || live(l, &err) < 0) {
        status = vt_cause_exit_status(err.cause);
        vt_error_log("%s", err.msg);
    }
    give_network_back(l);
    if (l->control && l->status.phase != VT_PHASE_SAVED)
        set_phase(l, VT_PHASE_STOPPED);
    vt_control_finish(l->control, status, err.msg);
    return status;
}
