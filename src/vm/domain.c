/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "host/files.h"
#include "host/libvirt_error.h"
#include "host/loop.h"
#include "vm/connect.h"
#include "vm/migration.h"

#define PID_FILE "/run/libvirt/qemu/%s.pid"
/* What virsh managedsave writes, and libvirt reads at the next start by itself. */
#define MANAGED_SAVE "/var/lib/libvirt/qemu/save/%s.save"

/* How long an answer of the guest agent may take: it is somebody else's program. */
#define AGENT_TIME 2 /* s */
/* A clock that was just set may be read this much later. */
#define CLOCK_SLACK 5 /* s */

/* How many kinds of events of the guest are listened to. */
#define WATCHES 3

struct vt_vm {
    char *name;
    vt_domain_callback on_event;
    vt_domain_lost on_lost;
    void *data;
    pthread_mutex_t mutex; /* of conn: a worker makes it anew while another may use it */
    virConnectPtr conn;    /* NULL: there is none */
    unsigned connected;    /* how often; written and read on the worker */
    int watches[WATCHES];  /* of conn's events; they hold it until they are given back */
    int lost_timer;
    atomic_bool agent; /* set in the loop, read on the worker */
};

static void on_lost_timer(int timer, void *data)
{
    struct vt_vm *vm = data;

    vt_loop_update_timer(timer, -1);
    vm->on_lost(vm->data);
}

struct vt_vm *vt_vm_new(const char *name, vt_domain_callback on_event, vt_domain_lost on_lost,
                        void *data)
{
    struct vt_vm *vm = vt_calloc(1, sizeof(*vm));

    *vm = (struct vt_vm){
        .name = vt_strdup(name), .on_event = on_event, .on_lost = on_lost, .data = data};
    pthread_mutex_init(&vm->mutex, NULL);
    vm->lost_timer = vt_loop_add_timer(-1, on_lost_timer, vm);
    return vm;
}

virConnectPtr vt_vm_connection(struct vt_vm *vm)
{
    virConnectPtr conn;

    pthread_mutex_lock(&vm->mutex);
    conn = vm->conn;
    if (conn)
        (void)virConnectRef(conn);
    pthread_mutex_unlock(&vm->mutex);
    return conn;
}

/* Make @conn, which may be NULL, the connection; gives back the one before. */
static virConnectPtr exchange_connection(struct vt_vm *vm, virConnectPtr conn)
{
    virConnectPtr before;

    pthread_mutex_lock(&vm->mutex);
    before = vm->conn;
    vm->conn = conn;
    pthread_mutex_unlock(&vm->mutex);
    return before;
}

static void close_connection(virConnectPtr *conn)
{
    if (*conn)
        (void)virConnectClose(*conn);
}

