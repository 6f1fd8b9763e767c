/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/prepare.h"

#include <errno.h>
#include <pwd.h>
#include <time.h>

#include "base/log.h"
#include "host/files.h"
#include "host/loop.h"
#include "image/find.h"
#include "image/obtain.h"
#include "launcher/hardware.h"
#include "launcher/places.h"
#include "launcher/prepare_disk.h"
#include "launcher/prepare_lan.h"
#include "launcher/qemu_cache.h"
#include "launcher/rights.h"
#include "launcher/ssh_files.h"
#include "net/bridge.h"
#include "net/check.h"
#include "net/dhcp.h"
#include "net/ip6.h"
#include "net/lan_apply.h"
#include "net/listeners.h"
#include "net/mac.h"
#include "net/namespace.h"
#include "net/nat_apply.h"
#include "net/user.h"
#include "seed/iso.h"
#include "seed/password.h"
#include "vm/domain_xml.h"

#define QEMU_USER     "libvirt-qemu"
#define PASSWORD_NAME "password"
#define SEED_NOTE_MAX 4096
#define USUAL_MTU     1500U
/* RFC 8200, section 5. */
#define LEAST_MTU6 1280U

static int choose_accel(const struct vt_config *config, struct vt_accel_choice *ret,
                        struct vt_error *err)
{
    const struct passwd *user;
    struct vt_kvm_facts facts;
    int r;

    vt_kvm_facts_read(&facts);
    r = vt_accel_choose(config->accel, &facts, ret, err);
    if (r < 0)
        return r;
    if (!ret->kvm) {
        vt_kvm_withhold();
        return 0;
    }
    user = getpwnam(QEMU_USER);
    if (!user)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOENT,
                            "the container image lacks QEMU's user " QEMU_USER);
    return vt_kvm_grant(user->pw_uid, user->pw_gid, err);
}

struct vt_saved_facts vt_prepared_facts(const struct vt_prepared *prepared,
                                        const struct vt_config *config)
{
    return (struct vt_saved_facts){
        .name = config->vm_name,
        .uuid = prepared->uuid,
        .ram = config->ram,
        .cpus = config->cpus,
        .accelerator = vt_accel_name(prepared->accel.kvm ? VT_ACCEL_KVM : VT_ACCEL_TCG),
        .network = vt_network_name(prepared->network),
        .video = vt_video_name(config->video),
        .overlay = prepared->overlay_path,
    };
}

char *vt_prepared_cidr(const struct vt_prepared *prepared)
{
    uint32_t subnet = prepared->net.subnet;

    if (prepared->network == VT_NETWORK_NONE)
        return NULL;
    if (prepared->network == VT_NETWORK_USER)
        return vt_strdup(vt_ip_text(prepared->net.guest).s);
    if (prepared->net.lan)
        return vt_lan_text(prepared->net.lan);
    return vt_fmt("%u.%u.%u", subnet >> 24, subnet >> 16 & 255, subnet >> 8 & 255);
}

/*
 * What the network card tells the guest: systems that do not ask DHCP about it, too. A resumed
 * guest has the card that it had, which libvirt insists on.
 */
static unsigned card_mtu(const struct vt_prepared *p)
{
    if (p->saved.kind == VT_SAVED_FITS)
        return p->saved.mtu;
    return p->net.mtu == USUAL_MTU ? 0 : p->net.mtu;
}

/* A resumed guest has as many as it had, too. */
static unsigned serial_ports(const struct vt_prepared *p)
{
    return p->saved.kind == VT_SAVED_FITS ? p->saved.serial_ports : VT_DOMAIN_SERIAL_PORTS;
}

int vt_prepared_set_aside(struct vt_prepared *prepared, const char *reason, struct vt_error *err)
{
    VT_AUTO_FREE char *path = NULL;
    int r = vt_saved_set_aside(&prepared->saved, &prepared->data, &path, err);

    if (r < 0)
        return r;
    vt_str_replace(&prepared->saved_notice,
                   vt_fmt("the guest's saved state is not resumed, because %s; it is set aside in "
                          "%s, to be deleted when nobody needs it, and the guest boots as after a "
                          "power cut",
                          reason, path));
    prepared->card_mtu = card_mtu(prepared);
    prepared->serial_ports = serial_ports(prepared);
    if (prepared->network == VT_NETWORK_USER)
        prepared->net.guest = prepared->net.container;
    if (prepared->net.lan)
        vt_lan_forget(prepared->net.lan);
    return 0;
}

