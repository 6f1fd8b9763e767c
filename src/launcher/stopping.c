/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: requests and the timer drive the machine; each action it answers with is
 * carried out by one function here. The power button and the save are the worker's, as libvirtd may
 * take its time; force goes straight to QEMU, which is our child, and needs no libvirtd. What asks
 * the guest agent has a worker of its own, as the agent is somebody else's program. A save ends in
 * the loop with on_save_over(), which tells the machine, or notes that the guest is kept; one that
 * libvirtd's end cut off begins once more when libvirtd is back.
 */
#include "launcher/stopping.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "host/spawn.h"
#include "host/writeback.h"
#include "launcher/saved.h"
#include "launcher/stop.h"

/* While it shuts down, the time that is left is said this often. */
#define SAY_EVERY 15000 /* ms */
/* QEMU that was told to end and has nothing more to write. */
#define QEMU_END_MS 2000

struct vt_stopping {
    const struct vt_config *config;
    const struct vt_prepared *prepared;
    struct vt_vm *vm;
    struct vt_worker *worker;
    struct vt_worker *agent_worker; /* NULL until it is needed */
    bool agent_asked;               /* and has not answered yet */
    struct vt_end *end;
    struct vt_stopping_hooks hooks;
    void *data;
    struct vt_stop machine;
    int timer;
    int64_t say_at; /* ms */
    pid_t qemu;
    struct save *save; /* that is under way; NULL: none */
    bool save_again;   /* libvirtd went away in the save: it is to be begun once more */
    bool saved_again;
    bool paused; /* the guest, before the first save: that makes it stand still; the worker's */
    bool paused_known;
    atomic_bool written; /* the guest is off and its memory in the file; set on the worker */
};

static void say(struct vt_stopping *s, const char *format, ...) VT_PRINTF(2, 3);

static void say(struct vt_stopping *s, const char *format, ...)
{
    VT_AUTO_FREE char *text = NULL;
    va_list args;

    va_start(args, format);
    text = vt_vfmt(format, args);
    va_end(args);
    s->hooks.on_step(text, s->data);
}

static void act(struct vt_stopping *s, enum vt_stop_action action);

/* ---- the power button ---- */

struct press {
    struct vt_stopping *stopping;
    bool stuck; /* the guest stands still and cannot go on */
    int result;
    struct vt_error err;
};

/* A guest that stands still hears no button, so it is let go on. */
static void press_on_worker(void *data)
{
    struct press *press = data;
    struct vt_vm *vm = press->stopping->vm;

    press->stuck = vt_vm_is_paused(vm) && vt_vm_continue(vm, NULL) < 0;
    press->result = vt_vm_press_power_button(vm, &press->err);
    /* One whose disk cannot be written is paused again at once, and that has been said. */
    if (press->result < 0 && vt_vm_is_paused(vm))
        press->result = 0;
}

static void on_pressed(void *data)
{
    struct press *press = data;
    struct vt_stopping *s = press->stopping;

    if (press->stuck && s->machine.save_failed && !s->end->qemu_gone) {
        /* QEMU has given its disks up at a save's end, and does not get them back. */
        say(s, "the guest cannot go on after the save that failed");
        act(s, vt_stop_ask(&s->machine, VT_HOW_POWEROFF, vt_now_ms()));
    } else if (press->result == 0) {
        s->end->pressed_since = true;
    } else if (!s->end->qemu_gone && !s->end->powered_off) {
        /* Not the last try: it is pressed again, and at the end of the grace period comes force. */
        vt_warning("%s", press->err.msg);
    }
    vt_error_done(&press->err);
    free(press);
}

static void ask_agent_on_worker(void *data)
{
    const struct vt_stopping *s = data;

    (void)!vt_vm_shut_down_by_agent(s->vm, NULL);
}

static void on_agent_answer(void *data)
{
    struct vt_stopping *s = data;

    s->agent_asked = false;
}

/*
 * Beside the button: some guests have no ACPI daemon. libvirt waits a minute for what an agent
 * does that has taken the order, which must keep neither the next press nor a save.
 */
static void ask_agent(struct vt_stopping *s)
{
    if (!vt_vm_has_agent(s->vm) || s->agent_asked)
        return;
    if (!s->agent_worker && vt_worker_new(&s->agent_worker, NULL) < 0)
        return;
    s->agent_asked = true;
    vt_worker_submit(s->agent_worker, ask_agent_on_worker, on_agent_answer, s);
}

