/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted under a temporary root, and the seed that comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>

#include "base/str.h"
#include "config/yaml.h"
#include "host/files.h"
#include "sample_keys.h"
#include "seed/seed.h"

static char root[] = "/tmp/virtainer-test-seed-XXXXXX";

static int make_root(void **state)
{
    (void)state;
    memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
    if (!mkdtemp(root))
        return -1;

    VT_AUTO_FREE char *tmp = vt_fmt("%s/tmp", root);

    return mkdir(tmp, 0700);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static char *at(const char *name)
{
    return vt_fmt("%s/tmp/%s", root, name);
}

static void put_bytes(const char *name, const void *data, size_t len)
{
    VT_AUTO_FREE char *path = at(name);

    assert_int_equal(vt_file_write(path, data, len, 0400, NULL), 0);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

/* An ISO 9660 or FAT beginning with this label. */
static void put_iso(const char *type, const char *label)
{
    char image[0x9000] = {0};

    if (vt_streq(type, "iso")) {
        memcpy(image + 0x8001, "CD001", 5);
        memset(image + 0x8028, ' ', 32);
        memcpy(image + 0x8028, label, strlen(label));
    } else {
        memcpy(image + 54, "FAT16", 5);
        memset(image + 43, ' ', 11);
        memcpy(image + 43, label, strlen(label));
    }
    put_bytes("cloud_init.iso", image, sizeof(image));
}

/* Collect with the defaults of config/, but @password, @id and @hostname when they are not NULL. */
static int collect(const char *password, const char *id, const char *hostname, struct vt_seed *seed,
                   struct vt_error *err)
{
    VT_AUTO_FREE char *p = vt_strdup(password);
    VT_AUTO_FREE char *i = vt_strdup(id ? id : "localimage-01");
    VT_AUTO_FREE char *h = vt_strdup(hostname ? hostname : "cloudimage");
    const struct vt_config config = {.password = p, .instance_id = i, .hostname_in_guest = h};

    return vt_seed_collect(&config, root, seed, err);
}

static void collect_well(const char *password, struct vt_seed *seed)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    if (collect(password, NULL, NULL, seed, &err) < 0)
        fail_msg("%s", err.msg);
}

/* Every combination of what may be mounted, and what then counts. */
static void test_precedence(void **state)
{
    static const char *const user = "#cloud-config\nusers: [default]\n";
    static const char *const own_keys = "public-keys: [ssh-rsa AAAA]\n";
    static const struct {
        const char *name;
        bool iso, user, key, vendor, network;
        const char *meta;
        const char *password;
        enum vt_seed_kind kind;
        bool password_set;
        bool warned;
    } cases[] = {
        {.name = "nothing", .kind = VT_SEED_DEFAULT_PASSWORD},
        {.name = "password", .password = "x", .kind = VT_SEED_PASSWORD, .password_set = true},
        {.name = "key", .key = true, .kind = VT_SEED_KEY},
        {.name = "key and password",
         .key = true,
         .password = "x",
         .kind = VT_SEED_KEY,
         .password_set = true},
        {.name = "meta-data", .meta = "instance-id: x\n", .kind = VT_SEED_DEFAULT_PASSWORD},
        {.name = "meta-data with keys", .meta = own_keys, .kind = VT_SEED_KEY},
        {.name = "meta-data with keys and key", .meta = own_keys, .key = true, .kind = VT_SEED_KEY},
        {.name = "network-config", .network = true, .kind = VT_SEED_DEFAULT_PASSWORD},
        {.name = "vendor-data", .vendor = true, .kind = VT_SEED_USER_DATA},
        {.name = "vendor-data and key", .vendor = true, .key = true, .kind = VT_SEED_KEY},
        {.name = "vendor-data and password",
         .vendor = true,
         .password = "x",
         .kind = VT_SEED_USER_DATA,
         .password_set = true},
        {.name = "user-data", .user = true, .kind = VT_SEED_USER_DATA},
        {.name = "user-data and all",
         .user = true,
         .key = true,
         .vendor = true,
         .network = true,
         .meta = own_keys,
         .kind = VT_SEED_USER_DATA},
        {.name = "user-data and password",
         .user = true,
         .password = "x",
         .kind = VT_SEED_USER_DATA,
         .password_set = true},
        {.name = "ISO", .iso = true, .kind = VT_SEED_READY_ISO},
        {.name = "ISO and all",
         .iso = true,
         .user = true,
         .key = true,
         .vendor = true,
         .password = "x",
         .kind = VT_SEED_READY_ISO,
         .warned = true},
    };

    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_SEED struct vt_seed seed = {0};
        bool iso = cases[i].iso;

        assert_int_equal(make_root(state), 0);
        if (iso)
            put_iso("iso", "cidata");
        if (cases[i].user)
            put("user-data", user);
        if (cases[i].key)
            put("id_rsa.pub", ED25519 "\n" RSA "\n");
        if (cases[i].vendor)
            put("vendor-data", "#cloud-config\nruncmd: []\n");
        if (cases[i].network)
            put("network-config", "version: 2\n");
        if (cases[i].meta)
            put("meta-data", cases[i].meta);
        print_message("%s\n", cases[i].name);
        collect_well(cases[i].password, &seed);
        assert_int_equal(seed.kind, cases[i].kind);
        assert_int_equal(seed.password_set, cases[i].password_set);
        assert_int_equal(seed.key_count, cases[i].key && !iso ? 2 : 0);
        assert_int_equal(seed.warnings[0] != NULL,
                         cases[i].warned || cases[i].kind == VT_SEED_DEFAULT_PASSWORD);
        assert_null(seed.warnings[1]);
        /* cloud-init wants both of these to be there */
        assert_int_equal(seed.user_data.text != NULL, !iso);
        assert_int_equal(seed.meta_data.text != NULL, !iso);
        assert_int_equal(seed.network_config.text != NULL, cases[i].network);
        assert_int_equal(iso, seed.ready_iso != NULL);
        if (cases[i].user && !iso)
            assert_string_equal(seed.user_data.text, user);
        if (!iso && (cases[i].key || cases[i].meta == own_keys))
            assert_true(vt_yaml_top_has(seed.meta_data.text, seed.meta_data.len, "public-keys"));
        assert_int_equal(remove_root(state), 0);
    }
}

