/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/domain_xml.h"

#include <inttypes.h>

#include "base/xml.h"

/* Our own element in <metadata>: what the person said the guest's system is. */
#define METADATA_NAMESPACE "urn:virtainer:domain:1"
/* libosinfo's, as virt-install and virt-manager write it, for their like to read. */
#define OSINFO_NAMESPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"

#define MIB (UINT64_C(1) << 20)

static void add_metadata(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    if (!spec->os_variant)
        return;
    vt_xml_begin(xml, "metadata");
    vt_xml_empty(xml, "virtainer:os", "xmlns:virtainer", METADATA_NAMESPACE, "variant",
                 spec->os_variant, NULL);
    if (spec->hardware.os_id) {
        vt_xml_begin(xml, "libosinfo:libosinfo");
        vt_xml_attr(xml, "xmlns:libosinfo", OSINFO_NAMESPACE);
        vt_xml_empty(xml, "libosinfo:os", "id", spec->hardware.os_id, NULL);
        vt_xml_end(xml, "libosinfo:libosinfo");
    }
    vt_xml_end(xml, "metadata");
}

static void add_cpu(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    vt_xml_begin(xml, "cpu");
    vt_xml_attr(xml, "mode", spec->kvm ? "host-passthrough" : "maximum");
    vt_xml_attr(xml, "check", "none");
    /* QEMU ends at once where KVM shows this register (MSR 0x10a) and cannot set it. */
    if (spec->kvm_emulated)
        vt_xml_empty(xml, "feature", "policy", "disable", "name", "arch-capabilities", NULL);
    vt_xml_end(xml, "cpu");
}

static void add_memory_and_cpus(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    VT_AUTO_FREE char *mebibytes = vt_fmt("%" PRIu64, spec->ram / MIB);

    vt_xml_begin(xml, "memory");
    vt_xml_attr(xml, "unit", "MiB");
    vt_xml_end_text(xml, "memory", mebibytes);
    vt_xml_textf(xml, "vcpu", "%u", spec->cpus);
    add_cpu(xml, spec);
}

static void add_os(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    vt_xml_begin(xml, "os");
    vt_xml_begin(xml, "type");
    vt_xml_attr(xml, "arch", "x86_64");
    /* The newer chipset has no IDE. */
    vt_xml_attr(xml, "machine", spec->hardware.disk == VT_DISK_IDE ? "pc" : "q35");
    vt_xml_end_text(xml, "type", "hvm");
    /* SeaBIOS and GRUB speak on the serial port, or a person stares at nothing until the kernel
     * does. */
    vt_xml_empty(xml, "bios", "useserial", "yes", NULL);
    vt_xml_end(xml, "os");
    vt_xml_begin(xml, "features");
    vt_xml_empty(xml, "acpi", NULL);
    vt_xml_empty(xml, "apic", NULL);
    vt_xml_end(xml, "features");
}

static void add_clock_and_actions(struct vt_xml *xml)
{
    vt_xml_begin(xml, "clock");
    vt_xml_attr(xml, "offset", "utc");
    vt_xml_empty(xml, "timer", "name", "rtc", "tickpolicy", "catchup", NULL);
    vt_xml_empty(xml, "timer", "name", "pit", "tickpolicy", "delay", NULL);
    vt_xml_empty(xml, "timer", "name", "hpet", "present", "no", NULL);
    vt_xml_end(xml, "clock");
    vt_xml_text(xml, "on_poweroff", "destroy");
    vt_xml_text(xml, "on_reboot", "restart");
    vt_xml_text(xml, "on_crash", "destroy");
}

static void add_source(struct vt_xml *xml, const char *path, const char *fdgroup)
{
    vt_xml_empty(xml, "source", "file", path, "fdgroup", fdgroup, NULL);
}

/* The whole chain is spelled out, so that libvirt probes no file for a format or a backing file. */
static void add_base(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    if (spec->base) {
        vt_xml_begin(xml, "backingStore");
        vt_xml_attr(xml, "type", "file");
        vt_xml_empty(xml, "format", "type", spec->base_format, NULL);
        add_source(xml, spec->base, VT_FDGROUP_BASE);
    }
    vt_xml_empty(xml, "backingStore", NULL);
    if (spec->base)
        vt_xml_end(xml, "backingStore");
}