#define VT_AUTO_CONNECTION VT_CLEANUP(close_connection)

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *data)
{
    struct vt_vm *vm = data;

    (void)conn;
    (void)domain;
    switch (event) {
    case VIR_DOMAIN_EVENT_STARTED:
        /* One that was restored stands still; that it runs is another event. */
        if (detail != VIR_DOMAIN_EVENT_STARTED_RESTORED)
            vm->on_event(VT_DOMAIN_RUNNING, vm->data);
        break;
    case VIR_DOMAIN_EVENT_RESUMED:
        vm->on_event(VT_DOMAIN_RUNNING, vm->data);
        break;
    case VIR_DOMAIN_EVENT_SUSPENDED:
        /* As it was read, and who did that knows whether it is to stay so. */
        if (detail == VIR_DOMAIN_EVENT_SUSPENDED_RESTORED)
            break;
        vm->on_event(detail == VIR_DOMAIN_EVENT_SUSPENDED_IOERROR ? VT_DOMAIN_PAUSED_BY_ERROR
                                                                  : VT_DOMAIN_PAUSED,
                     vm->data);
        break;
    case VIR_DOMAIN_EVENT_PMSUSPENDED:
        vm->on_event(VT_DOMAIN_PAUSED, vm->data);
        break;
    case VIR_DOMAIN_EVENT_SHUTDOWN:
        /* The host's doing is SIGTERM to QEMU: no clean end for the guest. */
        if (detail != VIR_DOMAIN_EVENT_SHUTDOWN_HOST)
            vm->on_event(VT_DOMAIN_SHUTDOWN, vm->data);
        break;
    case VIR_DOMAIN_EVENT_CRASHED:
        vm->on_event(VT_DOMAIN_CRASHED, vm->data);
        break;
    case VIR_DOMAIN_EVENT_STOPPED:
        if (detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED)
            vm->on_event(VT_DOMAIN_CRASHED, vm->data);
        if (detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN)
            vm->on_event(VT_DOMAIN_SHUTDOWN, vm->data);
        if (detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
            vm->on_event(VT_DOMAIN_DESTROYED, vm->data);
        if (detail == VIR_DOMAIN_EVENT_STOPPED_SAVED)
            vm->on_event(VT_DOMAIN_SAVED, vm->data);
        vm->on_event(VT_DOMAIN_STOPPED, vm->data);
        break;
    default:
        break;
    }
    return 0;
}

static void on_reboot(virConnectPtr conn, virDomainPtr domain, void *data)
{
    struct vt_vm *vm = data;

    (void)conn;
    (void)domain;
    vm->on_event(VT_DOMAIN_REBOOT, vm->data);
}

static void on_agent(virConnectPtr conn, virDomainPtr domain, int state, int reason, void *data)
{
    struct vt_vm *vm = data;

    (void)conn;
    (void)domain;
    (void)reason;
    atomic_store(&vm->agent, state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED);
    if (atomic_load(&vm->agent))
        vm->on_event(VT_DOMAIN_AGENT, vm->data);
}

/* On whichever thread waits for an answer: all that is done here is to wake the loop. */
static void on_close(virConnectPtr conn, int reason, void *data)
{
    const struct vt_vm *vm = data;

    (void)conn;
    (void)reason;
    vt_loop_update_timer(vm->lost_timer, 0);
}

static int watch_events(struct vt_vm *vm, virConnectPtr conn)
{
    static const struct {
        int event;
        virConnectDomainEventGenericCallback callback;
    } kinds[WATCHES] = {
        {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
        {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)},
        {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent)},
    };
    int r = virConnectRegisterCloseCallback(conn, on_close, vm, NULL);

    for (size_t i = 0; i < WATCHES; i++) {
        vm->watches[i] = virConnectDomainEventRegisterAny(conn, NULL, kinds[i].event,
                                                          kinds[i].callback, vm, NULL);
        if (vm->watches[i] < 0)
            r = -1;
    }
    return r;
}

/* What listens holds the connection: it is closed, and silent, only when that is given back. */
static void unwatch_events(struct vt_vm *vm, virConnectPtr conn)
{
    (void)virConnectUnregisterCloseCallback(conn, on_close);
    for (size_t i = 0; i < WATCHES; i++) {
        if (vm->watches[i] >= 0)
            (void)virConnectDomainEventDeregisterAny(conn, vm->watches[i]);
    }
}

int vt_vm_connect(struct vt_vm *vm, struct vt_error *err)
{
    VT_AUTO_CONNECTION virConnectPtr before = exchange_connection(vm, NULL);
    virConnectPtr conn;

    if (before)
        unwatch_events(vm, before);
    conn = vt_libvirt_connect();
    if (!conn)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot connect to libvirtd");
    if (watch_events(vm, conn) < 0) {
        int r = vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot watch libvirt's events");

        unwatch_events(vm, conn);
        (void)virConnectClose(conn);
        return r;
    }
    (void)exchange_connection(vm, conn);
    vm->connected++;
    return 0;
}

bool vt_vm_is_connected(struct vt_vm *vm)
{
    VT_AUTO_CONNECTION virConnectPtr conn = vt_vm_connection(vm);

    return conn && virConnectIsAlive(conn) == 1;
}

static void free_domain(virDomainPtr *domain)
{
    if (*domain)
        (void)virDomainFree(*domain);
}

#define VT_AUTO_DOMAIN VT_CLEANUP(free_domain)

