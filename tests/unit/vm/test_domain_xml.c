/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/domain_xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"
#include "host/spawn.h"

/* libvirt's schema, where its daemon or its development files are installed. */
#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

/* Everything as `docker run` without variables has it, on a machine with KVM. */
static const struct vt_domain_spec plain = {
    .name = "vm",
    .uuid = "f0b1c2d3-0011-4233-8455-66778899aabb",
    .ram = UINT64_C(1) << 30,
    .cpus = 1,
    .kvm = true,
    .emulator = "/usr/bin/qemu-system-x86_64",
    .overlay = "/mounted/local_image.qcow2",
    .base = "/image",
    .base_format = "qcow2",
    .seed = "/cloud_init.iso",
    .hardware = VT_HARDWARE_INIT,
    .network = "virtualnet",
    .mac = "52:54:00:12:34:56",
    .serial_ports = VT_DOMAIN_SERIAL_PORTS,
    .console_log = "/run/virtainer/console",
};

#define NAMES 12

/* The golden file of each variation. */
static const char *const names[NAMES] = {
    "vm/domain-kvm.xml",        "vm/domain-kvm-emulated.xml", "vm/domain-tcg.xml",
    "vm/domain-no-network.xml", "vm/domain-hostile.xml",      "vm/domain-vga.xml",
    "vm/domain-no-base.xml",    "vm/domain-sata.xml",         "vm/domain-ide.xml",
    "vm/domain-mtu.xml",        "vm/domain-passt.xml",        "vm/domain-cards.xml",
};

static const struct vt_domain_card cards[] = {
    {.bridge = "virbr1", .mac = "02:42:ac:11:00:02"},
    {.bridge = "virbr2", .mac = "02:42:ac:12:00:02", .mtu = 9000},
};

static struct vt_domain_spec variation(size_t i)
{
    struct vt_domain_spec spec = plain;

    switch (i) {
    case 1:
        spec.kvm_emulated = true;
        break;
    case 2:
        spec.kvm = false;
        spec.ram = UINT64_C(4) << 30;
        spec.cpus = 4;
        spec.os_variant = "debian12";
        spec.hardware.os_id = (char *)(uintptr_t) "http://debian.org/debian/12";
        spec.base_format = "raw";
        break;
    case 3:
        spec.network = NULL;
        spec.mac = NULL;
        break;
    case 4:
        /* No option takes most of these; should one ever, they still are only text. */
        spec.name = "vm'/><evil a='";
        spec.os_variant = "x'/></metadata><devices><evil/></devices><metadata><y z='";
        spec.overlay = "/mounted/a \"b\" & <c>/local_image.qcow2";
        spec.base = "/disk/</source>'.qcow2";
        spec.seed = "/tmp/\x1b[31m&amp;.iso";
        break;
    case 5:
        spec.vga = true;
        break;
    case 6:
        spec.base = NULL;
        spec.base_format = NULL;
        break;
    case 7:
        spec.os_variant = "win10";
        spec.hardware = (struct vt_hardware){.disk = VT_DISK_SATA, .network_model = "e1000e"};
        break;
    case 8:
        spec.hardware = (struct vt_hardware){.disk = VT_DISK_IDE, .network_model = "rtl8139"};
        break;
    case 9:
        spec.mtu = 1280;
        /* saved by a virtainer that did not tell how many */
        spec.serial_ports = 0;
        break;
    case 10:
        spec.network = NULL;
        spec.passt = true;
        break;
    case 11:
        spec.network = NULL;
        spec.cards = cards;
        spec.card_count = VT_ARRAY_SIZE(cards);
        break;
    default:
        break;
    }
    return spec;
}

static void domains(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        const struct vt_domain_spec spec = variation(i);
        VT_AUTO_FREE char *xml = vt_domain_xml(&spec);

        vt_assert_golden(names[i], xml);
    }
}

/* Read by somebody else: by libvirt's own schema. (The hostile one's name is none that it allows.)
 */
static void libvirts_schema_takes_them(void **state)
{
    const char *path = in_dir("domain.xml");

    (void)state;
    if (!vt_path_exists(SCHEMA) || !vt_path_exists("/usr/bin/xmllint"))
        skip();
    for (size_t i = 0; i < NAMES; i++) {
        const char *const argv[] = {"xmllint", "--noout", "--relaxng", SCHEMA, path, NULL};
        const struct vt_domain_spec spec = variation(i);
        VT_AUTO_FREE char *xml = vt_domain_xml(&spec);
        VT_AUTO_BUF struct vt_buf errout = VT_BUF_INIT(65536);

        put_text(path, xml);
        if (vt_run(argv, NULL, &errout, -1, 20000, NULL) != 0)
            fail_msg("%s: %s", names[i], vt_buf_str(&errout));
    }
}

/* Nothing that came from outside has become an element or an attribute. */
static void hostile_names_are_only_text(void **state)
{
    const struct vt_domain_spec spec = variation(4);
    VT_AUTO_FREE char *xml = vt_domain_xml(&spec);

    (void)state;
    assert_null(strstr(xml, "<evil"));
    assert_null(strstr(xml, "\x1b"));
    for (const char *c = strstr(xml, "<devices>"); c; c = strstr(c + 1, "<devices>"))
        assert_null(strstr(c + 1, "<devices>"));
}

static void the_consoles_terminal_is_found(void **state)
{
    static const struct {
        const char *xml, *path;
    } rows[] = {
        {"<devices><serial type='pty'><source path='/dev/pts/1'/></serial>"
         "<console type='pty' tty='/dev/pts/1'><source path='/dev/pts/1'/></console></devices>",
         "/dev/pts/1"},
        /* not running */
        {"<devices><console type='pty'><target type='serial'/></console></devices>", NULL},
        /* another place, another kind, cut off */
        {"<devices><console type='pty' tty='/dev/sda'></devices>", NULL},
        {"<devices><console type='unix'><source path='/dev/pts/1'/></console></devices>", NULL},
        {"<metadata><console type='pty' tty='/dev/pts/2'/></metadata><devices></devices>", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE char *path = vt_domain_console_path(rows[i].xml);

        if (rows[i].path)
            assert_string_equal(path, rows[i].path);
        else
            assert_null(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains),
        IN_DIR(libvirts_schema_takes_them),
        cmocka_unit_test(hostile_names_are_only_text),
        cmocka_unit_test(the_consoles_terminal_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
