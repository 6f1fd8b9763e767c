/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/summary.h"

#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "base/url.h"
#include "launcher/rights.h"
#include "net/user.h"

/* Those that the kernel guards by default. */
#define GUARDED_PORTS 1024

static void add_guest(struct vt_buf *out, const struct vt_config *config,
                      const struct vt_prepared *p)
{
    VT_AUTO_FREE char *ram = vt_size_text(config->ram);

    vt_buf_addf(out, "  guest    %s: %u CPU%s, %s of memory, %s\n", config->vm_name, config->cpus,
                config->cpus == 1 ? "" : "s", ram,
                p->accel.kvm ? "KVM" : "TCG (software emulation, slow)");
}

static void add_disk(struct vt_buf *out, const struct vt_config *config,
                     const struct vt_prepared *p)
{
    VT_AUTO_FREE char *url = NULL;
    VT_AUTO_FREE char *size = vt_size_text(p->overlay.virtual_size);
    VT_AUTO_FREE char *base_size = vt_size_text(p->base.virtual_size);

    if (config->image_url)
        url = vt_url_public(config->image_url);
    vt_buf_addf(out, "  disk     %s: %s, %s\n", p->overlay.path, size,
                p->overlay.reused ? "kept from an earlier run" : "new");
    if (config->image_name && p->base.path)
        vt_buf_addf(out, "  image    %s, %s%s\n", config->image_name,
                    config->image_url ? "from " : "as it was when the disk was made",
                    url ? url : "");
    if (p->base.path)
        vt_buf_addf(out, "  base     %s: %s, %s\n", p->base.path, p->base.format, base_size);
    else
        vt_buf_adds(out, "  base     none: the disk was flattened\n");
}

/* What is not virtio's, as nearly all guests have it. */
static void add_hardware(struct vt_buf *out, const struct vt_prepared *p)
{
    VT_AUTO_FREE char *words = vt_hardware_words(&p->hardware, p->network != VT_NETWORK_NONE);

    if (p->hardware.disk != VT_DISK_VIRTIO ||
        (p->network != VT_NETWORK_NONE && !vt_streq(p->hardware.network_model, "virtio")))
        vt_buf_addf(out, "  hardware %s\n", words);
}

static void add_seed(struct vt_buf *out, const struct vt_config *config,
                     const struct vt_prepared *p)
{
    const struct vt_seed *seed = &p->seed;

    vt_buf_adds(out, "  seed     ");
    if (seed->kind == VT_SEED_READY_ISO) {
        vt_buf_addf(out, "%s, as it is\n", seed->ready_iso);
        return;
    }
    vt_buf_addf(out, "user-data %s, meta-data %s", seed->user_data.origin, seed->meta_data.origin);
    if (seed->key_count > 0)
        vt_buf_addf(out, ", %zu SSH key%s", seed->key_count, seed->key_count == 1 ? "" : "s");
    if (seed->own_key)
        vt_buf_adds(out, ", the launcher's SSH key");
    if (seed->password_set)
        vt_buf_adds(out, ", a password");
    if (p->seed_path && !vt_streq(p->seed_path, config->cloud_init_disk))
        vt_buf_addf(out, ", in %s (the root file system is read-only)", p->seed_path);
    vt_buf_adds(out, "\n");
}

/* A line for each of its cards. */
static void add_lan(struct vt_buf *out, const struct vt_lan *lan)
{
    for (size_t i = 0; i < lan->count; i++) {
        const struct vt_lan_port *port = &lan->ports[i];

        vt_buf_addf(out, "  %-8s %s is the guest's, with the MAC address %s and ",
                    i == 0 ? "network" : "", port->uplink, port->mac);
        if (vt_lan_serves(port))
            vt_buf_addf(out, "the address %s", vt_net_text(port->guest, port->prefix).s);
        else
            vt_buf_addf(out, "an address from that network's DHCP%s%s",
                        port->learned ? ", the last one " : "",
                        port->learned ? vt_ip_text(port->learned).s : "");
        if (vt_lan_serves6(port))
            vt_buf_addf(out, " and %s", vt_ip6_text(&port->guest6).s);
        vt_buf_adds(out, "\n");
    }
}

/* The addresses that are the guest: a network may have those of one protocol only. */
static char *outer_addresses(const struct vt_net_plan *net)
{
    struct vt_ip_text ip4 = vt_ip_text(net->container);
    struct vt_ip6_text ip6 = vt_ip6_text(&net->container6);

    if (!net->has_ip6)
        return vt_fmt("%s is", net->container ? ip4.s : "the container's address");
    return net->container ? vt_fmt("%s and %s are", ip4.s, ip6.s) : vt_fmt("%s is", ip6.s);
}