/* A definition that an earlier run left under this name, with another UUID, would refuse ours. */
static void forget_old_definition(virConnectPtr conn, const char *name)
{
    VT_AUTO_DOMAIN virDomainPtr domain = virDomainLookupByName(conn, name);

    if (domain)
        (void)virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_NVRAM);
    virResetLastError();
}

/*
 * Hand @path to QEMU as descriptor group @group. A writable disk needs a read-only descriptor too:
 * QEMU opens it so first and upgrades when it must (auto-read-only).
 */
static int pass_file(virDomainPtr domain, const char *group, const char *path, bool writable,
                     struct vt_error *err)
{
    VT_AUTO_CLOSE int reader = open(path, O_RDONLY | O_CLOEXEC);
    VT_AUTO_CLOSE int writer = writable ? open(path, O_RDWR | O_CLOEXEC) : -1;
    int fds[] = {reader, writer};

    if (reader < 0 || (writable && writer < 0))
        return vt_error_errno(err, VT_CAUSE_IMAGE_UNREADABLE, errno, "cannot open %s", path);
    if (virDomainFDAssociate(domain, group, writable ? 2 : 1, fds, 0) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot hand %s to QEMU", path);
    return 0;
}

static int pass_files(virDomainPtr domain, const struct vt_domain_spec *spec, struct vt_error *err)
{
    int r = pass_file(domain, VT_FDGROUP_OVERLAY, spec->overlay, true, err);

    if (r == 0 && spec->base)
        r = pass_file(domain, VT_FDGROUP_BASE, spec->base, false, err);
    if (r == 0)
        r = pass_file(domain, VT_FDGROUP_SEED, spec->seed, false, err);
    return r;
}

/* Make libvirt know the guest, with its files open. The caller frees *@ret, also after an error. */
static int define(virConnectPtr conn, const struct vt_domain_spec *spec, const char *xml,
                  virDomainPtr *ret, struct vt_error *err)
{
    if (!conn)
        return vt_error_set(err, VT_CAUSE_LIBVIRT, -ENOTCONN, "libvirtd is not running");
    forget_old_definition(conn, spec->name);
    *ret = virDomainDefineXML(conn, xml);
    if (!*ret)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "libvirt refuses the guest %s", spec->name);
    return pass_files(*ret, spec, err);
}

/* libvirt would go on from it also where the overlay was changed since, and destroy the guest. */
static void set_managed_save_aside(const char *name)
{
    VT_AUTO_FREE char *path = vt_fmt(MANAGED_SAVE, name);
    VT_AUTO_FREE char *aside = vt_fmt("%s.set-aside", path);

    if (rename(path, aside) == 0)
        vt_debug("libvirt's managed save is now %s", aside);
}

int vt_vm_start(struct vt_vm *vm, const struct vt_domain_spec *spec, struct vt_error *err)
{
    VT_AUTO_FREE char *xml = vt_domain_xml(spec);
    VT_AUTO_CONNECTION virConnectPtr conn = vt_vm_connection(vm);
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    int r = define(conn, spec, xml, &domain, err);

    if (r < 0)
        return r;
    set_managed_save_aside(vm->name);
    if (virDomainCreate(domain) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest %s does not start", vm->name);
    return 0;
}

/*
 * libvirt's "sparse" format has each page of memory at its own place in a file with holes: written
 * and read without passing through a pipe, by several threads of QEMU's.
 */
#if LIBVIR_CHECK_VERSION(11, 2, 0)
#    define MOST_CHANNELS 4

struct memory_file {
    virTypedParameterPtr params;
    int count;
    int capacity;
};

static void free_memory_file(struct memory_file *file)
{
    virTypedParamsFree(file->params, file->count);
}

static int add_text(struct memory_file *file, const char *name, const char *text)
{
    return virTypedParamsAddString(&file->params, &file->count, &file->capacity, name, text);
}

static int describe_memory_file(struct memory_file *file, const char *path)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int channels = processors < 1               ? 1
                   : processors < MOST_CHANNELS ? (int)processors
                                                : MOST_CHANNELS;

    if (add_text(file, VIR_DOMAIN_SAVE_PARAM_FILE, path) < 0)
        return -1;
    return virTypedParamsAddInt(&file->params, &file->count, &file->capacity,
                                VIR_DOMAIN_SAVE_PARAM_PARALLEL_CHANNELS, channels);
}