static void test_default_password(void **state)
{
    VT_AUTO_SEED struct vt_seed seed = {0};

    (void)state;
    collect_well(NULL, &seed);
    assert_string_equal(seed.user_data.text, "#cloud-config\npassword: \"password\"\nchpasswd:\n"
                                             "  expire: false\nssh_pwauth: true\n");
    assert_string_equal(seed.user_data.origin, "generated");
    assert_string_equal(seed.meta_data.text,
                        "instance-id: \"localimage-01\"\nlocal-hostname: \"cloudimage\"\n");
    assert_string_equal(seed.instance_id, "localimage-01");
    assert_null(seed.made_password);
    assert_null(seed.vendor_data.text);
}

static void test_random_password(void **state)
{
    VT_AUTO_SEED struct vt_seed seed = {0};
    VT_AUTO_FREE char *password = NULL;

    (void)state;
    put("id_rsa.pub", ED25519);
    collect_well("random", &seed);
    assert_non_null(seed.made_password);
    password = vt_yaml_top_scalar(seed.user_data.text, seed.user_data.len, "password");
    assert_string_equal(password, seed.made_password);
}

static void test_password_beneath_user_data(void **state)
{
    VT_AUTO_SEED struct vt_seed seed = {0};
    VT_AUTO_FREE char *password = NULL;

    (void)state;
    put("user-data", "#!/bin/sh\n");
    collect_well("secret", &seed);
    assert_string_equal(seed.user_data.text, "#!/bin/sh\n");
    password = vt_yaml_top_scalar(seed.vendor_data.text, seed.vendor_data.len, "password");
    assert_string_equal(password, "secret");
}

static void test_password_of_their_own(void **state)
{
    VT_AUTO_SEED struct vt_seed seed = {0};

    (void)state;
    put("user-data", "#cloud-config\npassword: mine\n");
    put("vendor-data", "#cloud-config\nruncmd: []\n");
    collect_well("random", &seed);
    assert_false(seed.password_set);
    assert_null(seed.made_password);
    assert_string_equal(seed.warnings[0],
                        "PASSWORD is not used, because /tmp/user-data sets a password itself");
}