static void press_power_button(struct vt_stopping *s)
{
    struct press *press = vt_calloc(1, sizeof(*press));
    int64_t now = vt_now_ms();

    if (now >= s->say_at) {
        say(s, "the guest has not shut down yet: %lld s are left",
            (long long)vt_stop_left(&s->machine, now));
        s->say_at = now + SAY_EVERY;
    }
    s->end->asked = true;
    press->stopping = s;
    vt_worker_submit(s->worker, press_on_worker, on_pressed, press);
    ask_agent(s);
}

/* ---- the save ---- */

/*
 * A save ends twice: QEMU ends when libvirt has said its last word in the file, and libvirt's call
 * returns when it has noticed that, which it looks for every 200 ms (virProcessKillPainfully). So
 * either may be first, the loop at QEMU's end or the worker at the call's, and who is takes the
 * save and does what remains.
 */
struct save {
    struct vt_stopping *stopping;
    int64_t began; /* ms */
    pid_t qemu;
    struct vt_saved saved; /* what is to be noted of it; there before the memory is */
    atomic_int memory;     /* a descriptor of its file; -1: not yet, or not any more */
    atomic_bool taken;
    bool by_loop; /* it was the loop: the worker may still hold all this */
    bool lost;    /* it failed because libvirtd has gone */
    int result;
    struct vt_error err;
};

static bool take(struct save *save)
{
    return !atomic_exchange(&save->taken, true);
}

/* Have libvirt write the guest's memory to @path, as @fd. */
static int write_memory(struct save *save, const char *path, int fd)
{
    struct vt_writeback *writeback = vt_writeback_begin(fd);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int r = vt_vm_save(save->stopping->vm, path, &err);

    vt_writeback_end(writeback);
    vt_debug("libvirt has saved the guest");
    atomic_store(&save->memory, -1);
    if (!take(save))
        return -EALREADY;
    if (r == 0 && !vt_saved_is_whole(fd))
        r = vt_error_set(
            &err, VT_CAUSE_LIBVIRT, -EIO,
            "the guest could not be saved: libvirt says that it is, but %s is not whole", path);
    if (r < 0 && vt_saved_is_whole(fd) && vt_end_process(save->qemu, QEMU_END_MS) == 0) {
        /* libvirtd died over its last step, to end QEMU; the new one would let the guest go on. */
        return 0;
    }
    if (r < 0)
        vt_saved_abandon(&save->stopping->prepared->data, fd);
    vt_error_move(&save->err, &err);
    return r;
}

/* What libvirt wrote is what the next start finds. */
static void keep_memory(void *data)
{
    struct save *save = data;
    const struct vt_prepared *p = save->stopping->prepared;
    struct vt_saved_facts facts = vt_prepared_facts(p, save->stopping->config);

    atomic_store(&save->stopping->written, true);
    save->result = vt_saved_commit(&p->data, &facts, &save->saved, &save->err);
    if (save->result < 0)
        vt_saved_abandon(&p->data, -1);
}

/* A save that libvirtd's end cut off may have left the guest paused. */
static bool was_paused(struct vt_stopping *s)
{
    if (!s->paused_known) {
        s->paused = vt_vm_is_paused(s->vm);
        s->paused_known = vt_vm_is_connected(s->vm);
    }
    return s->paused;
}

static void save_on_worker(void *data)
{
    struct save *save = data;
    struct vt_stopping *s = save->stopping;
    VT_AUTO_FREE char *path = NULL;
    VT_AUTO_CLOSE int fd = vt_saved_begin(&s->prepared->data, &path, &save->err);
    int r = fd;

    if (fd >= 0) {
        save->saved.mtu = s->prepared->card_mtu;
        save->saved.serial_ports = s->prepared->serial_ports;
        save->saved.paused = was_paused(s);
        save->saved.qemu_version = vt_vm_qemu_version(s->vm);
        atomic_store(&save->memory, fd);
        r = write_memory(save, path, fd);
    }
    if (r == -EALREADY)
        return;
    save->result = r;
    if (r < 0)
        save->lost = !vt_vm_is_connected(s->vm);
    else
        keep_memory(save);
}

/* The guest was not saved, and QEMU may run on. */
static void on_save_failed(struct vt_stopping *s, const struct save *save)
{
    s->end->pressed_since = false;
    vt_str_replace(&s->end->failed_save, vt_strdup(save->err.msg));
    if (s->end->qemu_gone)
        return;
    if (save->lost && !s->saved_again && s->machine.state == VT_STOP_SAVING) {
        say(s, "libvirtd ended over the save, which is begun again when it is back");
        s->save_again = true;
        return;
    }
    if (s->machine.state == VT_STOP_SAVING)
        say(s, "%s; the guest runs on, and is shut down instead", save->err.msg);
    act(s, vt_stop_save_failed(&s->machine, vt_now_ms()));
}

