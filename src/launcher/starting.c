/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/starting.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "launcher/terminal.h"
#include "net/bridge.h"
#include "net/network.h"
#include "net/user.h"

#define EMULATOR "/usr/bin/qemu-system-x86_64"

/* A QEMU that is reading a guest's memory and ended has this long to be noticed by libvirt, which
 * can miss it. */
#define NOTICE_TIME 5000 /* ms */

/* Whether a stop may still overtake the start: not when the guest's memory is used up. */
enum gate { OPEN, PASSED, SHUT };

struct start {
    struct vt_prepared *prepared;
    struct vt_vm *vm;
    struct vt_domain_spec spec;
    struct vt_domain_card cards[VT_LAN_PORTS]; /* spec's */
    atomic_int gate;
    atomic_bool reading; /* QEMU reads the guest's memory */
    bool unfit;          /* the guest's memory does not fit after all, for the reason in err */
    int result;
    struct vt_error err;
};

/* Bring the gate from open to @to; whoever is first has it. */
static bool turn_gate(struct start *start, enum gate to)
{
    int open = OPEN;

    return atomic_compare_exchange_strong(&start->gate, &open, to);
}

/* The guest from its saved memory: it runs from the moment in which that is used up. */
static int resume(struct start *start)
{
    struct vt_saved *saved = &start->prepared->saved;
    int r;

    atomic_store(&start->reading, true);
    r = vt_vm_restore(start->vm, &start->spec, saved->memory, &start->err);
    atomic_store(&start->reading, false);
    start->unfit = r == -ESTALE;
    vt_debug("QEMU has read the guest's memory");
    if (r == 0 && !turn_gate(start, PASSED))
        return -ECANCELED;
    if (r == 0)
        r = vt_saved_consume(saved, &start->prepared->data, &start->err);
    if (r == 0 && !saved->paused)
        r = vt_vm_continue(start->vm, &start->err);
    if (r == 0)
        vt_saved_forget(saved, &start->prepared->data);
    return r;
}

/* Another QEMU reads the memory of this one only by luck. */
static int check_qemu_version(struct start *start)
{
    if (vt_vm_qemu_version(start->vm) == start->prepared->saved.qemu_version)
        return 0;
    start->unfit = true;
    return vt_error_set(&start->err, VT_CAUSE_STATE, -ESTALE, "another version of QEMU wrote it");
}

/* What libvirt says of it may pass (no memory now) or not (a damaged file): the person decides. */
static int explain_no_resume(struct start *start, int r)
{
    VT_AUTO_FREE char *why = VT_TAKE_PTR(start->err.msg);

    return vt_error_set(&start->err, VT_CAUSE_STATE, r,
                        "%s; it is kept: start again, or with RESUME=no to set it aside and boot",
                        why);
}

static int start_or_resume(struct start *start)
{
    int r;

    if (start->prepared->saved.kind != VT_SAVED_FITS) {
        r = vt_vm_start(start->vm, &start->spec, &start->err);
        if (r == 0)
            vt_cards_note(&start->prepared->cards, &start->prepared->data);
        return r;
    }
    r = check_qemu_version(start);
    if (r == 0)
        r = resume(start);
    return r == 0 || r == -ECANCELED || start->unfit ? r : explain_no_resume(start, r);
}

static int start_network(const struct start *start, struct vt_error *err)
{
    virConnectPtr conn = vt_vm_connection(start->vm);
    int r = vt_network_start(conn, &start->prepared->net, err);

    if (conn)
        (void)virConnectClose(conn);
    return r;
}

static void run_on_worker(void *data)
{
    struct start *start = data;

    start->result = start_or_resume(start);
    if (start->result == 0 && start->prepared->network == VT_NETWORK_NAT)
        start->result = vt_bridge_hairpin(&start->prepared->net, &start->err);
}

static void start_on_worker(void *data)
{
    struct start *start = data;

    start->result = vt_vm_connect(start->vm, &start->err);
    vt_debug("libvirtd answers");
    if (start->result == 0 && start->prepared->network == VT_NETWORK_NAT)
        start->result = start_network(start, &start->err);
    if (start->result == 0)
        run_on_worker(start);
}

/* One card for each network that the guest takes over. */
static size_t describe_cards(const struct vt_lan *lan, struct vt_domain_card *cards)
{
    for (size_t i = 0; lan && i < lan->count; i++) {
        cards[i] = (struct vt_domain_card){
            .bridge = lan->ports[i].bridge,
            .mac = lan->ports[i].mac,
            .mtu = lan->ports[i].card_mtu,
        };
    }
    return lan ? lan->count : 0;
}