/* Whatever is not YAML, and YAML too, reaches the guest byte for byte. */
static void test_bytes_untouched(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool warned;
    } cases[] = {
#define BYTES(s) s, sizeof(s) - 1
        {BYTES("#cloud-config\r\n# comment\r\na:   1\r\n"), false},
        {BYTES("#!/bin/sh\nprintf '\0\1'\n"), false},
        {BYTES("\x1f\x8b\x08\0\0\0"), false},
        {BYTES("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"), false},
        {BYTES("## template: jinja\n#cloud-config\na: {{ v }\n"), false},
        {BYTES("#include\nhttp://example.com/\n"), false},
        {BYTES("#cloud-boothook\n#!/bin/sh\n"), false},
        {BYTES("runcmd: [a]\n"), true},
        {BYTES(""), true},
        {BYTES("\n \n"), true},
    };

    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_SEED struct vt_seed seed = {0};

        assert_int_equal(make_root(state), 0);
        put_bytes("user-data", cases[i].bytes, cases[i].len);
        put_bytes("vendor-data", cases[i].bytes, cases[i].len);
        collect_well(NULL, &seed);
        assert_int_equal(seed.user_data.len, cases[i].len);
        assert_memory_equal(seed.user_data.text, cases[i].bytes, cases[i].len);
        assert_int_equal(seed.vendor_data.len, cases[i].len);
        assert_memory_equal(seed.vendor_data.text, cases[i].bytes, cases[i].len);
        assert_int_equal(seed.warnings[0] != NULL, cases[i].warned);
        assert_int_equal(seed.warnings[1] != NULL, cases[i].warned);
        assert_int_equal(remove_root(state), 0);
    }
}

static void test_meta_data_wins(void **state)
{
    VT_AUTO_SEED struct vt_seed seed = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    put("meta-data", "# mine\ninstance-id: mine\n");
    put("user-data", "#!/bin/sh\n");
    assert_int_equal(collect(NULL, "theirs", NULL, &seed, &err), 0);
    assert_string_equal(seed.meta_data.text, "# mine\ninstance-id: mine\n");
    assert_string_equal(seed.meta_data.origin, "/tmp/meta-data");
    assert_string_equal(seed.instance_id, "mine");
    assert_string_equal(seed.warnings[0],
                        "INSTANCE_ID is not used, because /tmp/meta-data has its own instance-id");
    assert_null(seed.warnings[1]);
}

static void test_meta_data_filled_in(void **state)
{
    VT_AUTO_SEED struct vt_seed seed = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    put("meta-data", "instance-id: mine\n");
    assert_int_equal(collect(NULL, NULL, "db", &seed, &err), 0);
    assert_string_equal(seed.meta_data.text, "instance-id: mine\nlocal-hostname: \"db\"\n");
    assert_non_null(strstr(seed.warnings[0], "the password of its default user is 'password'"));
    assert_null(seed.warnings[1]);
}

static char *automatic_id(const char *password)
{
    VT_AUTO_SEED struct vt_seed seed = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    assert_int_equal(collect(password, "auto", NULL, &seed, &err), 0);
    assert_true(vt_startswith(seed.instance_id, "iid-"));
    assert_int_equal(strlen(seed.instance_id), 20);
    return VT_TAKE_PTR(seed.instance_id);
}

/* INSTANCE_ID=auto: the same seed is the same instance, a changed one is another. */
static void test_automatic_instance_id(void **state)
{
    VT_AUTO_FREE char *first = automatic_id("a");
    VT_AUTO_FREE char *again = automatic_id("a");
    VT_AUTO_FREE char *other = automatic_id("b");
    VT_AUTO_FREE char *keyed = NULL, *moved = NULL, *vendor = NULL;
    VT_AUTO_FREE char *path = at("user-data");

    (void)state;
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    put("id_rsa.pub", ED25519);
    keyed = automatic_id("a");
    assert_string_not_equal(first, keyed);
    put("user-data", "#!/bin/sh\n");
    moved = automatic_id(NULL);
    assert_int_equal(unlink(path), 0);
    put("vendor-data", "#!/bin/sh\n");
    vendor = automatic_id(NULL);
    assert_string_not_equal(moved, vendor);
}

static void test_ready_iso(void **state)
{
    static const struct {
        const char *type, *label;
        bool warned;
    } cases[] = {
        {"iso", "cidata", false}, {"iso", "CIDATA", false}, {"iso", "config-2", false},
        {"fat", "CIDATA", false}, {"iso", "other", true},   {"fat", "NO NAME", true},
        {"iso", "", true},
    };

    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_SEED struct vt_seed seed = {0};

        assert_int_equal(make_root(state), 0);
        put_iso(cases[i].type, cases[i].label);
        collect_well(NULL, &seed);
        assert_int_equal(seed.kind, VT_SEED_READY_ISO);
        assert_int_equal(seed.warnings[0] != NULL, cases[i].warned);
        assert_int_equal(remove_root(state), 0);
    }
}

