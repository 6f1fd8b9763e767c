/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/saved.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <utime.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"

#define GIB (UINT64_C(1) << 30)

static struct vt_data_dir data;
static struct vt_saved_facts facts;

/* A data directory with an overlay in it. */
static int set_up(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    if (make_test_dir(state) < 0 || vt_data_dir_open(&data, test_dir, &err) < 0)
        return -1;
    facts = (struct vt_saved_facts){
        .name = "vm",
        .uuid = "4937a8b1-8388-4bb0-94f8-d99a80d67b45",
        .ram = GIB,
        .cpus = 2,
        .accelerator = "kvm",
        .network = "nat",
        .overlay = vt_fmt("%s/local_image.qcow2", test_dir),
    };
    put_text(facts.overlay, "the guest's disk");
    return 0;
}

static int tear_down(void **state)
{
    free((char *)facts.overlay);
    free(data.path);
    free(data.state);
    free(data.last_holder);
    vt_closep(&data.lock);
    return remove_test_dir(state);
}

/* Save as the launcher does, with @memory for what libvirt writes. */
static void save(const char *memory)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *path = NULL;
    VT_AUTO_CLOSE int fd = vt_saved_begin(&data, &path, &err);
    const struct vt_saved saved = {
        .qemu_version = 10000013,
        .paused = true,
        .cidr = (char *)"192.168.100",
        .mtu = 1280,
        .serial_ports = 2,
    };

    assert_true(fd >= 0);
    put_text(path, memory);
    if (vt_saved_commit(&data, &facts, &saved, &err) != 0)
        fail_msg("%s", err.msg);
}

static void look(struct vt_saved *ret)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    if (vt_saved_look(&data, &facts, ret, &err) != 0)
        fail_msg("%s", err.msg);
}

static void assert_unfit(const char *reason)
{
    VT_AUTO_SAVED struct vt_saved saved;

    look(&saved);
    assert_int_equal(saved.kind, VT_SAVED_UNFIT);
    if (!strstr(saved.reason, reason))
        fail_msg("%s", saved.reason);
}

static void nothing_is_found_where_nothing_was_saved(void **state)
{
    VT_AUTO_SAVED struct vt_saved saved;

    (void)state;
    look(&saved);
    assert_int_equal(saved.kind, VT_SAVED_NONE);
    assert_false(saved.cut_off);
}

static void what_was_saved_is_found(void **state)
{
    VT_AUTO_SAVED struct vt_saved saved;

    (void)state;
    save("memory");
    look(&saved);
    if (saved.kind != VT_SAVED_FITS)
        fail_msg("%s", saved.reason);
    assert_text(saved.memory, "memory");
    assert_true(saved.paused);
    assert_int_equal(saved.qemu_version, 10000013);
    assert_string_equal(saved.cidr, "192.168.100");
    assert_int_equal(saved.mtu, 1280);
    assert_int_equal(saved.serial_ports, 2);
    assert_in_range(saved.at, (uintmax_t)time(NULL) - 60, (uintmax_t)time(NULL));
}

/* The device that a guest had is made again: one that was saved before ports were counted had
 * libvirt's. */
static void a_record_without_ports_fits(void **state)
{
    const char *path = in_dir(".virtainer/saved/state.json");
    VT_AUTO_FREE char *record = NULL;
    VT_AUTO_SAVED struct vt_saved saved;
    char *name;

    (void)state;
    save("memory");
    assert_int_equal(vt_file_read(path, 65536, &record, NULL), 0);
    name = strstr(record, "serial_ports");
    assert_non_null(name);
    *name = 'S';
    put_text(path, record);
    look(&saved);
    assert_int_equal(saved.kind, VT_SAVED_FITS);
    assert_int_equal(saved.serial_ports, 0);
}

static void a_save_that_was_cut_off_is_worth_nothing(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_SAVED struct vt_saved saved;
    VT_AUTO_FREE char *path = NULL;
    VT_AUTO_CLOSE int fd = vt_saved_begin(&data, &path, &err);

    (void)state;
    assert_true(fd >= 0);
    put_text(path, "half of the mem");
    look(&saved);
    assert_int_equal(saved.kind, VT_SAVED_NONE);
    assert_true(saved.cut_off);
    assert_false(vt_path_exists(in_dir(".virtainer/saving")));
}

static void a_failed_save_leaves_nothing(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *path = NULL;
    VT_AUTO_CLOSE int fd = vt_saved_begin(&data, &path, &err);
    struct stat st;

    (void)state;
    put_text(path, "half of the mem");
    vt_saved_abandon(&data, fd);
    assert_false(vt_path_exists(in_dir(".virtainer/saving")));
    /* and its room is free, whoever holds it open */
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0);
}

/* What libvirt writes: a header of 92 bytes that tells the length of the XML, the XML, and behind
 * it what QEMU writes. */