/* Before anything touches the overlay, which tells whether the saved memory still belongs to it. */
static int look_for_saved(struct vt_prepared *p, const struct vt_config *config,
                          struct vt_error *err)
{
    struct vt_saved_facts facts = vt_prepared_facts(p, config);
    int r = vt_saved_look(&p->data, &facts, &p->saved, err);

    if (r < 0)
        return r;
    if (p->saved.cut_off)
        p->saved_notice = vt_strdup("the guest was ended while it was being saved; it boots as "
                                    "after a power cut");
    if (p->saved.kind == VT_SAVED_UNFIT)
        return vt_prepared_set_aside(p, p->saved.reason, err);
    if (p->saved.kind == VT_SAVED_FITS && !config->resume)
        return vt_prepared_set_aside(p, "RESUME=no says so", err);
    p->serial_ports = serial_ports(p);
    return 0;
}

/* The guest gets IPv6 where the container has it and may hand it on. Who was the container's
 * network before may have switched forwarding on, too. */
static void plan_ip6(struct vt_prepared *p, const struct vt_net_view *view)
{
    bool switched = false;

    if (p->net.mtu < LEAST_MTU6) {
        if (view->address6_count > 0)
            p->no_ip6 = vt_fmt("the guest has IPv4 only: IPv6 needs an MTU of %u, and that of the "
                               "container's way out is %u",
                               LEAST_MTU6, p->net.mtu);
        return;
    }
    if (!vt_ip6_can_forward(view, &switched, &p->no_ip6))
        return;
    vt_net_plan_add_ip6(view, &p->net);
    p->net.no_transit6 = switched || p->net.replace;
}

/* The guest's subnet of then cannot be had: it boots, with the one that is asked for now. */
static int plan_for_boot(struct vt_prepared *p, const struct vt_config *config,
                         const struct vt_net_view *view, const char *mac, struct vt_error *err)
{
    int r = vt_prepared_set_aside(p, "the guest's network of then is taken here", err);

    vt_net_plan_done(&p->net);
    return r == 0 ? vt_net_plan_make(config, view, mac, &p->net, err) : r;
}

/* A resumed guest keeps its addresses: it has them already, and does not ask again. */
static int plan_network(struct vt_prepared *p, const struct vt_config *config,
                        const struct vt_net_view *view, const char *mac, struct vt_error *err)
{
    struct vt_config wishes = *config;
    VT_AUTO_FREE char *cidr = NULL;
    int r;

    if (p->saved.kind == VT_SAVED_FITS && p->saved.cidr)
        wishes.cidr = p->saved.cidr;
    r = vt_net_plan_make(&wishes, view, mac, &p->net, err);
    if (r == 0 && p->saved.kind == VT_SAVED_FITS) {
        cidr = vt_prepared_cidr(p);
        if (!vt_streq(cidr, p->saved.cidr ? p->saved.cidr : ""))
            r = plan_for_boot(p, config, view, mac, err);
    }
    if (r == 0)
        plan_ip6(p, view);
    return r;
}

/* passt gives a resumed guest the address that it has already, whatever the container's is now. */
static int prepare_user_network(struct vt_prepared *p, const struct vt_config *config,
                                const struct vt_net_view *view, const char *mac,
                                struct vt_error *err)
{
    const char *kept = p->saved.kind == VT_SAVED_FITS ? p->saved.cidr : NULL;

    return vt_user_plan_make(&config->ports, view, mac, kept, &p->net, err);
}

/* The container's network, with what a killed run of NETWORK=bridge took from it. */
static int view_network(const struct vt_prepared *p, struct vt_net_view *view, struct vt_error *err)
{
    int r = vt_net_view_read(view, err);

    if (r < 0 || p->network == VT_NETWORK_USER || !vt_lan_is_taken(view))
        return r;
    vt_net_view_done(view);
    r = vt_lan_give_back(err);
    return r == 0 ? vt_net_view_read(view, err) : r;
}

static int prepare_network(struct vt_prepared *p, const struct vt_config *config,
                           struct vt_error *err)
{
    VT_AUTO_FREE char *mac_path = vt_data_dir_file(&p->data, "mac");
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    char mac[VT_MAC_TEXT];
    int r;

