/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/hardware.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"

#define FILE_NAME ".virtainer/hardware"

static int make_data_dir(void **state)
{
    return make_test_dir(state) < 0 ? -1 : mkdir(in_dir(".virtainer"), 0755);
}

#define IN_DATA_DIR(test) cmocka_unit_test_setup_teardown(test, make_data_dir, remove_test_dir)

static char win10_id[] = "http://microsoft.com/win/10", debian_id[] = "http://debian.org/debian/12";

/* What osinfo says of them. */
static const struct vt_hardware win10 = {
    .os_id = win10_id, .disk = VT_DISK_SATA, .network_model = "e1000e"};
static const struct vt_hardware debian12 = {.os_id = debian_id, .network_model = "virtio"};
static const struct vt_hardware not_told = VT_HARDWARE_INIT;

/* A start that chooses @wish for OS_VARIANT=@variant. Returns what vt_hardware_keep() does. */
static int start(bool has_overlay, const char *variant, const struct vt_hardware *wish,
                 struct vt_hardware *ret, char **ret_notice, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_strdup(test_dir);
    VT_AUTO_FREE char *state = vt_strdup(in_dir(".virtainer"));
    const struct vt_data_dir data = {.path = path, .state = state, .lock = -1};

    *ret = *wish;
    return vt_hardware_keep(&data, has_overlay, variant, ret, ret_notice, err);
}

/* One after which the guest has @disk and @card, and the person was told @told (NULL: nothing). */
static void assert_start(bool has_overlay, const char *variant, const struct vt_hardware *wish,
                         enum vt_disk_bus disk, const char *card, const char *told)
{
    struct vt_hardware hardware;
    VT_AUTO_FREE char *notice = NULL;

    assert_int_equal(start(has_overlay, variant, wish, &hardware, &notice, NULL), 0);
    assert_int_equal(hardware.disk, disk);
    assert_string_equal(hardware.network_model, card);
    /* What the person says the system is stays what it is. */
    assert_ptr_equal(hardware.os_id, wish->os_id);
    if (!notice != !told || (told && !strstr(notice, told)))
        fail_msg("told: %s", notice ? notice : "nothing");
}

static void a_new_disk_gets_what_is_chosen(void **state)
{
    (void)state;
    assert_start(false, "win10", &win10, VT_DISK_SATA, "e1000e", NULL);
    assert_text(in_dir(FILE_NAME), "sata e1000e\n");
    /* Another one, where the first was removed. */
    assert_start(false, "debian12", &debian12, VT_DISK_VIRTIO, "virtio", NULL);
    assert_text(in_dir(FILE_NAME), "virtio virtio\n");
    put_text(in_dir(FILE_NAME), "damaged");
    assert_start(false, NULL, &not_told, VT_DISK_VIRTIO, "virtio", NULL);
    assert_text(in_dir(FILE_NAME), "virtio virtio\n");
}

/* As often as starts are refused before there is a disk. */
static void the_same_is_not_written_again(void **state)
{
    struct stat first, second;

    (void)state;
    assert_start(false, "win10", &win10, VT_DISK_SATA, "e1000e", NULL);
    assert_int_equal(stat(in_dir(FILE_NAME), &first), 0);
    assert_start(false, "win10", &win10, VT_DISK_SATA, "e1000e", NULL);
    assert_int_equal(stat(in_dir(FILE_NAME), &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
}

static void a_disk_keeps_what_it_has(void **state)
{
    (void)state;
    assert_start(false, "win10", &win10, VT_DISK_SATA, "e1000e", NULL);
    assert_start(true, "win10", &win10, VT_DISK_SATA, "e1000e", NULL);
    assert_start(true, NULL, &not_told, VT_DISK_SATA, "e1000e", NULL);
    assert_start(true, "debian12", &debian12, VT_DISK_SATA, "e1000e",
                 "(SATA disk, e1000e network card); OS_VARIANT=debian12 is for a new disk");
    assert_text(in_dir(FILE_NAME), "sata e1000e\n");
    assert_start(false, NULL, &not_told, VT_DISK_VIRTIO, "virtio", NULL);
    assert_start(true, "win10", &win10, VT_DISK_VIRTIO, "virtio", "write 'sata e1000e' to ");
}

/* From before there was such a file: it had virtio, whatever OS_VARIANT was. */
static void a_disk_of_which_nothing_is_written(void **state)
{
    VT_AUTO_FREE char *told = vt_fmt(
        "the guest keeps the devices that its disk was first used with (virtio disk, virtio "
        "network card); OS_VARIANT=win10 is for a new disk, which would get others (SATA disk, "
        "e1000e network card): if the system on this one needs those, write 'sata e1000e' to "
        "%s/" FILE_NAME,
        test_dir);

    (void)state;
    assert_start(true, "win10", &win10, VT_DISK_VIRTIO, "virtio", told);
    /* The directory of a start that may yet be refused is left as it is. */
    assert_false(vt_path_exists(in_dir(FILE_NAME)));
    /* As it says. */
    put_text(in_dir(FILE_NAME), "sata e1000e\n");
    assert_start(true, "win10", &win10, VT_DISK_SATA, "e1000e", NULL);
    put_text(in_dir(FILE_NAME), "ide virtio");
    assert_start(true, NULL, &not_told, VT_DISK_IDE, "virtio", NULL);
}

static void a_damaged_one_is_an_error(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "sata",
                                        "sata e1000e\n\n",
                                        "sata e1000e\nx",
                                        "SATA e1000e\n",
                                        "sata e1000e                                              "
                                        "                                \n"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *notice = NULL;
        struct vt_hardware hardware;

        put_text(in_dir(FILE_NAME), texts[i]);
        if (start(true, NULL, &not_told, &hardware, &notice, &err) != -EBADMSG)
            fail_msg("text %zu was taken", i);
        assert_int_equal(err.cause, VT_CAUSE_DATA_DIR);
        assert_non_null(strstr(err.msg, FILE_NAME " does not say what hardware the guest has"));
        assert_text(in_dir(FILE_NAME), texts[i]);
    }
}

static void a_byte_of_zero_is_damage_too(void **state)
{
    static const char text[] = "sata e1000e\0\n";
    VT_AUTO_FREE char *notice = NULL;
    struct vt_hardware hardware;

    (void)state;
    assert_int_equal(vt_file_write(in_dir(FILE_NAME), text, sizeof(text) - 1, 0644, NULL), 0);
    assert_int_equal(start(true, NULL, &not_told, &hardware, &notice, NULL), -EBADMSG);
}

static void it_cannot_be_written(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *notice = NULL;
    struct vt_hardware hardware;

    (void)state;
    assert_int_equal(mkdir(in_dir(FILE_NAME), 0755), 0);
    assert_int_equal(start(false, NULL, &not_told, &hardware, &notice, &err), -EISDIR);
    assert_int_equal(err.cause, VT_CAUSE_DATA_DIR);
    assert_non_null(strstr(err.msg, "cannot write down what hardware the guest has in"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DATA_DIR(a_new_disk_gets_what_is_chosen),
        IN_DATA_DIR(the_same_is_not_written_again),
        IN_DATA_DIR(a_disk_keeps_what_it_has),
        IN_DATA_DIR(a_disk_of_which_nothing_is_written),
        IN_DATA_DIR(a_damaged_one_is_an_error),
        IN_DATA_DIR(a_byte_of_zero_is_damage_too),
        IN_DATA_DIR(it_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
