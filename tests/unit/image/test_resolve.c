/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/resolve.h"

#include "helpers.h"
#include "image/fetch.h"
#include "image/overlay.h"
#include "image/record.h"

#define TODAY "2026-11-22"
#define SUM   "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static const char tiny[] = "name: tiny\ntitle: Tiny Linux\narchitecture: x86_64\nuser: me\n"
                           "releases:\n"
                           "  - version: 3\n    url: https://example.org/3\n    osinfo: tiny3\n"
                           "    checksum: " SUM "\n"
                           "  - version: 2\n    url: https://example.org/2\n"
                           "    checksum: " SUM "\n"
                           "  - version: 1\n    url: https://example.org/1\n"
                           "    end_of_life: 2020-01-31\n"
                           "  - version: signed\n    url: https://example.org/signed\n"
                           "    checksum_url: https://example.org/SUMS\n"
                           "    signature_url: https://example.org/SIGNED\n"
                           "  - version: bare\n    url: https://example.org/bare\n";

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(in_dir("data"), 0755) < 0 ||
        mkdir(in_dir("own"), 0755) < 0)
        return -1;
    put_text(in_dir("own/tiny.yaml"), tiny);
    return 0;
}

static struct vt_config wishes(const char *image)
{
    struct vt_config config;

    vt_config_init(&config);
    config.image = vt_strdup(image);
    vt_str_replace(&config.image_dir, vt_strdup(in_dir("data")));
    config.catalogue_dir = vt_strdup(in_dir("own"));
    return config;
}

static char *resolve(struct vt_config *config)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char *warning;

    assert_ok(vt_image_resolve(config, "/nowhere", TODAY, &warning, &err), &err);
    return warning;
}

static void test_name(void **state)
{
    VT_AUTO_CONFIG struct vt_config config = wishes("tiny:3");
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_null(resolve(&config));
    assert_null(config.image);
    assert_string_equal(config.image_name, "tiny:3");
    assert_string_equal(config.image_url, "https://example.org/3");
    assert_string_equal(config.image_checksum, SUM);
    assert_string_equal(config.ssh_user, "me");
    assert_string_equal(config.os_variant, "tiny3");
    assert_ok(vt_config_check(&config, &err), &err);
}

static void test_the_person_wins(void **state)
{
    VT_AUTO_CONFIG struct vt_config config = wishes("tiny:3");

    (void)state;
    config.image_checksum = vt_strdup("sha256:other");
    config.ssh_user = vt_strdup("root");
    config.os_variant = vt_strdup("mine");
    assert_null(resolve(&config));
    assert_string_equal(config.image_checksum, "sha256:other");
    assert_string_equal(config.ssh_user, "root");
    assert_string_equal(config.os_variant, "mine");
}

static void test_no_name(void **state)
{
    static const char *const images[] = {NULL, "/image", "http://example.org/a"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(images); i++) {
        VT_AUTO_CONFIG struct vt_config config = wishes(images[i]);

        assert_null(resolve(&config));
        assert_null(config.image_url);
        assert_null(config.ssh_user);
    }
}

/* Left as it is, so that vt_config_check() tells of both. */
static void test_name_and_url(void **state)
{
    VT_AUTO_CONFIG struct vt_config config = wishes("tiny");
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    config.image_url = vt_strdup("https://example.org/own");
    assert_null(resolve(&config));
    ASSERT_FAILED(vt_config_check(&config, &err), err, VT_CAUSE_USAGE, "IMAGE=tiny",
                  "IMAGE_URL=https://example.org/own");
}

/* The signature is of the catalogue's own file of checksums. */
static void test_signature(void **state)
{
    VT_AUTO_CONFIG struct vt_config config = wishes("tiny:signed"), own = wishes("tiny:signed");

    (void)state;
    assert_null(resolve(&config));
    assert_string_equal(config.image_checksum, "https://example.org/SUMS");
    assert_string_equal(config.image_signature, "https://example.org/SIGNED");
    own.image_checksum = vt_strdup("https://example.org/other");
    assert_null(resolve(&own));
    assert_null(own.image_signature);
}

static void test_warnings(void **state)
{
    VT_AUTO_CONFIG struct vt_config old = wishes("tiny:1"), bare = wishes("tiny:bare");
    VT_AUTO_FREE char *first = resolve(&old), *second = resolve(&bare);

    (void)state;
    assert_non_null(first);
    assert_non_null(strstr(first, "tiny:1 (Tiny Linux 1) has had no security updates since "
                                  "2020-01-31"));
    assert_non_null(second);
    assert_non_null(strstr(second, "no checksum of tiny:bare"));
    assert_null(bare.image_checksum);
}

static void test_unknown(void **state)
{
    VT_AUTO_CONFIG struct vt_config config = wishes("tinny");
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char *warning;

    (void)state;
    ASSERT_FAILED(vt_image_resolve(&config, "/nowhere", TODAY, &warning, &err), err,
                  VT_CAUSE_NO_IMAGE, "IMAGE=tinny: the catalogue has no 'tinny'; it has tiny (");
    assert_string_equal(config.image, "tinny");
}