static void add_network(struct vt_buf *out, const struct vt_config *config,
                        const struct vt_prepared *p)
{
    VT_AUTO_FREE char *ports = vt_ports_text(&config->ports);
    VT_AUTO_FREE char *outer = outer_addresses(&p->net);

    if (p->network == VT_NETWORK_NONE) {
        vt_buf_adds(out, "  network  none\n");
        return;
    }
    if (p->net.lan) {
        add_lan(out, p->net.lan);
        return;
    }
    vt_buf_addf(out, "  network  %s the guest", outer);
    if (p->net.user) {
        vt_buf_addf(out, " (passt)\n           by %s\n",
                    config->ports.count > 0 ? ports : VT_USER_PORTS);
        return;
    }
    vt_buf_addf(out, " (%s", vt_ip_text(p->net.guest).s);
    if (p->net.has_ip6)
        vt_buf_addf(out, " and %s", vt_ip6_text(&p->net.guest6).s);
    vt_buf_adds(out, " inside)\n");
    if (config->ports.count > 0)
        vt_buf_addf(out, "           by these ports only: %s\n", ports);
    if (p->net.moved) {
        vt_buf_addf(out, "           moved aside from %s,",
                    vt_net_text(p->net.wanted, VT_NET_PREFIX).s);
        vt_buf_addf(out, " which overlaps %s\n", p->net.reason);
    }
}

/* The line to type, where it is known who is let in and where. */
static void add_login(struct vt_buf *out, const struct vt_config *config,
                      const struct vt_prepared *p)
{
    if (config->ssh_user && p->network != VT_NETWORK_NONE && (p->net.container || p->net.has_ip6))
        vt_buf_addf(out, "  login    ssh %s@%s\n", config->ssh_user,
                    p->net.container ? vt_ip_text(p->net.container).s
                                     : vt_ip6_text(&p->net.container6).s);
}

static void add_saved(struct vt_buf *out, const struct vt_saved *saved)
{
    VT_AUTO_FREE char *size = vt_size_text(saved->memory_size);
    time_t at = (time_t)saved->at;
    char text[64];
    struct tm tm;

    if (saved->kind != VT_SAVED_FITS)
        return;
    (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&at, &tm));
    vt_buf_addf(out, "  start    goes on where it was on %s (%s)\n", text, size);
}

static void add_stop(struct vt_buf *out, const struct vt_config *config)
{
    const char *end = config->grace_action == VT_HOW_SAVE ? "it is saved" : "by force";

    switch (config->stop_action) {
    case VT_HOW_SAVE:
        vt_buf_adds(out, "  stop     saves the guest's memory for the next start\n");
        break;
    case VT_HOW_POWEROFF:
        vt_buf_adds(out, "  stop     cuts the guest's power\n");
        break;
    default:
        vt_buf_addf(out, "  stop     power button, and after %u s %s\n", config->grace_period, end);
        break;
    }
}

char *vt_summary_text(const struct vt_config *config, const struct vt_prepared *prepared)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    vt_buf_adds(&out, "virtainer " VT_VERSION "\n");
    add_guest(&out, config, prepared);
    add_disk(&out, config, prepared);
    add_hardware(&out, prepared);
    add_seed(&out, config, prepared);
    add_network(&out, config, prepared);
    add_login(&out, config, prepared);
    add_saved(&out, &prepared->saved);
    add_stop(&out, config);
    return vt_buf_take(&out);
}

/* @planned, but that a guest that takes the container's place may have told another. */
static uint32_t reached_at(const struct vt_net_plan *net, uint32_t planned)
{
    return net->lan ? vt_lan_address(net->lan) : planned;
}

static char *address_text(uint32_t address)
{
    return address ? vt_strdup(vt_ip_text(address).s) : NULL;
}

void vt_summary_addresses(const struct vt_prepared *prepared, struct vt_status *status)
{
    const struct vt_net_plan *net = &prepared->net;

    vt_str_replace(&status->address, address_text(reached_at(net, net->container)));
    vt_str_replace(&status->guest_address, net->user ? vt_strdup(VT_USER_WAY_IN)
                                                     : address_text(reached_at(net, net->guest)));
    status->address_pending = !status->guest_address && net->lan && vt_lan_may_learn(net->lan);
}