    if (p->network == VT_NETWORK_NONE)
        return 0;
    r = view_network(p, &view, err);
    if (r == 0 && p->network == VT_NETWORK_BRIDGE)
        return vt_prepare_lan(p, &view, err);
    if (r == 0)
        r = vt_mac_load(mac_path, p->data.path, mac, err);
    if (r == 0 && p->network == VT_NETWORK_USER)
        return prepare_user_network(p, config, &view, mac, err);
    if (r == 0)
        r = plan_network(p, config, &view, mac, err);
    if (r == 0)
        p->card_mtu = card_mtu(p);
    if (r == 0)
        r = vt_bridge_make(&p->net, err);
    if (r == 0)
        r = vt_nat_apply(&p->net, &p->rules, err);
    if (r == 0)
        p->hidden = vt_listeners_hidden(&config->ports);
    if (r == 0)
        p->dhcp_pid = vt_dhcp_start(&p->net, err);
    return r < 0 ? r : (p->dhcp_pid < 0 ? p->dhcp_pid : 0);
}

/*
 * A new disk gets what OS_VARIANT says that the guest can drive; an old one keeps what it has.
 * Before the overlay is made: a start that is killed after that finds what it was made for. The
 * catalogue may know newer systems than osinfo, which is nobody's mistake.
 */
static int choose_hardware(struct vt_prepared *p, const struct vt_config *config,
                           struct vt_error *err)
{
    VT_AUTO_FREE char *nearest = NULL;
    VT_AUTO_FREE char *words = NULL;
    int r;

    if (config->os_variant)
        vt_osinfo_choose(VT_OSINFO_TABLE, config->os_variant, &p->hardware, &nearest);
    r = vt_hardware_keep(&p->data, vt_path_exists(p->overlay_path), config->os_variant,
                         &p->hardware, &p->hardware_notice, err);
    if (r < 0 || !nearest || config->image_name)
        return r;
    words = vt_hardware_words(&p->hardware, p->network != VT_NETWORK_NONE);
    vt_warning("OS_VARIANT=%s is no system that osinfo knows (the nearest is %s); the guest has "
               "the devices it would have without it: %s",
               config->os_variant, nearest, words);
    return 0;
}

/*
 * cloud-init applies a seed once per instance-id. A seed that changed since, under the same id,
 * changes nothing in the guest, and nothing there says so: remember which one an id was first used
 * with, and warn.
 */
static int note_seed(struct vt_prepared *p, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(&p->data, "seed");
    VT_AUTO_FREE char *digest = vt_seed_digest(&p->seed);
    const char *id = p->seed.instance_id ? p->seed.instance_id : "";
    VT_AUTO_FREE char *known = vt_fmt("%s\t", id);
    VT_AUTO_FREE char *line = vt_fmt("%s%s\n", known, digest);
    VT_AUTO_FREE char *old = NULL;
    int r;

    if (p->overlay.reused && vt_file_read(path, SEED_NOTE_MAX, &old, NULL) == 0 &&
        vt_startswith(old, known)) {
        p->seed_ignored = !vt_streq(old, line);
        return 0;
    }
    r = vt_file_write(path, line, strlen(line), 0644, p->data.path);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot write %s", path) : 0;
}

/* What could not be added to the seed is no reason to have no guest: say so, and go on. */
static void cannot_add(struct vt_error *err, const char *without)
{
    vt_warning("%s; so %s", err->msg, without);
    vt_error_done(err);
}

/* An SSH key of the launcher's, for `virtainer ssh`. Returns a negative errno when stopped. */
static int add_own_key(struct vt_prepared *p, const struct vt_config *config)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *key = NULL;
    int r;

    if (!p->overlay.reused)
        vt_ssh_forget_hosts(&p->data);
    if (config->own_key == VT_OWN_KEY_NO ||
        (config->own_key == VT_OWN_KEY_AUTO && vt_seed_has_key(&p->seed)))
        return 0;
    r = vt_ssh_own_key(&p->data, vt_loop_stop_fd(), &key, &err);
    if (r < 0 && r != -ECANCELED)
        cannot_add(&err, "the guest gets no key of the launcher's");
    else if (r == 0 && !vt_seed_add_key(&p->seed, key))
        vt_warning("nothing can be added to the mounted meta-data, so the guest gets no key of the "
                   "launcher's");
    return r == -ECANCELED ? r : 0;
}

/* Where the guest's address is not known there is no way for the answer. */
static bool can_be_called(const struct vt_prepared *p)
{
    return p->network == VT_NETWORK_NAT || (p->network == VT_NETWORK_BRIDGE && p->net.guest != 0);
}