static void on_save_over(void *data)
{
    struct save *save = data;
    struct vt_stopping *s = save->stopping;

    s->save = NULL;
    if (save->result == 0) {
        s->end->saved = true;
        say(s, "the guest is saved, after %.2f s; the next start goes on where it was",
            (double)(vt_now_ms() - save->began) / 1000);
    } else if (atomic_load(&s->written)) {
        vt_error_move(&s->end->save_error, &save->err);
    } else {
        on_save_failed(s, save);
    }
    vt_error_done(&save->err);
    if (!save->by_loop) {
        vt_saved_done(&save->saved);
        free(save);
    }
    s->hooks.on_saved(s->data);
}

static void on_save_returned(void *data)
{
    struct save *save = data;

    if (!save->by_loop)
        on_save_over(save);
}

static void write_guest(struct vt_stopping *s)
{
    struct save *save = vt_calloc(1, sizeof(*save));

    *save = (struct save){.stopping = s, .began = vt_now_ms(), .qemu = s->qemu, .memory = -1};
    /* Here, as the loop may learn another address while the worker writes. */
    save->saved.cidr = vt_prepared_cidr(s->prepared);
    s->save = save;
    s->hooks.on_phase(VT_PHASE_SAVING, s->data);
    vt_worker_submit(s->worker, save_on_worker, on_save_returned, save);
}

/* QEMU has ended: with a save, if libvirt has said its last word in the file. */
static void on_save_without_qemu(struct vt_stopping *s)
{
    struct save *save = s->save;
    struct vt_worker *second = NULL;

    if (!vt_saved_is_whole(atomic_load(&save->memory)) || vt_worker_new(&second, NULL) < 0 ||
        !take(save))
        return;
    save->by_loop = true;
    atomic_store(&s->written, true);
    vt_worker_submit(second, keep_memory, on_save_over, save);
}

void vt_stopping_reconnected(struct vt_stopping *s)
{
    if (!s->save_again)
        return;
    s->save_again = false;
    s->saved_again = true;
    if (s->machine.state == VT_STOP_SAVING)
        write_guest(s);
}

struct cancel {
    struct vt_stopping *stopping;
    int result;
    struct vt_error err;
};

static void cancel_on_worker(void *data)
{
    struct cancel *cancel = data;

    cancel->result = vt_vm_cancel_save(cancel->stopping->vm, &cancel->err);
}

static void on_cancelled(void *data)
{
    struct cancel *cancel = data;

    if (cancel->result < 0 && cancel->stopping->save)
        vt_warning("%s", cancel->err.msg);
    vt_error_done(&cancel->err);
    free(cancel);
}

/* The worker is the one that waits for the save, so another has to break it off. */
static void cancel_save(struct vt_stopping *s)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_worker *second = NULL;
    struct cancel *cancel;

    if (s->save_again) {
        s->save_again = false;
        say(s, "libvirtd does not come back; the guest is shut down instead");
        act(s, vt_stop_save_failed(&s->machine, vt_now_ms()));
        return;
    }
    say(s, "the save takes too long: it is broken off");
    if (vt_worker_new(&second, &err) < 0) {
        vt_warning("%s", err.msg);
        return;
    }
    cancel = vt_calloc(1, sizeof(*cancel));
    cancel->stopping = s;
    vt_worker_submit(second, cancel_on_worker, on_cancelled, cancel);
}

/* ---- force ---- */

static void signal_qemu(const struct vt_stopping *s, int signal)
{
    if (s->qemu > 0)
        (void)kill(s->qemu, signal);
}

static void force(struct vt_stopping *s)
{
    if (!s->end->wished_off)
        vt_warning("forcing the guest off");
    s->end->forced = true;
    signal_qemu(s, SIGTERM);
}

/* ---- the machine ---- */

static void act(struct vt_stopping *s, enum vt_stop_action action)
{
    switch (action) {
    case VT_STOP_PRESS:
        s->hooks.on_phase(VT_PHASE_STOPPING, s->data);
        press_power_button(s);
        break;
    case VT_STOP_WRITE:
        say(s, "saving the guest's memory");
        write_guest(s);
        break;
    case VT_STOP_CANCEL:
        cancel_save(s);
        break;
    case VT_STOP_FORCE:
        s->hooks.on_phase(VT_PHASE_STOPPING, s->data);
        force(s);
        break;
    case VT_STOP_KILL:
        vt_warning("QEMU does not end; killing it");
        signal_qemu(s, SIGKILL);
        break;
    default:
        break;
    }
    vt_loop_update_timer(s->timer, vt_stop_wait(&s->machine, vt_now_ms()));
}