static void put_memory(const char *path, const char *magic, const char *stream)
{
    const char xml[] = "<domain/>";
    const uint32_t numbers[19] = {2, sizeof(xml)};
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(magic, 1, 16, file), 16);
    assert_int_equal(fwrite(numbers, sizeof(*numbers), 19, file), 19);
    assert_int_equal(fwrite(xml, 1, sizeof(xml), file), sizeof(xml));
    (void)fputs(stream, file);
    assert_int_equal(fclose(file), 0);
}

static void what_is_whole_says_so(void **state)
{
    static const struct {
        const char *magic, *stream;
        bool whole;
    } cases[] = {
        {"LibvirtQemudSave", "QEVM and much more", true},
        {"LibvirtQemudPart", "QEVM and much more", false}, /* libvirt's last word is the first */
        {"LibvirtQemudSave", "", false},                   /* QEMU wrote elsewhere */
        {"LibvirtQemudSave", "QEV", false},
        {"LibvirtQemudSave", "else", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *path = NULL;
        VT_AUTO_CLOSE int fd = vt_saved_begin(&data, &path, &err);

        assert_false(vt_saved_is_whole(fd));
        put_memory(path, cases[i].magic, cases[i].stream);
        assert_int_equal(vt_saved_is_whole(fd), cases[i].whole);
    }
}

static void another_guest_does_not_fit(void **state)
{
    const struct vt_saved_facts right = facts;

    (void)state;
    save("memory");
    facts.ram = 2 * GIB;
    assert_unfit("RAM was 1 GiB then and is 2 GiB now");
    facts = right, facts.cpus = 1;
    assert_unfit("CPU was 2 then and is 1 now");
    facts = right, facts.name = "other";
    assert_unfit("VM_NAME was vm then");
    facts = right, facts.accelerator = "tcg";
    assert_unfit("the accelerator was kvm then and is tcg now");
    facts = right, facts.network = "none";
    assert_unfit("NETWORK was nat then");
    facts = right, facts.uuid = "00000000-0000-0000-0000-000000000000";
    assert_unfit("UUID");
    facts = right;
}

static void a_changed_disk_does_not_fit(void **state)
{
    (void)state;
    save("memory");
    put_text(facts.overlay, "the guest's disc");
    assert_unfit("was changed since");
}

/* The same bytes, written again: somebody was there. */
static void a_disk_of_another_time_does_not_fit(void **state)
{
    const struct utimbuf then = {1000000000, 1000000000};

    (void)state;
    save("memory");
    assert_int_equal(utime(facts.overlay, &then), 0);
    assert_unfit("was changed since");
}

static void a_missing_disk_does_not_fit(void **state)
{
    (void)state;
    save("memory");
    assert_int_equal(unlink(facts.overlay), 0);
    assert_unfit("cannot be read: No such file");
    put_text(facts.overlay, "");
}

static void damaged_memory_does_not_fit(void **state)
{
    (void)state;
    save("memory");
    put_text(in_dir(".virtainer/saved/memory"), "memor");
    assert_unfit("memory is not whole");
    assert_int_equal(unlink(in_dir(".virtainer/saved/memory")), 0);
    assert_unfit("memory is not whole");
}

static void a_damaged_record_does_not_fit(void **state)
{
    static const char *const records[] = {"", "{", "[]", "null", "\"version\"", "1"};

    (void)state;
    save("memory");
    for (size_t i = 0; i < VT_ARRAY_SIZE(records); i++) {
        put_text(in_dir(".virtainer/saved/state.json"), records[i]);
        assert_unfit("is damaged");
    }
    put_text(in_dir(".virtainer/saved/state.json"), "{\"version\": 2}");
    assert_unfit("newer virtainer");
    put_text(in_dir(".virtainer/saved/state.json"), "{\"version\": 1}");
    assert_unfit("not whole");
    put_text(in_dir(".virtainer/saved/state.json"), "{\"version\": 1, \"memory_bytes\": 6}");
    assert_unfit("RAM");
    assert_int_equal(unlink(in_dir(".virtainer/saved/state.json")), 0);
    assert_unfit("is damaged");
}

static void what_is_set_aside_stays_and_is_found_no_more(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    /* Twice in one second, too. */
    for (int i = 0; i < 3; i++) {
        VT_AUTO_SAVED struct vt_saved saved, again;
        VT_AUTO_FREE char *path = NULL, *memory = NULL;

        save("memory");
        look(&saved);
        assert_int_equal(vt_saved_set_aside(&saved, &data, &path, &err), 0);
        memory = vt_fmt("%s/memory", path);
        assert_text(memory, "memory");
        look(&again);
        assert_int_equal(again.kind, VT_SAVED_NONE);
    }
}

/* Killed between reading the memory and letting the guest run: it can be read once more. */
static void a_cut_off_resume_is_found_again(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_SAVED struct vt_saved saved, again;

    (void)state;
    save("memory");
    look(&saved);
    assert_int_equal(vt_saved_consume(&saved, &data, &err), 0);
    assert_false(vt_path_exists(in_dir(".virtainer/saved")));
    look(&again);
    assert_int_equal(again.kind, VT_SAVED_FITS);
    assert_text(again.memory, "memory");
}

/* Killed after the guest ran again: its disk tells. */
static void memory_that_was_used_up_does_not_fit(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_SAVED struct vt_saved saved;

    (void)state;
    save("memory");
    look(&saved);
    assert_int_equal(vt_saved_consume(&saved, &data, &err), 0);
    put_text(facts.overlay, "the guest wrote on");
    assert_unfit("was changed since");
}

/* Then neither the name nor the disk's time tells whether the guest ran. */
static void after_a_power_cut_in_a_resume_it_is_set_aside(void **state)
{
    const char *boot = in_dir(".virtainer/resuming/boot-id");
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *path = NULL, *memory = NULL;

    (void)state;
    for (int lost = 0; lost < 2; lost++) {
        VT_AUTO_SAVED struct vt_saved saved, again, after;

        save("memory");
        look(&saved);
        assert_int_equal(vt_saved_consume(&saved, &data, &err), 0);
        if (lost)
            assert_int_equal(unlink(boot), 0);
        else
            put_text(boot, "of another boot");
        assert_unfit("the machine went down when");
        look(&again);
        assert_int_equal(again.kind, VT_SAVED_UNFIT);
        vt_str_replace(&path, NULL);
        assert_int_equal(vt_saved_set_aside(&again, &data, &path, &err), 0);
        vt_str_replace(&memory, vt_fmt("%s/memory", path));
        assert_text(memory, "memory");
        look(&after);
        assert_int_equal(after.kind, VT_SAVED_NONE);
    }
}

static void a_resumed_guest_leaves_nothing(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_SAVED struct vt_saved saved, again;

    (void)state;
    save("memory");
    look(&saved);
    assert_int_equal(vt_saved_consume(&saved, &data, &err), 0);
    vt_saved_forget(&saved, &data);
    look(&again);
    assert_int_equal(again.kind, VT_SAVED_NONE);
    assert_false(vt_path_exists(in_dir(".virtainer/resuming")));
    assert_false(vt_path_exists(in_dir(".virtainer/spent")));
}

/* Killed while the memory of a guest that runs is removed: its rest is no state that is damaged. */
static void the_rest_of_what_was_used_up_is_removed(void **state)
{
    VT_AUTO_SAVED struct vt_saved saved;

    (void)state;
    save("memory");
    assert_int_equal(rename(in_dir(".virtainer/saved"), in_dir(".virtainer/spent")), 0);
    assert_int_equal(unlink(in_dir(".virtainer/spent/state.json")), 0);
    look(&saved);
    assert_int_equal(saved.kind, VT_SAVED_NONE);
    assert_false(saved.cut_off);
    assert_false(vt_path_exists(in_dir(".virtainer/spent")));
}

/* What keeps it from being renamed does not keep it from being removed, piece by piece. */
static void what_cannot_be_renamed_is_removed_in_place(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_SAVED struct vt_saved saved;

    (void)state;
    save("memory");
    look(&saved);
    assert_int_equal(vt_saved_consume(&saved, &data, &err), 0);
    put_text(in_dir(".virtainer/spent"), "a file");
    vt_saved_forget(&saved, &data);
    assert_false(vt_path_exists(in_dir(".virtainer/resuming")));
}

/* The guest's memory holds its secrets: it is the owner's alone. */
static void nobody_else_reads_it(void **state)
{
    struct stat st;

    (void)state;
    save("memory");
    assert_int_equal(stat(in_dir(".virtainer/saved"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(nothing_is_found_where_nothing_was_saved),
        T(what_was_saved_is_found),
        T(a_record_without_ports_fits),
        T(a_save_that_was_cut_off_is_worth_nothing),
        T(a_failed_save_leaves_nothing),
        T(what_is_whole_says_so),
        T(another_guest_does_not_fit),
        T(a_changed_disk_does_not_fit),
        T(a_disk_of_another_time_does_not_fit),
        T(a_missing_disk_does_not_fit),
        T(damaged_memory_does_not_fit),
        T(a_damaged_record_does_not_fit),
        T(what_is_set_aside_stays_and_is_found_no_more),
        T(a_cut_off_resume_is_found_again),
        T(memory_that_was_used_up_does_not_fit),
        T(after_a_power_cut_in_a_resume_it_is_set_aside),
        T(a_resumed_guest_leaves_nothing),
        T(the_rest_of_what_was_used_up_is_removed),
        T(what_cannot_be_renamed_is_removed_in_place),
        T(nobody_else_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
