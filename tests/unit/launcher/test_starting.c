/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/starting.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"
#include "host/loop.h"
#include "net/netlink.h"
#include "net/network.h"

#define OLD_ADDRESS  0xac110005U /* of the container in which the guest was saved */
#define NEW_ADDRESS  0xac110002U
#define QEMU_VERSION 10000002U

/* What was done, a word each. */
static struct vt_buf done = VT_BUF_INIT(4096);
static int restore_says;
static int idle_fd; /* never readable */
static struct vt_worker *worker;

/* ---- libvirt and passt, which are not here ---- */

int __wrap_vt_daemon_fd(const struct vt_daemon *daemon);
int __wrap_vt_vm_connect(struct vt_vm *vm, struct vt_error *err);
virConnectPtr __wrap_vt_vm_connection(struct vt_vm *vm);
uint64_t __wrap_vt_vm_qemu_version(struct vt_vm *vm);
int __wrap_vt_vm_restore(struct vt_vm *vm, const struct vt_domain_spec *spec, const char *path,
                         struct vt_error *err);
int __wrap_vt_vm_continue(struct vt_vm *vm, struct vt_error *err);
int __wrap_vt_vm_start(struct vt_vm *vm, const struct vt_domain_spec *spec, struct vt_error *err);
int __wrap_vt_network_start(virConnectPtr conn, const struct vt_net_plan *plan,
                            struct vt_error *err);
int __wrap_vt_bridge_hairpin(const struct vt_net_plan *plan, struct vt_error *err);
pid_t __wrap_vt_user_start(const struct vt_net_plan *plan, int cancel_fd, struct vt_error *err);
void __wrap_vt_user_end(pid_t pid);
int __wrap_vt_netlink_open(struct vt_netlink *ret, struct vt_error *err);

/* No route of this machine's is touched. */
int __wrap_vt_netlink_open(struct vt_netlink *ret, struct vt_error *err)
{
    (void)ret;
    return vt_error_set(err, VT_CAUSE_NETWORK, -EPERM, "no netlink here");
}

int __wrap_vt_daemon_fd(const struct vt_daemon *daemon)
{
    (void)daemon;
    return idle_fd;
}

int __wrap_vt_vm_connect(struct vt_vm *vm, struct vt_error *err)
{
    (void)vm;
    (void)err;
    return 0;
}

virConnectPtr __wrap_vt_vm_connection(struct vt_vm *vm)
{
    (void)vm;
    return NULL;
}

uint64_t __wrap_vt_vm_qemu_version(struct vt_vm *vm)
{
    (void)vm;
    return QEMU_VERSION;
}

int __wrap_vt_vm_restore(struct vt_vm *vm, const struct vt_domain_spec *spec, const char *path,
                         struct vt_error *err)
{
    (void)vm;
    vt_buf_addf(&done, " restore(%smtu %u, %u ports)", vt_path_exists(path) ? "" : "of nothing, ",
                spec->mtu, spec->serial_ports);
    return restore_says < 0
               ? vt_error_set(err, VT_CAUSE_STATE, restore_says, "libvirt does not like it")
               : 0;
}

int __wrap_vt_vm_continue(struct vt_vm *vm, struct vt_error *err)
{
    (void)vm;
    (void)err;
    vt_buf_adds(&done, " continue");
    return 0;
}

int __wrap_vt_vm_start(struct vt_vm *vm, const struct vt_domain_spec *spec, struct vt_error *err)
{
    (void)vm;
    (void)err;
    vt_buf_addf(&done, " start(mtu %u, %u ports)", spec->mtu, spec->serial_ports);
    for (size_t i = 0; i < spec->card_count; i++)
        vt_buf_addf(&done, " %s on %s", spec->cards[i].mac, spec->cards[i].bridge);
    return 0;
}

int __wrap_vt_network_start(virConnectPtr conn, const struct vt_net_plan *plan,
                            struct vt_error *err)
{
    (void)conn;
    (void)plan;
    (void)err;
    vt_buf_adds(&done, " network");
    return 0;
}

int __wrap_vt_bridge_hairpin(const struct vt_net_plan *plan, struct vt_error *err)
{
    (void)plan;
    (void)err;
    vt_buf_adds(&done, " hairpin");
    return 0;
}