static void add_phone_home(struct vt_prepared *p, const struct vt_config *config)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    /* Behind passt the guest cannot reach the launcher, nor should it the rest of the container. */
    if (!config->phone_home || !can_be_called(p) || !vt_seed_can_phone_home(&p->seed))
        return;
    if (vt_phone_home_listen(&p->phone_home, &p->net, &p->data, &err) < 0)
        cannot_add(&err, "cloud-init does not tell when it has finished");
    else
        vt_seed_add_phone_home(&p->seed, vt_phone_home_url(p->phone_home));
}

static int prepare_seed(struct vt_prepared *p, const struct vt_config *config, struct vt_error *err)
{
    p->seed_path =
        p->seed.kind == VT_SEED_READY_ISO ? p->seed.ready_iso : vt_places_seed(config, "/");
    if (p->seed.kind == VT_SEED_READY_ISO)
        return 0;
    if (note_seed(p, err) < 0)
        return -EIO;
    if (add_own_key(p, config) < 0)
        return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while the seed was made");
    add_phone_home(p, config);
    vt_cards_tell(p->net.lan, &p->data, p->overlay.reused, &p->seed, &p->cards);
    return vt_seed_iso_write(&p->seed, p->seed_path, err);
}

/*
 * The password that PASSWORD=random made for the overlay that is there, or NULL in *@ret, which the
 * caller frees: cloud-init sets a password at the first boot only, so a new one would be printed
 * and never work.
 */
static int kept_password(const struct vt_config *config, char **ret, struct vt_error *err)
{
    VT_AUTO_FREE char *overlay = vt_fmt("%s/" VT_OVERLAY_NAME, config->image_dir);
    VT_AUTO_FREE char *path = vt_data_dir_below(config->image_dir, PASSWORD_NAME);
    VT_AUTO_FREE char *text = NULL;

    if (!config->password || !vt_password_is_random(config->password) || !vt_path_exists(overlay) ||
        vt_file_read(path, 1024, &text, NULL) < 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    if (*text == '\0' || vt_password_check(text, NULL) < 0)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -EBADMSG,
                            "%s holds no password any more; remove that file, and a new one is "
                            "made, which a guest that has booted takes with another INSTANCE_ID "
                            "only",
                            path);
    *ret = VT_TAKE_PTR(text);
    return 0;
}

static int collect_seed(struct vt_prepared *p, const struct vt_config *config, struct vt_error *err)
{
    VT_AUTO_FREE char *password = NULL;
    struct vt_config wishes = *config;
    int r = kept_password(config, &password, err);

    if (r < 0)
        return r;
    if (password)
        wishes.password = password;
    return vt_seed_collect(&wishes, "", &p->seed, err);
}

static int keep_password(const struct vt_prepared *p, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(&p->data, PASSWORD_NAME);
    VT_AUTO_FREE char *line = NULL;
    int r;

    if (!p->seed.made_password)
        return 0;
    line = vt_fmt("%s\n", p->seed.made_password);
    r = vt_file_write(path, line, strlen(line), 0600, p->data.path);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot write %s", path) : 0;
}

/*
 * A guest that is larger than the container may be would be killed by the kernel in the middle of
 * its work. Limits of both cgroup versions; version 1 writes a huge number for none, version 2 a
 * word.
 */
static int check_memory_limit(const struct vt_config *config, struct vt_error *err)
{
    static const char *const paths[] = {"/sys/fs/cgroup/memory.max",
                                        "/sys/fs/cgroup/memory/memory.limit_in_bytes"};

    for (size_t i = 0; i < VT_ARRAY_SIZE(paths); i++) {
        VT_AUTO_FREE char *text = NULL, *limit_text = NULL, *ram_text = NULL;
        uint64_t limit;

        if (vt_file_read(paths[i], 64, &text, NULL) < 0)
            continue;
        text[strcspn(text, "\n")] = '\0';
        if (vt_parse_u64(text, UINT64_MAX, &limit) < 0 || config->ram < limit)
            continue;
        limit_text = vt_size_text(limit);
        ram_text = vt_size_text(config->ram);
        return vt_error_set(
            err, VT_CAUSE_MEMORY, -ENOMEM,
            "RAM asks for %s, and the container may have %s in all (--memory): give "
            "the guest less, or the container more",
            ram_text, limit_text);
    }
    return 0;
}

