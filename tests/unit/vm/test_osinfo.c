/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/osinfo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"

static int setup(void **state)
{
    static const char text[] =
        "debian9\thttp://debian.org/debian/9\tvirtio-block virtio-net q35 e1000e\n"
        "debian10\thttp://debian.org/debian/10\tvirtio-block virtio-net q35\n"
        "debiantesting\thttp://debian.org/debian/testing\tvirtio-block virtio-net\n"
        "win10\thttp://microsoft.com/win/10\te1000e q35\n"
        "win10.1\tcut off\n"
        "winxp\thttp://microsoft.com/win/xp\te1000\n"
        "rhel4.0\thttp://redhat.com/rhel/4.0\t\n"
        "rhel-unknown\thttp://redhat.com/rhel/unknown\t\n"
        "rhel6-unknown\thttp://redhat.com/rhel/6-unknown\te1000 q35\n"
        "unknown\thttp://libosinfo.org/unknown\t";

    if (make_test_dir(state) < 0)
        return -1;
    put_text(in_dir("osinfo"), text);
    return 0;
}

static void test_known(void **state)
{
    static const struct {
        const char *variant, *id;
        enum vt_disk_bus disk;
        const char *card, *nearest;
    } cases[] = {
        {"debian10", "http://debian.org/debian/10", VT_DISK_VIRTIO, "virtio", NULL},
        {"http://debian.org/debian/9", "http://debian.org/debian/9", VT_DISK_VIRTIO, "virtio",
         NULL},
        {"win10", "http://microsoft.com/win/10", VT_DISK_SATA, "e1000e", NULL},
        {"winxp", "http://microsoft.com/win/xp", VT_DISK_IDE, "e1000", NULL},
        {"rhel4.0", "http://redhat.com/rhel/4.0", VT_DISK_IDE, "rtl8139", NULL},
        /* Newer than what is known, as the table itself says. */
        {"rhel-unknown", "http://redhat.com/rhel/unknown", VT_DISK_VIRTIO, "virtio", NULL},
        {"http://redhat.com/rhel/unknown", "http://redhat.com/rhel/unknown", VT_DISK_VIRTIO,
         "virtio", NULL},
        {"unknown", "http://libosinfo.org/unknown", VT_DISK_VIRTIO, "virtio", NULL},
        {"rhel6-unknown", "http://redhat.com/rhel/6-unknown", VT_DISK_SATA, "e1000", NULL},
        /* Newer than what is known. */
        {"debian11", "http://debian.org/debian/10", VT_DISK_VIRTIO, "virtio", NULL},
        {"win11", "http://microsoft.com/win/10", VT_DISK_SATA, "e1000e", NULL},
        /* Not newer, or none at all. */
        {"debian9.5", NULL, VT_DISK_VIRTIO, "virtio", "debian9"},
        {"debian-10", NULL, VT_DISK_VIRTIO, "virtio", "debian10"},
        {"win10.1", "http://microsoft.com/win/10", VT_DISK_SATA, "e1000e", NULL},
        {"winpx", NULL, VT_DISK_VIRTIO, "virtio", "win10"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_hardware hardware;
        VT_AUTO_FREE char *nearest = NULL;

        print_message("%s\n", cases[i].variant);
        vt_osinfo_choose(in_dir("osinfo"), cases[i].variant, &hardware, &nearest);
        assert_string_equal(hardware.os_id ? hardware.os_id : "", cases[i].id ? cases[i].id : "");
        assert_int_equal(hardware.disk, cases[i].disk);
        assert_string_equal(hardware.network_model, cases[i].card);
        assert_string_equal(nearest ? nearest : "", cases[i].nearest ? cases[i].nearest : "");
        vt_hardware_done(&hardware);
    }
}

static void test_no_table(void **state)
{
    struct vt_hardware hardware;
    VT_AUTO_FREE char *nearest = NULL;

    (void)state;
    vt_osinfo_choose("/nowhere", "debian10", &hardware, &nearest);
    assert_null(hardware.os_id);
    assert_null(nearest);
    assert_string_equal(hardware.network_model, "virtio");
}

static void test_text(void **state)
{
    static const char *const bad[] = {
        "",           "sata",         "sata ",         "sata  e1000e",  " sata e1000e",
        "SATA e1000", "sata e1000 ",  "sata e1000e\n", "scsi virtio",   "sata ne2k_pci",
        "e1000 sata", "sata\tvirtio", "ide e100",      "ide virtio/> ",
    };
    const struct vt_hardware all[] = {
        {.disk = VT_DISK_VIRTIO, .network_model = "virtio"},
        {.disk = VT_DISK_SATA, .network_model = "e1000e"},
        {.disk = VT_DISK_IDE, .network_model = "rtl8139"},
        {.disk = VT_DISK_IDE, .network_model = "virtio"},
    };
    struct vt_hardware hardware = VT_HARDWARE_INIT;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(all); i++) {
        VT_AUTO_FREE char *text = vt_hardware_text(&all[i]);

        assert_int_equal(vt_hardware_parse(text, &hardware), 0);
        assert_int_equal(hardware.disk, all[i].disk);
        assert_string_equal(hardware.network_model, all[i].network_model);
    }
    for (size_t i = 0; i < VT_ARRAY_SIZE(bad); i++) {
        if (vt_hardware_parse(bad[i], &hardware) != -EBADMSG)
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(hardware.disk, VT_DISK_IDE);
    }
}

/* What was made of libosinfo's own database: cloud images get virtio. */
static void test_real(void **state)
{
    static const char *const variants[] = {"fedora30",     "centos7.0",  "debian11", "ubuntu18.04",
                                           "freebsd13.0",  "archlinux",  "fedora99", "unknown",
                                           "rhel-unknown", "sle-unknown"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(variants); i++) {
        struct vt_hardware hardware;
        VT_AUTO_FREE char *nearest = NULL;

        print_message("%s\n", variants[i]);
        vt_osinfo_choose(VT_BUILT_OSINFO, variants[i], &hardware, &nearest);
        assert_non_null(hardware.os_id);
        assert_int_equal(hardware.disk, VT_DISK_VIRTIO);
        assert_string_equal(hardware.network_model, "virtio");
        vt_hardware_done(&hardware);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_known, setup, remove_test_dir),
        cmocka_unit_test(test_no_table),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_real),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