static void describe(const struct vt_config *config, struct start *start)
{
    const struct vt_prepared *p = start->prepared;

    start->spec = (struct vt_domain_spec){
        .name = config->vm_name,
        .uuid = p->uuid,
        .os_variant = config->os_variant,
        .hardware = p->hardware,
        .ram = config->ram,
        .cpus = config->cpus,
        .kvm = p->accel.kvm,
        .kvm_emulated = p->accel.emulated,
        .emulator = EMULATOR,
        .overlay = p->overlay.path,
        .base = p->base.path,
        .base_format = p->base.format,
        .seed = p->seed_path,
        .vga = config->video == VT_VIDEO_VGA,
        .network = p->network == VT_NETWORK_NAT ? VT_NETWORK_NAME : NULL,
        .passt = p->network == VT_NETWORK_USER,
        .cards = start->cards,
        .card_count = describe_cards(p->net.lan, start->cards),
        .mac = p->network != VT_NETWORK_NONE ? p->net.mac : NULL,
        .mtu = p->card_mtu,
        .serial_ports = p->serial_ports,
        .console_log = VT_CONSOLE_PIPE,
    };
}

static void nothing(void *data)
{
    (void)data;
}

/* QEMU has ended while it was to read the guest's memory. */
static int patience(void *data)
{
    const struct start *start = data;
    pid_t pid = vt_vm_qemu_pid(start->spec.name);

    return atomic_load(&start->reading) && pid > 0 && kill(pid, 0) < 0 && errno == ESRCH
               ? NOTICE_TIME
               : -1;
}

enum { DONE, STOPPED, NO_LIBVIRTD }; /* what vt_worker_call() says with these descriptors */

/* Wait for what @work does, or for a stop that is in time, or for what ends it. */
static int wait_for_start(struct start *start, struct vt_worker *worker, vt_work work)
{
    const int abort_fds[] = {vt_loop_stop_fd(), vt_daemon_fd(start->prepared->daemon)};
    struct vt_worker_limits limits = {abort_fds, VT_ARRAY_SIZE(abort_fds), patience, start};
    int ended = vt_worker_call(worker, work, start, &limits);

    if (ended != STOPPED || turn_gate(start, SHUT))
        return ended;
    /* The guest is about to run: the loop answers the signal, which still waits there. */
    limits = (struct vt_worker_limits){abort_fds + 1, 1, NULL, NULL};
    return vt_worker_call(worker, nothing, NULL, &limits) == 0 ? DONE : NO_LIBVIRTD;
}

static int why_it_ended(const struct start *start, int ended, struct vt_error *err)
{
    VT_AUTO_FREE char *words = NULL;

    if (ended == STOPPED)
        return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped before the guest was started");
    if (ended == -ETIMEDOUT)
        return vt_error_set(
            err, VT_CAUSE_STATE, -EIO,
            "QEMU ended while it read the guest's memory from %s; it is kept: start "
            "again, or with RESUME=no to set it aside and boot",
            start->prepared->saved.memory);
    words = vt_daemon_last_words();
    return vt_error_set(err, VT_CAUSE_LIBVIRT, -EIO, "libvirtd ended while it started: %s", words);
}

/* passt, as late as can be: a connection from outside that comes before QEMU's makes it fail (seen
 * in 2025_05_03), and it is watched over only when the guest runs. Not by the worker, as whoever
 * waits for that reaps all children. */
static int start_passt(struct vt_prepared *prepared, struct vt_error *err)
{
    if (prepared->network != VT_NETWORK_USER)
        return 0;
    prepared->passt_pid = vt_user_start(&prepared->net, vt_loop_stop_fd(), err);
    return prepared->passt_pid < 0 ? prepared->passt_pid : 0;
}

/* The guest's memory, which only libvirt could tell, does not fit: set it aside. The network was
 * made for it, and is now what a boot has. */
static int turn_to_boot(struct start *start, const struct vt_config *config)
{
    VT_AUTO_FREE char *reason = VT_TAKE_PTR(start->err.msg);
    struct vt_prepared *prepared = start->prepared;
    int r = vt_prepared_set_aside(prepared, reason, &start->err);

    if (r == 0 && prepared->network == VT_NETWORK_USER) {
        vt_user_end(prepared->passt_pid);
        r = start_passt(prepared, &start->err);
    }
    describe(config, start);
    return r;
}

int vt_start_guest(const struct vt_config *config, struct vt_prepared *prepared, struct vt_vm *vm,
                   struct vt_worker *worker, struct vt_error *err)
{
    struct start *start;
    int ended, r = start_passt(prepared, err);

    if (r < 0)
        return r;
    /* Not freed when the wait ends early: the worker still has it, and the process ends. */
    start = vt_calloc(1, sizeof(*start));
    start->prepared = prepared;
    start->vm = vm;
    describe(config, start);
    ended = wait_for_start(start, worker, start_on_worker);
    if (ended == DONE && start->unfit) {
        start->result = turn_to_boot(start, config);
        if (start->result == 0)
            ended = wait_for_start(start, worker, run_on_worker);
    }
    if (ended != DONE)
        return why_it_ended(start, ended, err);
    r = start->result;
    vt_error_move(err, &start->err);
    free(start);
    return r;
}