void vt_summary_status(const struct vt_config *config, const struct vt_prepared *prepared,
                       struct vt_status *ret)
{
    *ret = (struct vt_status){
        .phase = VT_PHASE_PREPARING,
        .name = vt_strdup(config->vm_name),
        .uuid = vt_strdup(prepared->uuid),
        .accelerator = vt_strdup(vt_accel_name(prepared->accel.kvm ? VT_ACCEL_KVM : VT_ACCEL_TCG)),
        .network = vt_strdup(vt_network_name(prepared->network)),
        .overlay = vt_strdup(prepared->overlay.path),
        .base = vt_strdup(prepared->base.path),
        .disk_bus = vt_strdup(vt_disk_bus_name(prepared->hardware.disk)),
        .ssh_user = vt_strdup(config->ssh_user),
        .ram = config->ram,
        .disk_size = prepared->overlay.virtual_size,
        .cpus = config->cpus,
        .since = time(NULL),
    };
    if (prepared->network == VT_NETWORK_NONE)
        return;
    vt_summary_addresses(prepared, ret);
    if (prepared->net.has_ip6) {
        ret->address6 = vt_strdup(vt_ip6_text(&prepared->net.container6).s);
        ret->guest_address6 = vt_strdup(vt_ip6_text(&prepared->net.guest6).s);
    }
    ret->mac = vt_strdup(prepared->net.mac);
    ret->network_card = vt_strdup(prepared->hardware.network_model);
}

static void tell_growth(const struct vt_overlay *overlay)
{
    VT_AUTO_FREE char *from = vt_size_text(overlay->grown_from);
    VT_AUTO_FREE char *to = vt_size_text(overlay->virtual_size);

    if (overlay->grown_from)
        vt_info("the guest's disk has grown from %s to %s; with cloud-init's growpart, as cloud "
                "images have it, its file system follows in this boot",
                from, to);
}

static bool has_low_udp(const struct vt_ports *ports)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->list[i].protocol == VT_PROTOCOL_UDP && ports->list[i].first < GUARDED_PORTS)
            return true;
    }
    return ports->count == 0;
}

/* passt has given its capabilities up when it opens the sockets for a client's answers. */
static void tell_unreached(const struct vt_config *config, const struct vt_prepared *prepared)
{
    if (prepared->net.user && has_low_udp(&config->ports) && vt_rights_port_is_guarded(1))
        vt_info("UDP ports below %u do not reach the guest unless the container is run with "
                "--sysctl net.ipv4.ip_unprivileged_port_start=0",
                GUARDED_PORTS);
}

void vt_summary_print(const struct vt_config *config, const struct vt_prepared *prepared)
{
    VT_AUTO_FREE char *text = vt_summary_text(config, prepared);
    const struct vt_seed *seed = &prepared->seed;

    vt_info("%s", text);
    if (prepared->accel.reason)
        vt_warning("the guest runs under software emulation, many times slower than KVM: %s",
                   prepared->accel.reason);
    if (prepared->no_ip6)
        vt_warning("%s", prepared->no_ip6);
    if (prepared->hidden)
        vt_warning("somebody listens in the container's network at %s, which lead%s to the guest: "
                   "clients reach that and not the listener; PORTS names the ports that shall lead "
                   "there",
                   prepared->hidden, strchr(prepared->hidden, ',') ? "" : "s");
    if (prepared->net.lan && prepared->net.lan->notice)
        vt_warning("%s", prepared->net.lan->notice);
    if (prepared->network_reason)
        vt_info("NETWORK=auto is user, as nat is impossible: %s", prepared->network_reason);
    tell_unreached(config, prepared);
    if (prepared->cards.notice)
        vt_warning("%s", prepared->cards.notice);
    if (prepared->hardware_notice)
        vt_info("%s", prepared->hardware_notice);
    tell_growth(&prepared->overlay);
    if (prepared->overlay.notice)
        vt_warning("%s", prepared->overlay.notice);
    for (size_t i = 0; seed->warnings[i]; i++)
        vt_warning("%s", seed->warnings[i]);
    if (prepared->seed_ignored)
        vt_warning(
            "the seed is another than at this guest's first start, but the instance-id is "
            "the same, so cloud-init will not apply it: set INSTANCE_ID=auto to have changes "
            "applied");
    if (seed->made_password)
        vt_info("the password of the image's default user is %s", seed->made_password);
}