/* The first or second disk, counted from 0, on the bus that the guest can drive. */
static void add_target(struct vt_xml *xml, const struct vt_domain_spec *spec, int number)
{
    static const struct {
        const char *bus;
        const char *devices[2];
    } buses[] = {
        [VT_DISK_VIRTIO] = {"virtio", {"vda", "vdb"}},
        [VT_DISK_SATA] = {"sata", {"sda", "sdb"}},
        [VT_DISK_IDE] = {"ide", {"hda", "hdb"}},
    };

    vt_xml_empty(xml, "target", "dev", buses[spec->hardware.disk].devices[number], "bus",
                 buses[spec->hardware.disk].bus, NULL);
}

static void add_overlay(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    vt_xml_begin(xml, "disk");
    vt_xml_attr(xml, "type", "file");
    vt_xml_attr(xml, "device", "disk");
    vt_xml_empty(xml, "driver", "name", "qemu", "type", "qcow2", "discard", "unmap", NULL);
    add_source(xml, spec->overlay, VT_FDGROUP_OVERLAY);
    add_base(xml, spec);
    add_target(xml, spec, 0);
    vt_xml_empty(xml, "boot", "order", "1", NULL);
    vt_xml_end(xml, "disk");
}

/* On virtio where the guest has it: the "cloud" kernels of distributions have no AHCI and would
 * never see a SATA disc. The other buses have no disk that cannot be written, so there it is a CD.
 */
static void add_seed(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    vt_xml_begin(xml, "disk");
    vt_xml_attr(xml, "type", "file");
    vt_xml_attr(xml, "device", spec->hardware.disk == VT_DISK_VIRTIO ? "disk" : "cdrom");
    vt_xml_empty(xml, "driver", "name", "qemu", "type", "raw", NULL);
    add_source(xml, spec->seed, VT_FDGROUP_SEED);
    vt_xml_empty(xml, "backingStore", NULL);
    add_target(xml, spec, 1);
    vt_xml_empty(xml, "readonly", NULL);
    vt_xml_end(xml, "disk");
}

/* The rest of a card that was begun: what the guest sees of it. */
static void end_card(struct vt_xml *xml, const struct vt_domain_spec *spec, unsigned mtu)
{
    VT_AUTO_FREE char *size = vt_fmt("%u", mtu);

    vt_xml_empty(xml, "model", "type", spec->hardware.network_model, NULL);
    if (mtu)
        vt_xml_empty(xml, "mtu", "size", size, NULL);
    /* No network boot: firmware would spend seconds of every start on it. */
    vt_xml_empty(xml, "rom", "enabled", "no", NULL);
    vt_xml_end(xml, "interface");
}

static void begin_card(struct vt_xml *xml, const char *type, const char *mac)
{
    vt_xml_begin(xml, "interface");
    vt_xml_attr(xml, "type", type);
    vt_xml_empty(xml, "mac", "address", mac, NULL);
}

static void add_network_cards(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    for (size_t i = 0; i < spec->card_count; i++) {
        const struct vt_domain_card *card = &spec->cards[i];

        begin_card(xml, "bridge", card->mac);
        vt_xml_empty(xml, "source", "bridge", card->bridge, NULL);
        end_card(xml, spec, card->mtu);
    }
    if (spec->card_count > 0 || (!spec->network && !spec->passt))
        return;
    begin_card(xml, spec->passt ? "user" : "network", spec->mac);
    if (spec->passt)
        vt_xml_empty(xml, "backend", "type", "passt", NULL);
    else
        vt_xml_empty(xml, "source", "network", spec->network, NULL);
    end_card(xml, spec, spec->mtu);
}

/*
 * The console is a pseudo-terminal for who types, and a copy of all it says for the log: so the log
 * goes on while `virsh console` holds the terminal.
 */