/* A guest made when 2 was the newest stays on it; a new one gets 3. */
static void test_a_guest_keeps_its_release(void **state)
{
    VT_AUTO_CONFIG struct vt_config first = wishes("tiny"), again = wishes("tiny"),
                                    other = wishes("tiny:3");
    VT_AUTO_FREE char *image =
        vt_image_fetch_path(in_dir("data"), "https://example.org/2", SUM, NULL);

    (void)state;
    assert_int_equal(vt_mkdirs(in_dir("data/.virtainer/images"), 0755), 0);
    put_text(image, "x");
    assert_null(resolve(&first));
    assert_string_equal(first.image_name, "tiny:3");
    put_text(in_dir("data/" VT_OVERLAY_NAME), "x");
    assert_null(resolve(&again));
    assert_string_equal(again.image_name, "tiny:2");
    assert_null(resolve(&other));
    assert_string_equal(other.image_name, "tiny:3");
}

/* Make an overlay of @name in the data directory, on the download of @url, as a start does. */
static void make_guest(const char *name, const char *url, const char *checksum)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *image = vt_image_fetch_path(in_dir("data"), url, checksum, NULL);
    struct vt_base base = {
        .path = image,
        .format = "raw",
        .fingerprint = mutable("sampled-sha256:00"),
        .source = mutable(url),
        .checksum = mutable(checksum),
        .name = mutable(name),
    };

    assert_int_equal(vt_mkdirs(in_dir("data/.virtainer/images"), 0755), 0);
    put_text(image, "x");
    put_text(in_dir("data/" VT_OVERLAY_NAME), "x");
    assert_ok(vt_record_write(in_dir("data/.virtainer/base.json"), &base, NULL, &err), &err);
}

/* A respin: the same release at another address. The guest stays, as long as its image is there. */
static void test_another_address(void **state)
{
    VT_AUTO_FREE char *image =
        vt_image_fetch_path(in_dir("data"), "https://example.org/old", SUM, NULL);
    VT_AUTO_CONFIG struct vt_config named = wishes("tiny:2"), chosen = wishes("tiny"),
                                    other = wishes("tiny:3"), wished = wishes("tiny:2"),
                                    moved = wishes("tiny:2"), lost = wishes("tiny:2");

    (void)state;
    make_guest("tiny:2", "https://example.org/old", SUM);
    assert_null(resolve(&named));
    assert_string_equal(named.image_name, "tiny:2");
    assert_string_equal(named.image, image);
    assert_null(named.image_url);
    assert_string_equal(named.ssh_user, "me");
    assert_null(resolve(&chosen));
    assert_string_equal(chosen.image, image);
    /* Who asks for another image gets it. */
    assert_null(resolve(&other));
    assert_string_equal(other.image_url, "https://example.org/3");
    wished.image_checksum = vt_strdup("sha256:other");
    assert_null(resolve(&wished));
    assert_string_equal(wished.image_url, "https://example.org/2");

    assert_int_equal(rename(in_dir("data"), in_dir("elsewhere")), 0);
    vt_str_replace(&moved.image_dir, vt_strdup(in_dir("elsewhere")));
    assert_null(resolve(&moved));
    assert_true(vt_path_exists(moved.image));
    assert_int_equal(rename(in_dir("elsewhere"), in_dir("data")), 0);

    assert_int_equal(unlink(image), 0);
    assert_null(resolve(&lost));
    assert_null(lost.image);
    assert_string_equal(lost.image_url, "https://example.org/2");
}

/* Nothing has changed: all is as at the first start. */
static void test_same_address(void **state)
{
    VT_AUTO_CONFIG struct vt_config config = wishes("tiny:2");

    (void)state;
    make_guest("tiny:2", "https://example.org/2", SUM);
    assert_null(resolve(&config));
    assert_null(config.image);
    assert_string_equal(config.image_url, "https://example.org/2");
}

static int resolve_new(struct vt_config *config, const char *wanted, struct vt_error *err)
{
    VT_AUTO_FREE char *warning = NULL;

    return vt_image_resolve_new(config, wanted, "/nowhere", TODAY, &warning, err);
}

/* The image for a new guest, whatever the one that is there was made on, and IMAGE says. */
static void test_new(void **state)
{
    VT_AUTO_CONFIG struct vt_config named = wishes("tiny:3"), address = wishes("tiny:3"),
                                    path = wishes(NULL);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    make_guest("tiny:2", "https://example.org/old", SUM);
    assert_ok(resolve_new(&named, "tiny:2", &err), &err);
    assert_null(named.image);
    assert_null(named.image_dir);
    assert_string_equal(named.image_url, "https://example.org/2");
    assert_ok(resolve_new(&address, "https://example.org/own", &err), &err);
    assert_null(address.image);
    assert_string_equal(address.image_url, "https://example.org/own");
    ASSERT_FAILED(resolve_new(&path, "/image", &err), err, VT_CAUSE_USAGE, "'/image' is a path");
}

/* A keyring that there is nothing to verify with is not left aside. */
static void test_new_is_checked(void **state)
{
    VT_AUTO_CONFIG struct vt_config named = wishes(NULL), address = wishes(NULL);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    named.image_keyring = vt_strdup("/keys");
    address.image_keyring = vt_strdup("/keys");
    ASSERT_FAILED(resolve_new(&named, "tiny:bare", &err), err, VT_CAUSE_USAGE, "IMAGE_KEYRING");
    ASSERT_FAILED(resolve_new(&address, "https://example.org/own", &err), err, VT_CAUSE_USAGE,
                  "IMAGE_KEYRING=/keys");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_name),
        TEST(test_the_person_wins),
        TEST(test_no_name),
        TEST(test_name_and_url),
        TEST(test_signature),
        TEST(test_warnings),
        TEST(test_unknown),
        TEST(test_a_guest_keeps_its_release),
        TEST(test_another_address),
        TEST(test_same_address),
        TEST(test_new),
        TEST(test_new_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