static int save_to(virDomainPtr domain, const char *path)
{
    VT_CLEANUP(free_memory_file) struct memory_file file = {0};

    if (describe_memory_file(&file, path) < 0 ||
        add_text(&file, VIR_DOMAIN_SAVE_PARAM_IMAGE_FORMAT, "sparse") < 0)
        return -1;
    return virDomainSaveParams(domain, file.params, file.count, 0);
}

static int restore_from(virConnectPtr conn, const char *path, const char *xml)
{
    VT_CLEANUP(free_memory_file) struct memory_file file = {0};

    if (describe_memory_file(&file, path) < 0 ||
        add_text(&file, VIR_DOMAIN_SAVE_PARAM_DXML, xml) < 0)
        return -1;
    return virDomainRestoreParams(conn, file.params, file.count, VIR_DOMAIN_SAVE_PAUSED);
}
#else
static int save_to(virDomainPtr domain, const char *path)
{
    return virDomainSaveFlags(domain, path, NULL, 0);
}

static int restore_from(virConnectPtr conn, const char *path, const char *xml)
{
    return virDomainRestoreFlags(conn, path, xml, VIR_DOMAIN_SAVE_PAUSED);
}
#endif

int vt_vm_restore(struct vt_vm *vm, const struct vt_domain_spec *spec, const char *path,
                  struct vt_error *err)
{
    VT_AUTO_FREE char *xml = vt_domain_xml(spec);
    VT_AUTO_CONNECTION virConnectPtr conn = vt_vm_connection(vm);
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    int r = define(conn, spec, xml, &domain, err);

    if (r < 0)
        return r;
    if (restore_from(conn, path, xml) < 0) {
        /* How libvirt says that the devices then and now are not the same. */
        r = virGetLastErrorCode() == VIR_ERR_CONFIG_UNSUPPORTED ? -ESTALE : -EIO;
        (void)vt_error_libvirt(err, VT_CAUSE_STATE, "cannot resume the guest from %s", path);
    }
    return r;
}

pid_t vt_vm_qemu_pid(const char *name)
{
    VT_AUTO_FREE char *path = vt_fmt(PID_FILE, name);
    VT_AUTO_FREE char *text = NULL;
    uint64_t pid;
    int r = vt_file_read(path, 64, &text, NULL);

    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    r = vt_parse_u64(text, INT32_MAX, &pid);
    return r < 0 ? r : (pid_t)pid;
}

static int lookup(struct vt_vm *vm, virDomainPtr *ret, struct vt_error *err)
{
    VT_AUTO_CONNECTION virConnectPtr conn = vt_vm_connection(vm);

    if (!conn)
        return vt_error_set(err, VT_CAUSE_LIBVIRT, -ENOTCONN, "libvirtd is not running");
    *ret = virDomainLookupByName(conn, vm->name);
    if (!*ret)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot find the guest %s", vm->name);
    return 0;
}

/* Have libvirt do one thing with the guest. @failure says, as half a sentence, that it does not. */
static int order(struct vt_vm *vm, int (*what)(virDomainPtr domain), const char *failure,
                 struct vt_error *err)
{
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    int r = lookup(vm, &domain, err);

    if (r < 0)
        return r;
    return what(domain) < 0 ? vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "%s", failure) : 0;
}

static int press_power_button(virDomainPtr domain)
{
    return virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
}

int vt_vm_press_power_button(struct vt_vm *vm, struct vt_error *err)
{
    return order(vm, press_power_button, "cannot press the guest's power button", err);
}

int vt_vm_continue(struct vt_vm *vm, struct vt_error *err)
{
    return order(vm, virDomainResume, "cannot let the guest go on", err);
}

int vt_vm_cancel_save(struct vt_vm *vm, struct vt_error *err)
{
    return order(vm, virDomainAbortJob, "the save could not be broken off", err);
}