/* nat where it can be had, else user; where neither can, both reasons. */
static int choose_by_rights(struct vt_prepared *p, struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error no_nat = VT_ERROR_INIT;
    VT_AUTO_ERROR struct vt_error no_user = VT_ERROR_INIT;
    int r = vt_net_check(true, &no_nat);

    p->network = VT_NETWORK_NAT;
    if (r == 0)
        return 0;
    p->network = VT_NETWORK_USER;
    if (vt_user_check(&no_user) == 0) {
        p->network_reason = VT_TAKE_PTR(no_nat.msg);
        return 0;
    }
    if (vt_streq(no_nat.msg, no_user.msg)) {
        vt_error_move(err, &no_nat);
        return r;
    }
    return vt_error_set(err, VT_CAUSE_NETWORK, r, "%s; NETWORK=user is impossible too, as %s",
                        no_nat.msg, no_user.msg);
}

static int choose_network(struct vt_prepared *p, const struct vt_config *config,
                          struct vt_error *err)
{
    int r = 0;

    p->network = config->network;
    if (config->network == VT_NETWORK_NAT || config->network == VT_NETWORK_BRIDGE)
        r = vt_net_check(config->network == VT_NETWORK_NAT, err);
    else if (config->network == VT_NETWORK_USER)
        r = vt_user_check(err);
    else if (config->network == VT_NETWORK_AUTO)
        r = choose_by_rights(p, err);
    if (r == 0 && p->network == VT_NETWORK_USER)
        r = vt_user_check_wishes(config, err);
    if (r == 0 && p->network == VT_NETWORK_BRIDGE)
        r = vt_lan_check_wishes(config, err);
    return r;
}

/* What only looks: nothing is changed yet, so all that is wrong with the wishes shows here. */
static int look(struct vt_prepared *p, const struct vt_config *config, struct vt_error *err)
{
    VT_AUTO_IMAGE_SOURCE struct vt_image_source source = {0};
    int r = vt_config_check(config, err);

    if (r == 0)
        r = check_memory_limit(config, err);
    if (r == 0)
        r = choose_accel(config, &p->accel, err);
    if (r == 0)
        r = choose_network(p, config, err);
    if (r == 0 && (p->network == VT_NETWORK_NAT || p->network == VT_NETWORK_BRIDGE))
        r = vt_namespace_take(err);
    if (r == 0)
        r = collect_seed(p, config, err);
    if (r == 0 && p->seed.kind != VT_SEED_READY_ISO)
        r = vt_places_check_seed(vt_places_seed(config, "/"), err);
    if (r == 0 && !vt_overlay_stands_alone(config->image_dir))
        r = vt_image_find(config, "", &source, err);
    if (r == 0)
        r = vt_rights_check(p->network != VT_NETWORK_NONE, err);
    return r;
}

/* The changes, while libvirtd starts. The network first: a download before the NAT would lose its
 * replies to it. But the container's own only when all is downloaded. */
static int change(struct vt_prepared *p, const struct vt_config *config, struct vt_error *err)
{
    int r = vt_data_dir_mark(&p->data, err);

    if (r == 0)
        r = vt_data_dir_uuid(&p->data, &p->uuid, err);
    if (r == 0)
        r = look_for_saved(p, config, err);
    /* From this line to the next is what the network costs: bench/network.sh reads it. */
    vt_debug("libvirtd is starting");
    if (r == 0)
        r = prepare_network(p, config, err);
    vt_debug("the network is prepared");
    if (r == 0)
        r = choose_hardware(p, config, err);
    if (r == 0)
        r = vt_prepare_disk(p, config, err);
    vt_debug("the disk is prepared");
    if (r == 0)
        r = vt_take_lan(p, err);
    if (r == 0)
        r = keep_password(p, err);
    if (r == 0)
        r = prepare_seed(p, config, err);
    return r;
}

int vt_prepare(const struct vt_config *config, struct vt_prepared *ret,
               vt_daemon_callback on_daemon_restart, void *data, struct vt_error *err)
{
    int r;

    *ret = (struct vt_prepared){.hardware = VT_HARDWARE_INIT};
    ret->overlay_path = vt_fmt("%s/" VT_OVERLAY_NAME, config->image_dir);
    r = look(ret, config, err);
    if (r == 0)
        r = vt_data_dir_open(&ret->data, config->image_dir, err);
    if (r < 0)
        return r;
    vt_debug("the data directory %s is ours", config->image_dir);
    vt_qemu_cache_install(&ret->data, ret->accel.kvm);
    r = vt_daemon_start(&ret->daemon, on_daemon_restart, data, err);
    if (r == 0)
        r = change(ret, config, err);
    /* What is there of a download is worth a directory that has nothing else yet. */
    if (r < 0 && !ret->overlay.path && !vt_image_obtain_is_begun(config->image_dir))
        vt_data_dir_abandon(&ret->data);
    return r;
}