static void add_console(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    vt_xml_begin(xml, "serial");
    vt_xml_attr(xml, "type", "pty");
    vt_xml_empty(xml, "log", "file", spec->console_log, "append", "on", NULL);
    vt_xml_empty(xml, "target", "port", "0", NULL);
    vt_xml_end(xml, "serial");
    vt_xml_begin(xml, "console");
    vt_xml_attr(xml, "type", "pty");
    vt_xml_empty(xml, "target", "type", "serial", "port", "0", NULL);
    vt_xml_end(xml, "console");
}

/* The card has no display: who looks asks QEMU for a picture (virtainer screenshot). */
static void add_video(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    if (!spec->vga)
        return;
    vt_xml_begin(xml, "video");
    vt_xml_empty(xml, "model", "type", "vga", NULL);
    vt_xml_end(xml, "video");
}

/* Without a number there is room for 31 ports. Each has two queues with a descriptor each, and QEMU
 * asks after all of them in every turn of its main loop, of which a packet there and back takes
 * several. */
static void add_serial_controller(struct vt_xml *xml, unsigned ports)
{
    VT_AUTO_FREE char *count = vt_fmt("%u", ports);

    if (ports > 0)
        vt_xml_empty(xml, "controller", "type", "virtio-serial", "index", "0", "ports", count,
                     NULL);
}

/* What only a guest with virtio drivers makes use of. */
static void add_virtio_helpers(struct vt_xml *xml, unsigned serial_ports)
{
    add_serial_controller(xml, serial_ports);
    vt_xml_begin(xml, "channel");
    vt_xml_attr(xml, "type", "unix");
    vt_xml_empty(xml, "target", "type", "virtio", "name", "org.qemu.guest_agent.0", NULL);
    vt_xml_end(xml, "channel");
    vt_xml_begin(xml, "rng");
    vt_xml_attr(xml, "model", "virtio");
    vt_xml_begin(xml, "backend");
    vt_xml_attr(xml, "model", "builtin");
    vt_xml_end(xml, "backend");
    vt_xml_end(xml, "rng");
    /* What the guest frees goes back to the host. */
    vt_xml_empty(xml, "memballoon", "model", "virtio", "freePageReporting", "on", NULL);
}

static void add_helpers(struct vt_xml *xml, const struct vt_domain_spec *spec)
{
    if (spec->hardware.disk == VT_DISK_VIRTIO)
        add_virtio_helpers(xml, spec->serial_ports);
    else
        vt_xml_empty(xml, "memballoon", "model", "none", NULL);
    vt_xml_empty(xml, "panic", "model", "isa", NULL);
    /* None of these by default: they cost start-up time and firmware has to look at them. */
    vt_xml_empty(xml, "controller", "type", "usb", "model", "none", NULL);
    vt_xml_empty(xml, "audio", "id", "1", "type", "none", NULL);
}

char *vt_domain_xml(const struct vt_domain_spec *spec)
{
    struct vt_xml xml = VT_XML_INIT;

    vt_xml_begin(&xml, "domain");
    vt_xml_attr(&xml, "type", spec->kvm ? "kvm" : "qemu");
    vt_xml_text(&xml, "name", spec->name);
    vt_xml_text(&xml, "uuid", spec->uuid);
    add_metadata(&xml, spec);
    add_memory_and_cpus(&xml, spec);
    add_os(&xml, spec);
    add_clock_and_actions(&xml);
    vt_xml_begin(&xml, "devices");
    vt_xml_text(&xml, "emulator", spec->emulator);
    add_overlay(&xml, spec);
    add_seed(&xml, spec);
    add_network_cards(&xml, spec);
    add_console(&xml, spec);
    add_video(&xml, spec);
    add_helpers(&xml, spec);
    vt_xml_end(&xml, "devices");
    vt_xml_end(&xml, "domain");
    return vt_xml_take(&xml);
}

char *vt_domain_console_path(const char *xml)
{
    static const char begin[] = "<console type='pty' tty='";
    const char *devices = strstr(xml, "<devices>");
    const char *console = devices ? strstr(devices, begin) : NULL;
    const char *path = console ? console + strlen(begin) : NULL;

    return path && vt_startswith(path, "/dev/pts/") ? vt_strndup(path, strcspn(path, "'")) : NULL;
}