/* QEMU has ended and its memory is in the page cache: nothing is left that could be hurried. */
static bool is_only_written_back(const struct vt_stopping *s)
{
    return s->save && atomic_load(&s->written);
}

static void on_timer(int timer, void *data)
{
    struct vt_stopping *s = data;

    if (is_only_written_back(s)) {
        say(s, "the guest's memory is saved as soon as the disk has it all");
        vt_loop_update_timer(timer, SAY_EVERY);
        return;
    }
    act(s, vt_stop_tick(&s->machine, vt_now_ms()));
}

/* Tell what this request begins, before it does. */
static void announce(struct vt_stopping *s, const char *who, enum vt_stop_how how)
{
    switch (how) {
    case VT_HOW_SAVE:
        say(s, "%s: the guest is saved, and the next start goes on where it was", who);
        break;
    case VT_HOW_POWEROFF:
        say(s, "%s: the guest's power is cut", who);
        break;
    default:
        say(s,
            "%s: pressing the guest's power button; it has %lld s to shut down, and a second "
            "request %s",
            who, (long long)(s->machine.grace / 1000),
            s->machine.at_end == VT_HOW_SAVE ? "saves it" : "forces it off");
        break;
    }
}

static void announce_again(struct vt_stopping *s, const char *who)
{
    int64_t left = vt_stop_left(&s->machine, vt_now_ms());

    if (s->machine.state == VT_STOP_SAVING && !s->machine.asked_again)
        say(s, "%s: the guest is being saved already; once more forces it off, without its memory",
            who);
    else if (s->machine.state == VT_STOP_FORCED && s->machine.wished_force &&
             !s->machine.asked_again)
        say(s, "%s: the guest's power is cut already; once more kills QEMU", who);
    else if (s->machine.state < VT_STOP_FORCED)
        say(s, "%s: not waiting for the %lld s that were left", who, (long long)left);
}

void vt_stopping_ask(struct vt_stopping *s, const char *who, enum vt_stop_how how, int64_t grace)
{
    if (how == VT_HOW_SAME)
        how = s->config->stop_action;
    if (is_only_written_back(s)) {
        say(s, "%s: the guest's memory is saved as soon as the disk has it all", who);
        return;
    }
    if (s->machine.state == VT_STOP_RUNNING) {
        if (grace >= 0)
            s->machine.grace = grace * 1000;
        s->say_at = vt_now_ms() + SAY_EVERY;
        announce(s, who, how);
    } else {
        announce_again(s, who);
    }
    if (how == VT_HOW_POWEROFF)
        s->end->wished_off = true;
    act(s, vt_stop_ask(&s->machine, how, vt_now_ms()));
}

enum vt_stop_how vt_stopping_how(const struct vt_config *config, int signal)
{
    enum vt_stop_how how = signal == SIGINT    ? config->stop_on_int
                           : signal == SIGQUIT ? config->stop_on_quit
                                               : config->stop_on_term;

    return how == VT_HOW_SAME ? config->stop_action : how;
}

bool vt_stopping_is_under_way(const struct vt_stopping *s)
{
    return s->machine.state != VT_STOP_RUNNING;
}

bool vt_stopping_is_forced(const struct vt_stopping *s)
{
    return s->machine.state >= VT_STOP_FORCED;
}

bool vt_stopping_is_saving(const struct vt_stopping *s)
{
    /* A save that force has overtaken brings nothing any more, unless all is written already. */
    return (s->save || s->save_again) &&
           (s->machine.state == VT_STOP_SAVING || atomic_load(&s->written));
}

bool vt_stopping_may_save(const struct vt_stopping *s)
{
    return !vt_stopping_is_saving(s) && !s->machine.save_failed;
}

void vt_stopping_set_qemu(struct vt_stopping *s, pid_t pid)
{
    s->qemu = pid;
    if (pid != 0)
        return;
    s->save_again = false;
    if (s->save)
        on_save_without_qemu(s);
}

struct vt_stopping *vt_stopping_new(const struct vt_config *config,
                                    const struct vt_prepared *prepared, struct vt_vm *vm,
                                    struct vt_worker *worker, struct vt_end *end,
                                    const struct vt_stopping_hooks *hooks, void *data)
{
    struct vt_stopping *s = vt_calloc(1, sizeof(*s));

    *s = (struct vt_stopping){
        .config = config,
        .prepared = prepared,
        .vm = vm,
        .worker = worker,
        .end = end,
        .hooks = *hooks,
        .data = data,
    };
    vt_stop_init(&s->machine, config->grace_period, config->grace_action);
    s->timer = vt_loop_add_timer(-1, on_timer, s);
    return s;
}