static void test_errors(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *password;
        const char *message; /* how it begins */
    } cases[] = {
        {"user-data", "#cloud-config\nusers:\n - a\n  - b: c\n", NULL, "/tmp/user-data:4:"},
        {"vendor-data", "#cloud-config\n\ta: 1\n", NULL, "/tmp/vendor-data:2:1: "},
        {"meta-data", "- a\n", NULL, "/tmp/meta-data:1:1: this is a list"},
        {"network-config", "version: 2\nethernets: {\n", NULL, "/tmp/network-config:3:1: "},
        {"id_rsa.pub", "\nhello\n", NULL, "/tmp/id_rsa.pub:2: this is no whole SSH public key"},
        {"id_rsa.pub", "-----BEGIN OPENSSH PRIVATE KEY-----\n", NULL,
         "/tmp/id_rsa.pub:1: this is a private key"},
        {"cloud_init.iso", "hello\n", NULL, "/tmp/cloud_init.iso holds neither an ISO 9660"},
        {"cloud_init.iso", "", NULL, "/tmp/cloud_init.iso holds neither an ISO 9660"},
        {"user-data", "#!/bin/sh\n", "R", "PASSWORD=R is cloud-init's word"},
    };

    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_SEED struct vt_seed seed = {0};
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        assert_int_equal(make_root(state), 0);
        put(cases[i].name, cases[i].text);
        assert_true(collect(cases[i].password, NULL, NULL, &seed, &err) < 0);
        assert_int_equal(err.cause, cases[i].password ? VT_CAUSE_USAGE : VT_CAUSE_SEED);
        if (!vt_startswith(err.msg, cases[i].message))
            fail_msg("case %zu: %s", i, err.msg);
        assert_null(seed.user_data.text);
        assert_int_equal(remove_root(state), 0);
    }
}

static void assert_seed_error(int r, const struct vt_error *err, const char *message)
{
    assert_true(r < 0);
    assert_int_equal(err->cause, VT_CAUSE_SEED);
    if (!vt_startswith(err->msg, message))
        fail_msg("%s", err->msg);
}

static void expect_error(const char *password, const char *message)
{
    VT_AUTO_SEED struct vt_seed seed = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int r = collect(password, NULL, NULL, &seed, &err);

    assert_seed_error(r, &err, message);
}

/* What is there, but is no file. Not one of them may make us wait. */
static void test_no_files(void **state)
{
    static const char *const names[] = {"user-data",      "meta-data",  "vendor-data",
                                        "network-config", "id_rsa.pub", "cloud_init.iso"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        VT_AUTO_FREE char *path = at(names[i]);
        VT_AUTO_FREE char *directory = vt_fmt("/tmp/%s is a directory, and a file", names[i]);
        VT_AUTO_FREE char *fifo = vt_fmt("/tmp/%s is a device, pipe or socket", names[i]);
        VT_AUTO_FREE char *nowhere = vt_fmt("/tmp/%s is a symbolic link that leads", names[i]);

        assert_int_equal(mkdir(path, 0700), 0);
        expect_error(NULL, directory);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        expect_error(NULL, fifo);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/nowhere/at/all", path), 0);
        expect_error(NULL, nowhere);
        assert_int_equal(unlink(path), 0);
    }
}

static void test_unreadable(void **state)
{
    const uid_t user = geteuid();
    VT_AUTO_FREE char *path = at("user-data");
    VT_AUTO_FREE char *tmp = vt_fmt("%s/tmp", root);
    VT_AUTO_SEED struct vt_seed seed = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int r;

    (void)state;
    put("user-data", "#!/bin/sh\n");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(root, 0755), 0);
    assert_int_equal(chmod(tmp, 0755), 0);
    /* Root reads everything; a user namespace may have nobody else. */
    if (user == 0 && seteuid(65534) < 0)
        skip();
    r = collect(NULL, NULL, NULL, &seed, &err);
    /* Before any assertion, which would leave the tests that follow to that user. */
    assert_int_equal(seteuid(user), 0);
    assert_seed_error(r, &err, "/tmp/user-data cannot be read");
}

