/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/summary.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "base/str.h"

#define GIB (UINT64_C(1) << 30)
/* An address as the plan has it: in host order. */
#define IP(a, b, c, d) \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static char uuid[] = "f0b1c2d3-0011-4233-8455-66778899aabb";
static char overlay[] = "/mounted/local_image.qcow2", image[] = "/image";
static char generated[] = "generated", user_data[] = "/tmp/user-data",
            iso[] = "/tmp/cloud_init.iso";
static char reason[] = "route 192.168.0.0/16 of eth0";

/* A first start with a key, under TCG. */
static struct vt_prepared first_start(void)
{
    return (struct vt_prepared){
        .hardware = VT_HARDWARE_INIT,
        .uuid = uuid,
        .seed = {.kind = VT_SEED_KEY,
                 .user_data = {.origin = generated},
                 .meta_data = {.origin = generated},
                 .key_count = 1},
        .base = {.path = image, .format = "qcow2", .virtual_size = 3 * GIB},
        .overlay = {.path = overlay, .virtual_size = 40 * GIB},
        .network = VT_NETWORK_NAT,
        .net = {.mac = "52:54:00:12:34:56",
                .guest = IP(192, 168, 100, 100),
                .container = IP(172, 17, 0, 2)},
    };
}

static void check(const char *golden, const struct vt_config *config,
                  const struct vt_prepared *prepared)
{
    static const char version[] = "virtainer " VT_VERSION "\n";
    VT_AUTO_FREE char *text = vt_summary_text(config, prepared);

    /* not in the golden files, which outlive it */
    assert_true(vt_startswith(text, version));
    vt_assert_golden(golden, text + strlen(version));
}

static void a_first_start(void **state)
{
    const struct vt_prepared prepared = first_start();
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    check("launcher/summary-first", &config, &prepared);
}

static void an_image_of_the_catalogue(void **state)
{
    const struct vt_prepared prepared = first_start();
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    config.image_name = vt_strdup("fedora:43");
    config.image_url = vt_strdup("https://example.org/fedora.qcow2");
    config.ssh_user = vt_strdup("fedora");
    check("launcher/summary-catalogue", &config, &prepared);
}

static void a_disk_without_a_base(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    config.image_name = vt_strdup("fedora:43");
    prepared.overlay.reused = true;
    prepared.base = (struct vt_base){0};
    check("launcher/summary-flattened", &config, &prepared);
    vt_summary_status(&config, &prepared, &status);
    assert_null(status.base);
}

static void everything_else(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    config.cpus = 4;
    config.grace_period = 5;
    prepared.accel.kvm = true;
    prepared.overlay.reused = true;
    prepared.seed.kind = VT_SEED_USER_DATA;
    prepared.seed.user_data.origin = user_data;
    prepared.seed.key_count = 2;
    prepared.seed.password_set = true;
    prepared.net.moved = true;
    prepared.net.wanted = IP(192, 168, 100, 0);
    prepared.net.guest = IP(10, 123, 0, 100);
    prepared.net.container = 0;
    prepared.net.reason = reason;
    check("launcher/summary-other", &config, &prepared);
}

static void an_old_system(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    prepared.hardware = (struct vt_hardware){.disk = VT_DISK_SATA, .network_model = "e1000e"};
    check("launcher/summary-sata", &config, &prepared);
    vt_summary_status(&config, &prepared, &status);
    assert_string_equal(status.disk_bus, "sata");
    assert_string_equal(status.network_card, "e1000e");
}

/* A card that it does not have is not told of. */
static void an_old_system_without_a_network(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_FREE char *text = NULL, *disk_text = NULL;
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    prepared.network = VT_NETWORK_NONE;
    prepared.hardware.network_model = "e1000e";
    text = vt_summary_text(&config, &prepared);
    assert_null(strstr(text, "hardware"));
    prepared.hardware.disk = VT_DISK_IDE;
    disk_text = vt_summary_text(&config, &prepared);
    assert_non_null(strstr(disk_text, "\n  hardware IDE disk\n"));
}

static void a_ready_seed_and_no_network(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    prepared.network = VT_NETWORK_NONE;
    prepared.seed = (struct vt_seed){.kind = VT_SEED_READY_ISO, .ready_iso = iso};
    check("launcher/summary-iso", &config, &prepared);
}

static void ip6_is_the_guests_too(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    config.ports.list = vt_calloc(1, sizeof(*config.ports.list));
    config.ports.list[config.ports.count++] = (struct vt_port){8080, 8080, 80, VT_PROTOCOL_TCP};
    prepared.net.has_ip6 = true;
    assert_int_equal(inet_pton(AF_INET6, "fd00:5::2", &prepared.net.container6), 1);
    assert_int_equal(inet_pton(AF_INET6, "fd54:12:3456:0:5054:ff:fe12:3456", &prepared.net.guest6),
                     1);
    check("launcher/summary-ip6", &config, &prepared);
    vt_summary_status(&config, &prepared, &status);
    assert_string_equal(status.address6, "fd00:5::2");
    assert_string_equal(status.guest_address6, "fd54:12:3456:0:5054:ff:fe12:3456");
    prepared.net.container = 0;
    config.ssh_user = vt_strdup("debian");
    check("launcher/summary-ip6-only", &config, &prepared);
}