int vt_vm_save(struct vt_vm *vm, const char *path, struct vt_error *err)
{
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    int r = lookup(vm, &domain, err);

    /* The libvirtd before this one may have died over a save. */
    if (r == 0 && vm->connected > 1)
        r = vt_migration_clear(domain, err);
    if (r < 0)
        return r;
    if (save_to(domain, path) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest could not be saved");
    return 0;
}

bool vt_vm_is_paused(struct vt_vm *vm)
{
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    int state = VIR_DOMAIN_NOSTATE;

    return lookup(vm, &domain, NULL) == 0 && virDomainGetState(domain, &state, NULL, 0) == 0 &&
           state == VIR_DOMAIN_PAUSED;
}

uint64_t vt_vm_qemu_version(struct vt_vm *vm)
{
    VT_AUTO_CONNECTION virConnectPtr conn = vt_vm_connection(vm);
    unsigned long version = 0;

    return conn && virConnectGetVersion(conn, &version) == 0 ? version : 0;
}

bool vt_vm_has_agent(const struct vt_vm *vm)
{
    return atomic_load(&vm->agent);
}

static int lookup_with_agent(struct vt_vm *vm, virDomainPtr *ret, struct vt_error *err)
{
    int r = lookup(vm, ret, err);

    if (r < 0)
        return r;
    if (virDomainAgentSetResponseTimeout(*ret, AGENT_TIME, 0) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot limit the wait for the guest agent");
    return 0;
}

int vt_vm_shut_down_by_agent(struct vt_vm *vm, struct vt_error *err)
{
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    int r = lookup_with_agent(vm, &domain, err);

    if (r < 0)
        return r;
    if (virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_GUEST_AGENT) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest agent does not shut down");
    return 0;
}

static bool has_time(virDomainPtr domain, int64_t time)
{
    long long seconds = 0;
    unsigned nanoseconds;

    return virDomainGetTime(domain, &seconds, &nanoseconds, 0) == 0 &&
           seconds >= time - CLOCK_SLACK && seconds <= time + CLOCK_SLACK;
}

int vt_vm_set_clock_by_agent(struct vt_vm *vm, struct vt_error *err)
{
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    struct timespec now;
    int r = lookup_with_agent(vm, &domain, err);

    if (r < 0)
        return r;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (virDomainSetTime(domain, now.tv_sec, (unsigned)now.tv_nsec, 0) == 0)
        return 0;
    r = vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest agent does not set the clock");
    /* It sets the system's clock first, and fails then where no hwclock is for the other one. */
    if (!has_time(domain, now.tv_sec))
        return r;
    vt_error_done(err);
    return 0;
}

/* The terminal that QEMU made for the console of @domain, ready to be typed on, or -1. */
static int open_tty(virDomainPtr domain)
{
    VT_AUTO_FREE char *xml = virDomainGetXMLDesc(domain, 0);
    VT_AUTO_FREE char *path = xml ? vt_domain_console_path(xml) : NULL;

    return path ? open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;
}

int vt_vm_open_console(struct vt_vm *vm, virStreamPtr *ret, int *ret_tty, struct vt_error *err)
{
    VT_AUTO_DOMAIN virDomainPtr domain = NULL;
    virStreamPtr stream;
    int r = lookup(vm, &domain, err);

    if (r < 0)
        return r;
    stream = virStreamNew(virDomainGetConnect(domain), VIR_STREAM_NONBLOCK);
    if (!stream)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot make a stream");
    if (virDomainOpenConsole(domain, NULL, stream, 0) < 0) {
        r = virGetLastErrorCode() == VIR_ERR_OPERATION_FAILED ? -EBUSY : -EIO;
        (void)vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot open the guest's console");
        (void)virStreamFree(stream);
        return r;
    }
    *ret_tty = open_tty(domain);
    if (*ret_tty < 0) {
        (void)virStreamAbort(stream);
        (void)virStreamFree(stream);
        return vt_error_set(err, VT_CAUSE_LIBVIRT, -EIO, "cannot open the guest's terminal");
    }
    *ret = stream;
    return 0;
}