static void test_too_large(void **state)
{
    size_t half = (8U << 20) + 1;
    VT_AUTO_FREE char *zeros = vt_calloc(1, half);
    VT_AUTO_FREE char *user = at("user-data");

    (void)state;
    memset(zeros, ' ', half);
    memcpy(zeros, "#!", 2);
    put_bytes("user-data", zeros, half);
    put_bytes("vendor-data", zeros, half);
    expect_error(NULL, "the seed documents in /tmp are together larger than 16 MiB");
    assert_int_equal(unlink(user), 0);
    put_bytes("id_rsa.pub", zeros, (1U << 20) + 1);
    expect_error(NULL, "/tmp/id_rsa.pub is larger than 1 MiB");
    assert_int_equal(truncate(user, 0), -1);
    put("user-data", "");
    assert_int_equal(chmod(user, 0600), 0);
    assert_int_equal(truncate(user, (off_t)1 << 40), 0);
    expect_error(NULL, "/tmp/user-data is larger than 16 MiB");
}

static void test_no_place_for_password(void **state)
{
    (void)state;
    put("user-data", "#!/bin/sh\n");
    put("vendor-data", "#!/bin/sh\n");
    expect_error("x", "PASSWORD has no place beside both /tmp/user-data and /tmp/vendor-data");
}

static void test_meta_data_that_cannot_be_extended(void **state)
{
    (void)state;
    put("meta-data", "mine: &k [a]\npublic-keys: *k\n");
    put("id_rsa.pub", ED25519);
    expect_error(NULL, "nothing can be added to /tmp/meta-data");
}

static void test_no_tmp_at_all(void **state)
{
    VT_AUTO_FREE char *tmp = vt_fmt("%s/tmp", root);
    VT_AUTO_SEED struct vt_seed seed = {0};

    (void)state;
    assert_int_equal(rmdir(tmp), 0);
    collect_well(NULL, &seed);
    assert_int_equal(seed.kind, VT_SEED_DEFAULT_PASSWORD);
}

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

#define URL "http://192.168.100.1:8780/phone-home/0123456789abcdef"

static void test_launchers_key(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        bool has_key;
    } cases[] = {
        {"user-data", "#cloud-config\n{}\n", false},
        {"user-data", "#cloud-config\nssh_authorized_keys: [x]\n", true},
        {"user-data", "#!/bin/sh\nssh_authorized_keys: [x]\n", false},
        {"id_rsa.pub", ED25519 "\n", true},
        {"meta-data", "instance-id: i\npublic-keys: [x]\n", true},
        {"meta-data", "instance-id: i\n", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_SEED struct vt_seed seed = {0};
        VT_AUTO_FREE char *path = at(cases[i].name);
        VT_AUTO_FREE char *before = NULL;

        put(cases[i].name, cases[i].text);
        collect_well(NULL, &seed);
        assert_int_equal(unlink(path), 0);
        if (vt_seed_has_key(&seed) != cases[i].has_key)
            fail_msg("%s: %s", cases[i].name, cases[i].text);
        before = vt_strdup(seed.meta_data.text);
        assert_true(vt_seed_add_key(&seed, RSA " virtainer"));
        assert_true(seed.own_key);
        assert_non_null(strstr(seed.meta_data.text, RSA " virtainer"));
        assert_int_equal(strlen(seed.meta_data.text), seed.meta_data.len);
        assert_true(vt_yaml_top_has(seed.meta_data.text, seed.meta_data.len, "instance-id"));
        assert_true(strlen(before) < seed.meta_data.len);
    }
}

static void test_launchers_phone_home(void **state)
{
    VT_AUTO_SEED struct vt_seed plain = {0};
    VT_AUTO_SEED struct vt_seed seed = {0};

    (void)state;
    collect_well(NULL, &plain);
    assert_true(vt_seed_can_phone_home(&plain));
    assert_null(plain.vendor_data.text);
    vt_seed_add_phone_home(&plain, URL);
    assert_true(
        vt_startswith(plain.vendor_data.text, "#cloud-config\nphone_home:\n  url: " URL "\n"));
    assert_int_equal(vt_yaml_check("v", plain.vendor_data.text, plain.vendor_data.len, NULL), 0);

    /* It lives together with a password that is there already. */
    put("user-data", "#cloud-config\n{}\n");
    collect_well("secret", &seed);
    vt_seed_add_phone_home(&seed, URL);
    assert_true(vt_yaml_top_has(seed.vendor_data.text, seed.vendor_data.len, "password"));
    assert_true(vt_yaml_top_has(seed.vendor_data.text, seed.vendor_data.len, "phone_home"));
    assert_int_equal(seed.vendor_data.len, strlen(seed.vendor_data.text));
    assert_int_equal(vt_yaml_check("v", seed.vendor_data.text, seed.vendor_data.len, NULL), 0);
}