pid_t __wrap_vt_user_start(const struct vt_net_plan *plan, int cancel_fd, struct vt_error *err)
{
    static pid_t last = 1000;

    assert_int_equal(cancel_fd, vt_loop_stop_fd());
    (void)err;
    vt_buf_addf(&done, " passt(%s)", vt_ip_text(plan->guest).s);
    return ++last;
}

void __wrap_vt_user_end(pid_t pid)
{
    assert_true(pid > 1000);
    vt_buf_adds(&done, " end-passt");
}

/* ---- a guest that was saved ---- */

static int set_up(void **state)
{
    (void)state;
    idle_fd = eventfd(0, EFD_CLOEXEC);
    return vt_loop_init(NULL) < 0 || vt_worker_new(&worker, NULL) < 0 ? -1 : 0;
}

static int make_saved(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(in_dir(".virtainer"), 0755) < 0 ||
        mkdir(in_dir(".virtainer/saved"), 0755) < 0)
        return -1;
    put_text(in_dir(".virtainer/saved/memory"), "x");
    vt_buf_done(&done);
    done = (struct vt_buf)VT_BUF_INIT(4096);
    restore_says = 0;
    return 0;
}

#define WITH_SAVED(test) cmocka_unit_test_setup_teardown(test, make_saved, remove_test_dir)

/* What vt_prepare() makes of it: the guest gets what it had. */
static struct vt_prepared saved_guest(enum vt_network network)
{
    bool user = network == VT_NETWORK_USER;

    return (struct vt_prepared){
        .hardware = VT_HARDWARE_INIT,
        .data = {.path = vt_strdup(test_dir), .state = vt_strdup(in_dir(".virtainer")), .lock = -1},
        .network = network,
        .net = {.user = user,
                .guest = OLD_ADDRESS,
                .container = NEW_ADDRESS,
                .mtu = user ? 0 : 9000},
        .card_mtu = user ? 0 : 1400,
        .serial_ports = 31,
        .saved = {.kind = VT_SAVED_FITS,
                  .dir = vt_strdup(in_dir(".virtainer/saved")),
                  .memory = vt_strdup(in_dir(".virtainer/saved/memory")),
                  .qemu_version = QEMU_VERSION,
                  .mtu = user ? 0 : 1400,
                  .serial_ports = 31},
    };
}

/* Start @p and assert what was done for it; nothing is kept of @p. */
static void assert_done(struct vt_prepared *p, const char *what)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CONFIG struct vt_config config;

    vt_config_init(&config);
    if (vt_start_guest(&config, p, NULL, worker, &err) != 0)
        fail_msg("%s", err.msg);
    assert_string_equal(vt_buf_str(&done), what);
}

static void release(struct vt_prepared *p)
{
    free(p->data.path);
    free(p->data.state);
    free(p->saved_notice);
    vt_saved_done(&p->saved);
}

#define AUTO_PREPARED VT_CLEANUP(release)

static void what_fits_keeps_its_network(void **state)
{
    AUTO_PREPARED struct vt_prepared nat = saved_guest(VT_NETWORK_NAT);

    (void)state;
    assert_done(&nat, " network restore(mtu 1400, 31 ports) continue hairpin");
    assert_int_equal(nat.card_mtu, 1400);
    assert_null(nat.saved_notice);
}

static void a_guest_in_the_containers_place_has_its_cards(void **state)
{
    AUTO_PREPARED struct vt_prepared bridge = saved_guest(VT_NETWORK_BRIDGE);
    struct vt_lan lan = {.count = 2,
                         .ports = {{.bridge = "virbr1", .mac = "02:42:ac:11:00:02"},
                                   {.bridge = "virbr2", .mac = "02:42:0a:00:00:02"}}};

    (void)state;
    vt_net_plan_of_lan(&lan, &bridge.net);
    bridge.saved.kind = VT_SAVED_NONE;
    bridge.card_mtu = 0;
    bridge.serial_ports = 2;
    assert_done(&bridge,
                " start(mtu 0, 2 ports) 02:42:ac:11:00:02 on virbr1 02:42:0a:00:00:02 on virbr2");
}