static void a_guest_behind_passt(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    prepared.network = VT_NETWORK_USER;
    prepared.net.user = true;
    prepared.net.guest = prepared.net.container;
    check("launcher/summary-user", &config, &prepared);
    vt_summary_status(&config, &prepared, &status);
    assert_string_equal(status.network, "user");
    assert_string_equal(status.address, "172.17.0.2");
    /* The way in is passt's, whatever address the guest has. */
    assert_string_equal(status.guest_address, "127.0.0.1");
}

static void a_guest_in_the_containers_place(void **state)
{
    struct vt_lan lan = {
        .count = 2,
        .ports =
            {{.uplink = "eth0", .mac = "02:42:ac:11:00:02", .guest = 0xac110002U, .prefix = 16},
             {.uplink = "eth1", .mac = "02:42:0a:00:00:02"}},
    };
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    prepared.network = VT_NETWORK_BRIDGE;
    vt_net_plan_of_lan(&lan, &prepared.net);
    check("launcher/summary-bridge", &config, &prepared);
    vt_summary_status(&config, &prepared, &status);
    assert_string_equal(status.network, "bridge");
    assert_string_equal(status.address, "172.17.0.2");
    assert_string_equal(status.guest_address, "172.17.0.2");
    assert_string_equal(status.mac, "02:42:ac:11:00:02");
    assert_false(status.address_pending);
}

static void an_address_that_is_to_be_learned(void **state)
{
    struct vt_lan lan = {.count = 1, .ports = {{.uplink = "eth0", .mac = "02:42:ac:11:00:02"}}};
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};

    (void)state;
    prepared.network = VT_NETWORK_BRIDGE;
    vt_net_plan_of_lan(&lan, &prepared.net);
    vt_summary_addresses(&prepared, &status);
    assert_null(status.guest_address);
    assert_true(status.address_pending);
    lan.ports[0].learned = IP(10, 0, 0, 5);
    vt_summary_addresses(&prepared, &status);
    assert_string_equal(status.address, "10.0.0.5");
    assert_string_equal(status.guest_address, "10.0.0.5");
    assert_false(status.address_pending);
    lan.ports[0].learned = 0;
    lan.deaf = true;
    vt_summary_addresses(&prepared, &status);
    assert_null(status.address);
    assert_false(status.address_pending);
}

static void the_status_says_the_same(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    vt_summary_status(&config, &prepared, &status);
    assert_int_equal(status.phase, VT_PHASE_PREPARING);
    assert_string_equal(status.name, "vm");
    assert_string_equal(status.uuid, uuid);
    assert_string_equal(status.accelerator, "tcg");
    assert_string_equal(status.network, "nat");
    assert_string_equal(status.address, "172.17.0.2");
    assert_string_equal(status.guest_address, "192.168.100.100");
    assert_string_equal(status.mac, "52:54:00:12:34:56");
    assert_string_equal(status.network_card, "virtio");
    assert_string_equal(status.disk_bus, "virtio");
    assert_string_equal(status.overlay, overlay);
    assert_string_equal(status.base, image);
    assert_int_equal(status.ram, GIB);
    assert_int_equal(status.disk_size, 40 * GIB);
    assert_int_equal(status.cpus, 1);
    assert_int_equal(status.qemu_pid, 0);
    assert_true(status.since > 1700000000);
}

static void the_status_without_a_network(void **state)
{
    struct vt_prepared prepared = first_start();
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    prepared.network = VT_NETWORK_NONE;
    prepared.accel.kvm = true;
    vt_summary_status(&config, &prepared, &status);
    assert_string_equal(status.network, "none");
    assert_string_equal(status.accelerator, "kvm");
    assert_null(status.address);
    assert_null(status.guest_address);
    assert_null(status.address6);
    assert_null(status.mac);
    assert_null(status.network_card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_start),
        cmocka_unit_test(an_image_of_the_catalogue),
        cmocka_unit_test(a_disk_without_a_base),
        cmocka_unit_test(everything_else),
        cmocka_unit_test(an_old_system),
        cmocka_unit_test(an_old_system_without_a_network),
        cmocka_unit_test(a_ready_seed_and_no_network),
        cmocka_unit_test(ip6_is_the_guests_too),
        cmocka_unit_test(a_guest_behind_passt),
        cmocka_unit_test(a_guest_in_the_containers_place),
        cmocka_unit_test(an_address_that_is_to_be_learned),
        cmocka_unit_test(the_status_says_the_same),
        cmocka_unit_test(the_status_without_a_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