static void test_a_persons_phone_home_stays(void **state)
{
    static const char *const texts[] = {"phone_home: {url: 'http://x'}", "ssh_keys: {}",
                                        "ssh_genkeytypes: [ed25519]"};
    VT_AUTO_SEED struct vt_seed mounted = {0};
    VT_AUTO_FREE char *user_data = at("user-data");

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        VT_AUTO_FREE char *text = vt_fmt("#cloud-config\n%s\n", texts[i]);
        VT_AUTO_SEED struct vt_seed own = {0};

        put("user-data", text);
        collect_well(NULL, &own);
        if (vt_seed_can_phone_home(&own))
            fail_msg("%s", texts[i]);
        assert_int_equal(unlink(user_data), 0);
    }
    put("vendor-data", "#cloud-config\n{}\n");
    collect_well(NULL, &mounted);
    assert_false(vt_seed_can_phone_home(&mounted));
}

static const struct vt_seed_card two_cards[] = {{"02:42:ac:12:00:02", 1}, {"02:42:ac:11:00:02", 0}};

static void test_cards_of_the_guest(void **state)
{
    VT_AUTO_SEED struct vt_seed seed = {0};

    (void)state;
    collect_well(NULL, &seed);
    vt_seed_add_phone_home(&seed, URL);
    assert_true(vt_seed_add_cards(&seed, two_cards, 2));
    assert_string_equal(seed.network_config.text, "version: 2\n"
                                                  "ethernets:\n"
                                                  "  eth1:\n"
                                                  "    match:\n"
                                                  "      macaddress: '02:42:ac:12:00:02'\n"
                                                  "    set-name: eth1\n"
                                                  "    dhcp4: true\n"
                                                  "    dhcp6: true\n"
                                                  "  eth0:\n"
                                                  "    match:\n"
                                                  "      macaddress: '02:42:ac:11:00:02'\n"
                                                  "    set-name: eth0\n"
                                                  "    dhcp4: true\n"
                                                  "    dhcp6: true\n"
                                                  "    optional: true\n");
    assert_int_equal(vt_yaml_check("n", seed.network_config.text, seed.network_config.len, NULL),
                     0);
    assert_true(vt_yaml_top_has(seed.vendor_data.text, seed.vendor_data.len, "phone_home"));
    assert_true(vt_yaml_top_has(seed.vendor_data.text, seed.vendor_data.len, "updates"));
    assert_int_equal(vt_yaml_check("v", seed.vendor_data.text, seed.vendor_data.len, NULL), 0);
}

static void test_a_persons_network_config_stays(void **state)
{
    VT_AUTO_SEED struct vt_seed own = {0};
    VT_AUTO_SEED struct vt_seed vendor = {0};
    VT_AUTO_FREE char *network_config = at("network-config");

    (void)state;
    put("network-config", "version: 2\n");
    collect_well(NULL, &own);
    assert_false(vt_seed_add_cards(&own, two_cards, 1));
    assert_string_equal(own.network_config.text, "version: 2\n");
    assert_null(own.vendor_data.text);
    assert_int_equal(unlink(network_config), 0);

    put("vendor-data", "#!/bin/sh\nupdates: no YAML\n");
    collect_well(NULL, &vendor);
    assert_false(vt_seed_add_cards(&vendor, two_cards, 1));
    assert_non_null(vendor.network_config.text);
    assert_string_equal(vendor.vendor_data.text, "#!/bin/sh\nupdates: no YAML\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),
        IN_ROOT(test_default_password),
        IN_ROOT(test_random_password),
        IN_ROOT(test_password_beneath_user_data),
        IN_ROOT(test_password_of_their_own),
        cmocka_unit_test(test_bytes_untouched),
        IN_ROOT(test_meta_data_wins),
        IN_ROOT(test_meta_data_filled_in),
        IN_ROOT(test_automatic_instance_id),
        cmocka_unit_test(test_ready_iso),
        cmocka_unit_test(test_errors),
        IN_ROOT(test_no_files),
        IN_ROOT(test_unreadable),
        IN_ROOT(test_too_large),
        IN_ROOT(test_no_place_for_password),
        IN_ROOT(test_meta_data_that_cannot_be_extended),
        IN_ROOT(test_no_tmp_at_all),
        IN_ROOT(test_launchers_key),
        IN_ROOT(test_launchers_phone_home),
        IN_ROOT(test_a_persons_phone_home_stays),
        IN_ROOT(test_cards_of_the_guest),
        IN_ROOT(test_a_persons_network_config_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