/* The address is the system's that was saved; the cards are the guest's. */
static void another_qemu_boots_without_what_was_learned(void **state)
{
    AUTO_PREPARED struct vt_prepared bridge = saved_guest(VT_NETWORK_BRIDGE);
    struct vt_lan lan = {
        .count = 1,
        .ports = {{.bridge = "virbr1", .mac = "02:42:ac:11:00:99", .learned = OLD_ADDRESS}}};

    (void)state;
    vt_net_plan_of_lan(&lan, &bridge.net);
    bridge.card_mtu = 0;
    bridge.saved.mtu = 0;
    bridge.saved.qemu_version--;
    assert_done(&bridge, " start(mtu 0, 2 ports) 02:42:ac:11:00:99 on virbr1");
    assert_int_equal(vt_lan_address(&lan), 0);
}

static void what_fits_keeps_its_address(void **state)
{
    AUTO_PREPARED struct vt_prepared user = saved_guest(VT_NETWORK_USER);

    (void)state;
    assert_done(&user, " passt(172.17.0.5) restore(mtu 0, 31 ports) continue");
    assert_int_equal(user.net.guest, OLD_ADDRESS);
}

/* What it was saved with is known to be of no use only when libvirtd answers. */
static void another_qemu_boots_with_the_mtu_of_now(void **state)
{
    AUTO_PREPARED struct vt_prepared nat = saved_guest(VT_NETWORK_NAT);

    (void)state;
    nat.saved.qemu_version--;
    assert_done(&nat, " network start(mtu 9000, 2 ports) hairpin");
    /* which the next save writes down */
    assert_int_equal(nat.card_mtu, 9000);
    assert_non_null(strstr(nat.saved_notice, "because another version of QEMU wrote it"));
    assert_false(vt_path_exists(in_dir(".virtainer/saved")));
}

static void the_usual_mtu_is_not_told(void **state)
{
    AUTO_PREPARED struct vt_prepared nat = saved_guest(VT_NETWORK_NAT);

    (void)state;
    nat.saved.qemu_version--;
    nat.net.mtu = 1500;
    assert_done(&nat, " network start(mtu 0, 2 ports) hairpin");
}

static void another_qemu_boots_at_the_address_of_now(void **state)
{
    AUTO_PREPARED struct vt_prepared user = saved_guest(VT_NETWORK_USER);

    (void)state;
    user.saved.qemu_version--;
    assert_done(&user, " passt(172.17.0.5) end-passt passt(172.17.0.2) start(mtu 0, 2 ports)");
    assert_int_equal(user.net.guest, NEW_ADDRESS);
}

static void so_do_other_devices(void **state)
{
    AUTO_PREPARED struct vt_prepared user = saved_guest(VT_NETWORK_USER);

    (void)state;
    restore_says = -ESTALE;
    assert_done(&user, " passt(172.17.0.5) restore(mtu 0, 31 ports) end-passt passt(172.17.0.2) "
                       "start(mtu 0, 2 ports)");
    assert_non_null(strstr(user.saved_notice, "because libvirt does not like it"));
}

static void what_cannot_be_read_is_kept(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    AUTO_PREPARED struct vt_prepared nat = saved_guest(VT_NETWORK_NAT);
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    restore_says = -EIO;
    assert_int_equal(vt_start_guest(&config, &nat, NULL, worker, &err), -EIO);
    assert_int_equal(err.cause, VT_CAUSE_STATE);
    assert_non_null(strstr(err.msg, "libvirt does not like it; it is kept: start again"));
    assert_true(vt_path_exists(in_dir(".virtainer/saved/memory")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SAVED(what_fits_keeps_its_network),
        WITH_SAVED(a_guest_in_the_containers_place_has_its_cards),
        WITH_SAVED(another_qemu_boots_without_what_was_learned),
        WITH_SAVED(what_fits_keeps_its_address),
        WITH_SAVED(another_qemu_boots_with_the_mtu_of_now),
        WITH_SAVED(the_usual_mtu_is_not_told),
        WITH_SAVED(another_qemu_boots_at_the_address_of_now),
        WITH_SAVED(so_do_other_devices),
        WITH_SAVED(what_cannot_be_read_is_kept),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
