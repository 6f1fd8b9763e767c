/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "base/str.h"
#include "host/files.h"

static char name[] = "vm", uuid[] = "f0b1c2d3-0011-4233-8455-66778899aabb", kvm[] = "kvm",
            nat[] = "nat", address[] = "172.17.0.2", guest[] = "192.168.100.100",
            address6[] = "fd00:5::2", guest6[] = "fd54:12:3456:0:5054:ff:fe12:3456",
            mac[] = "52:54:00:12:34:56", overlay[] = "/mounted/local_image.qcow2", user[] = "me",
            problem[] = VT_PROBLEM_DISK, base[] = "/disk/a \"b\" \\ \xc3\xa9.qcow2",
            card[] = "e1000e", bus[] = "sata",
            detail[] = "cloud-init 25.1.4 finished without errors";

static const struct vt_status full = {
    .phase = VT_PHASE_RUNNING,
    .name = name,
    .uuid = uuid,
    .accelerator = kvm,
    .network = nat,
    .address = address,
    .guest_address = guest,
    .address6 = address6,
    .guest_address6 = guest6,
    .mac = mac,
    .network_card = card,
    .overlay = overlay,
    .base = base,
    .disk_bus = bus,
    .ssh_user = user,
    .problem = problem,
    .address_pending = true,
    .ram = UINT64_C(1) << 40,
    .disk_size = UINT64_C(1) << 62,
    .cpus = 255,
    .qemu_pid = 4194304,
    .since = INT64_C(4102444800),
    .ready = {.passed = {INT64_C(4102444800), INT64_C(4102444813), INT64_C(4102444815)},
              .cloud_init = VT_CLOUD_INIT_DONE,
              .cloud_init_at = INT64_C(4102444820),
              .detail = detail},
};

static void assert_text_equal(const char *a, const char *b)
{
    assert_string_equal(a ? a : "(none)", b ? b : "(none)");
}

static void check_round_trip(const struct vt_status *status)
{
    VT_AUTO_FREE char *json = vt_status_json(status);
    VT_AUTO_STATUS struct vt_status again = {0};

    assert_int_equal(vt_status_parse(json, &again), 0);
    assert_int_equal(again.phase, status->phase);
    assert_text_equal(again.name, status->name);
    assert_text_equal(again.uuid, status->uuid);
    assert_text_equal(again.accelerator, status->accelerator);
    assert_text_equal(again.network, status->network);
    assert_text_equal(again.address, status->address);
    assert_text_equal(again.guest_address, status->guest_address);
    assert_text_equal(again.address6, status->address6);
    assert_text_equal(again.guest_address6, status->guest_address6);
    assert_text_equal(again.mac, status->mac);
    assert_text_equal(again.network_card, status->network_card);
    assert_text_equal(again.overlay, status->overlay);
    assert_text_equal(again.base, status->base);
    assert_text_equal(again.disk_bus, status->disk_bus);
    assert_text_equal(again.ssh_user, status->ssh_user);
    assert_text_equal(again.problem, status->problem);
    assert_int_equal(again.address_pending, status->address_pending);
    assert_int_equal(again.ram, status->ram);
    assert_int_equal(again.disk_size, status->disk_size);
    assert_int_equal(again.cpus, status->cpus);
    assert_int_equal(again.qemu_pid, status->qemu_pid);
    assert_int_equal(again.since, status->since);
    for (size_t i = 0; i < VT_ARRAY_SIZE(again.ready.passed); i++)
        assert_int_equal(again.ready.passed[i], status->ready.passed[i]);
    assert_int_equal(again.ready.cloud_init, status->ready.cloud_init);
    assert_int_equal(again.ready.cloud_init_at, status->ready.cloud_init_at);
    assert_text_equal(again.ready.detail, status->ready.detail);
}

static void it_is_read_as_it_was_written(void **state)
{
    struct vt_status sparse = {.name = name, .uuid = uuid};

    (void)state;
    check_round_trip(&full);
    for (enum vt_phase phase = 0; phase < VT_PHASE_MAX_; phase++) {
        sparse.phase = phase;
        check_round_trip(&sparse);
    }
    sparse.ready.cloud_init_at = 1;
    for (sparse.ready.cloud_init = VT_CLOUD_INIT_PENDING;
         sparse.ready.cloud_init < VT_CLOUD_INIT_MAX_; sparse.ready.cloud_init++)
        check_round_trip(&sparse);
}

/* People's programs read it: see docs/state-json.md. */
static void its_form_stays(void **state)
{
    VT_AUTO_FREE char *json = vt_status_json(&full);
    VT_AUTO_FREE char *empty = vt_status_json(&(struct vt_status){.phase = VT_PHASE_STOPPED});

    (void)state;
    vt_assert_golden("launcher/state.json", json);
    vt_assert_golden("launcher/state-empty.json", empty);
}

static void garbage_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "null",
                                        "{}",
                                        "[]",
                                        "3",
                                        "\"running\"",
                                        "{\"state\": \"moon\"}",
                                        "{\"sta",
                                        "{\"state\": 3}",
                                        "\x01\x02",
                                        "[1]",
                                        "{ ",
                                        "{\"State\": \"running\"}"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        struct vt_status status = {.name = name};

        if (vt_status_parse(texts[i], &status) != -EBADMSG)
            fail_msg("text %zu was taken", i);
        assert_null(status.name);
    }
}

static void what_is_missing_is_nothing(void **state)
{
    VT_AUTO_STATUS struct vt_status status = {0};

    (void)state;
    assert_int_equal(
        vt_status_parse("{\"state\": \"paused\", \"new\": [1], \"cpus\": \"x\", \"ready\": "
                        "{\"ssh\": [], \"cloud_init\": {\"state\": \"moon\", \"at\": 3}}}",
                        &status),
        0);
    assert_int_equal(status.phase, VT_PHASE_PAUSED);
    assert_null(status.name);
    assert_int_equal(status.cpus, 0);
    assert_int_equal(status.qemu_pid, 0);
    assert_int_equal(status.ready.passed[VT_MILESTONE_SSH], 0);
    assert_int_equal(status.ready.cloud_init, VT_CLOUD_INIT_UNSEEN);
    assert_int_equal(status.ready.cloud_init_at, 0);
}

static void no_virtainer_runs_here(void **state)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    if (vt_path_exists(VT_STATUS_PATH))
        skip();
    assert_int_equal(vt_status_read(&status, &err), -ENOENT);
    assert_int_equal(err.cause, VT_CAUSE_USAGE);
    assert_string_equal(err.msg, "no virtainer runs here: use this command through docker exec");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_read_as_it_was_written),
        cmocka_unit_test(its_form_stays),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(what_is_missing_is_nothing),
        cmocka_unit_test(no_virtainer_runs_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
