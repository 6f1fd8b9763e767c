/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every option with values that are good and that are not, and the words a person then reads. */
#include "config/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

#define HEX_64 "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define A_50   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct vt_option *find(const char *env)
{
    for (size_t i = 0; i < vt_option_count; i++) {
        if (vt_streq(vt_options[i].env, env))
            return &vt_options[i];
    }
    fail_msg("no option %s", env);
    return NULL;
}

/* The field of @option in @config as text. */
static char *stored(const struct vt_config *config, const struct vt_option *option)
{
    const void *at = (const char *)config + option->offset;

    if (option->offset == offsetof(struct vt_config, ram) ||
        option->offset == offsetof(struct vt_config, disk_size))
        return vt_fmt("%llu", (unsigned long long)*(const uint64_t *)at);
    if (option->offset == offsetof(struct vt_config, resume) ||
        option->offset == offsetof(struct vt_config, phone_home))
        return vt_fmt("%d", *(const bool *)at);
    if (option->values || option->offset == offsetof(struct vt_config, cpus) ||
        option->offset == offsetof(struct vt_config, grace_period))
        return vt_fmt("%u", *(const unsigned *)at);
    if (option->offset == offsetof(struct vt_config, ports))
        return vt_ports_text(at);
    if (option->offset == offsetof(struct vt_config, allow_from))
        return vt_sources_text(at, false);
    if (option->offset == offsetof(struct vt_config, ssh_rate))
        return vt_rate_text(at);
    return vt_strdup(*(char *const *)at);
}

static const struct {
    const char *env, *value, *stored;
} good[] = {
    {"RAM", "1024", "1073741824"},
    {"RAM", "4G", "4294967296"},
    {"RAM", "4g", "4294967296"},
    {"RAM", "32", "33554432"},
    {"RAM", "33000K", "33554432"}, /* libvirt is told whole MiB */
    {"RAM", "1T", "1099511627776"},
    {"CPU", "1", "1"},
    {"CPU", "255", "255"},
    {"CPU", "008", "8"},
    {"DISK_SIZE", "40G", "42949672960"},
    {"DISK_SIZE", "40", "42949672960"}, /* a bare number counts GiB */
    {"DISK_SIZE", "512M", "536870912"},
    {"DISK_SIZE", "1024K", "1048576"},
    {"DISK_SIZE", "2TiB", "2199023255552"},
    {"IMAGE", "/image", "/image"},
    {"IMAGE", "/a b/\xc3\xa9.qcow2", "/a b/\xc3\xa9.qcow2"},
    {"IMAGE", "debian", "debian"},
    {"IMAGE", "debian:13", "debian:13"},
    {"IMAGE", "opensuse:leap-15.6", "opensuse:leap-15.6"},
    {"CATALOGUE_DIR", "/catalogue", "/catalogue"},
    {"IMAGE_CACHE", "/srv/cache", "/srv/cache"},
    {"IMAGE_KEYRING", "/keys.gpg", "/keys.gpg"},
    {"IMAGE_URL", "https://x/y.qcow2", "https://x/y.qcow2"},
    {"IMAGE_URL", "http://x/", "http://x/"},
    {"IMAGE_URL", "file:///image", "file:///image"},
    {"IMAGE_CHECKSUM", "sha256:" HEX_64, "sha256:" HEX_64},
    {"IMAGE_CHECKSUM", "sha512:" HEX_64 HEX_64, "sha512:" HEX_64 HEX_64},
    {"IMAGE_CHECKSUM", "https://x/SHA256SUMS", "https://x/SHA256SUMS"},
    {"IMAGE_CHECKSUM", "file:///sums", "file:///sums"},
    {"IMAGE_DIR", "/data", "/data"},
    {"CLOUD_INIT_DISK", "/run/seed.iso", "/run/seed.iso"},
    {"PASSWORD", "p&ss <w'\"rd>", "p&ss <w'\"rd>"},
    {"PASSWORD", "random", "random"},
    {"INSTANCE_ID", "auto", "auto"},
    {"INSTANCE_ID", "i-0a1b", "i-0a1b"},
    {"HOSTNAME_IN_GUEST", "web-1.example.org", "web-1.example.org"},
    {"VM_NAME", "a", "a"},
    {"VM_NAME", "9.x_y-Z", "9.x_y-Z"},
    {"VM_NAME", A_50, A_50},
    {"OS_VARIANT", "debian12", "debian12"},
    {"ACCEL", "auto", "0"},
    {"ACCEL", "kvm", "1"},
    {"ACCEL", "tcg", "2"},
    {"FIRMWARE", "bios", "0"},
    {"NETWORK", "nat", "1"},
    {"NETWORK", "bridge", "3"},
    {"NETWORK", "macvtap", "3"}, /* by a bridge, in the container */
    {"NETWORK", "none", "4"},
    {"VIDEO", "none", "0"},
    {"VIDEO", "vga", "1"},
    {"PORTS", "22,8080:80/tcp,53/udp", "22/tcp,8080:80/tcp,53/udp"},
    {"ALLOW_FROM", "10.1.2.3/8, 192.0.2.1", "10.0.0.0/8, 192.0.2.1/32"},
    {"SSH_RATE", "10/minute", "10/minute"},
    {"CIDR", "10.0.0", "10.0.0"},
    {"CIDR", "1.2.3", "1.2.3"},
    {"CIDR", "223.255.255", "223.255.255"},
    {"CIDR", "010.01.001", "10.1.1"}, /* decimal, and told to others without the zeros */
    {"GRACE_PERIOD", "1", "1"},
    {"GRACE_PERIOD", "86400", "86400"},
    {"STOP_ACTION", "shutdown", "1"},
    {"STOP_ACTION", "save", "2"},
    {"STOP_ACTION", "poweroff", "3"},
    {"STOP_ON_TERM", "same", "0"},
    {"STOP_ON_INT", "save", "2"},
    {"STOP_ON_QUIT", "poweroff", "3"},
    {"GRACE_ACTION", "poweroff", "3"},
    {"GRACE_ACTION", "save", "2"},
    {"RESUME", "yes", "1"},
    {"RESUME", "no", "0"},
    {"PHONE_HOME", "no", "0"},
    {"OWN_KEY", "auto", "0"},
    {"OWN_KEY", "no", "2"},
    {"SSH_USER", "debian", "debian"},
    {"LOG_FORMAT", "json", "1"},
    {"LOG_LEVEL", "error", "0"},
    {"LOG_LEVEL", "debug", "3"},
};

#define ALLOWED_RAM "give MiB, or a number with M or G, such as 2048 or 4G"
#define TOO_LITTLE_RAM                                                    \
    "no guest runs in less than 32 MiB; a bare number counts MiB, and G " \
    "means GiB"
#define ALLOWED_CPU  "give a whole number from 1 to 255"
#define ALLOWED_DISK "give GiB, or a number with M, G or T, such as 40G or 512M"
#define ALLOWED_PATH "give an absolute path in the container"
#define ALLOWED_IMAGE                                                                        \
    "give an absolute path in the container, or a name of the catalogue, such as debian:13 " \
    "(virtainer image list)"
#define ALLOWED_URL "give a URL that begins with https://, http:// or file:///"
#define ALLOWED_SUM                                                             \
    "give sha256: and 64 or sha512: and 128 hexadecimal digits, or the URL of " \
    "a file of checksums, such as SHA256SUMS"
#define ALLOWED_SOURCES                                                       \
    "give up to 64 addresses and networks with commas between them, such as " \
    "192.0.2.1,10.0.0.0/8,2001:db8::/32"
#define ALLOWED_CIDR    "give the first three octets of a network, such as 192.168.100"
#define ALLOWED_SECONDS "give a whole number from 1 to 86400"
#define ALLOWED_NAME                                                    \
    "give up to 50 letters, digits, dots, dashes and underscores, the " \
    "first a letter or digit"
#define ALLOWED_FIRMWARE                                                           \
    "guests boot by BIOS here; give bios or leave it out, and take an image that " \
    "boots by BIOS"
#define NO_CONTROL "control characters are not allowed"
#define SOME_TEXT  "give some text, or leave it out"

static const struct {
    const char *env, *value, *allowed;
} bad[] = {
    {"RAM", "abc", ALLOWED_RAM},
    {"RAM", "1.5G", ALLOWED_RAM},
    {"RAM", "-1", ALLOWED_RAM},
    {"RAM", "99999999999999999999G", ALLOWED_RAM},
    {"RAM", "1", TOO_LITTLE_RAM},
    {"RAM", "0", TOO_LITTLE_RAM},
    {"RAM", "32000K", TOO_LITTLE_RAM},
    {"CPU", "0", ALLOWED_CPU},
    {"CPU", "256", ALLOWED_CPU},
    {"CPU", "1.5", ALLOWED_CPU},
    {"CPU", "two", ALLOWED_CPU},
    {"CPU", "4294967297", ALLOWED_CPU}, /* 1 in 32 bits */
    {"DISK_SIZE", "ten", ALLOWED_DISK},
    {"DISK_SIZE", "0", ALLOWED_DISK},
    {"DISK_SIZE", "1K", ALLOWED_DISK},
    {"DISK_SIZE", "9999999T", ALLOWED_DISK},
    {"IMAGE", "./image", ALLOWED_IMAGE},
    {"IMAGE", "images/a", ALLOWED_IMAGE},
    {"IMAGE", "Debian", ALLOWED_IMAGE},
    {"IMAGE", "debian:", ALLOWED_IMAGE},
    {"IMAGE", ":13", ALLOWED_IMAGE},
    {"IMAGE", "a:b:c", ALLOWED_IMAGE},
    {"IMAGE", "https://example.org/a", ALLOWED_IMAGE},
    {"CATALOGUE_DIR", "catalogue", ALLOWED_PATH},
    {"IMAGE_CACHE", "cache", ALLOWED_PATH},
    {"IMAGE_KEYRING", "keys.gpg", ALLOWED_PATH},
    {"IMAGE_URL", "ftp://x/y", ALLOWED_URL},
    {"IMAGE_URL", "x/y", ALLOWED_URL},
    {"IMAGE_URL", "file://host/y", ALLOWED_URL},
    {"IMAGE_CHECKSUM", "sha256:12", ALLOWED_SUM},
    {"IMAGE_CHECKSUM", HEX_64, ALLOWED_SUM},
    {"IMAGE_CHECKSUM", "sha256:" HEX_64 "0", ALLOWED_SUM},
    {"IMAGE_CHECKSUM", "md5:" HEX_64, ALLOWED_SUM},
    {"IMAGE_CHECKSUM", "sha512:" HEX_64, ALLOWED_SUM},
    {"IMAGE_CHECKSUM", "sha256:" HEX_64 HEX_64, ALLOWED_SUM},
    {"IMAGE_CHECKSUM", "ftp://x/SHA256SUMS", ALLOWED_SUM},
    {"IMAGE_DIR", "data", ALLOWED_PATH},
    {"CLOUD_INIT_DISK", "seed.iso", ALLOWED_PATH},
    {"HOSTNAME_IN_GUEST", "-x", ALLOWED_NAME},
    {"HOSTNAME_IN_GUEST", "a b", ALLOWED_NAME},
    {"VM_NAME", "a/b", ALLOWED_NAME},
    {"VM_NAME", "../x", ALLOWED_NAME},
    {"VM_NAME", ".", ALLOWED_NAME},
    {"VM_NAME", "vm;reboot", ALLOWED_NAME},
    {"VM_NAME", "\xc3\xa9", ALLOWED_NAME},
    {"VM_NAME", A_50 "a", ALLOWED_NAME},
    {"ACCEL", "fast", "give auto, kvm or tcg"},
    {"ACCEL", "KVM", "give auto, kvm or tcg"},
    {"FIRMWARE", "uefi", ALLOWED_FIRMWARE},
    {"FIRMWARE", "uefi-secure", ALLOWED_FIRMWARE},
    {"FIRMWARE", "BIOS", ALLOWED_FIRMWARE},
    {"NETWORK", "moon", "give auto, nat, user, bridge or none"},
    {"VIDEO", "cirrus", "give none or vga"},
    {"PORTS", "22,22", "port 22/tcp is in it twice, and can lead to one place only"},
    {"ALLOW_FROM", "10.0.0.0/33", ALLOWED_SOURCES},
    {"ALLOW_FROM", "example.org", ALLOWED_SOURCES},
    {"SSH_RATE", "10",
     "give a number from 1 to 1000 and second, minute, hour or day, such as 10/minute"},
    {"CIDR", "300.1.1", ALLOWED_CIDR},
    {"CIDR", "1.300.1", ALLOWED_CIDR},
    {"CIDR", "1.1.256", ALLOWED_CIDR},
    {"CIDR", "0.1.1", ALLOWED_CIDR},
    {"CIDR", "127.0.0", ALLOWED_CIDR},
    {"CIDR", "224.0.0", ALLOWED_CIDR},
    {"CIDR", "192.168", ALLOWED_CIDR},
    {"CIDR", "192.168.100.", ALLOWED_CIDR},
    {"CIDR", "192.168.100.0", ALLOWED_CIDR},
    {"CIDR", "192.168.100.0/24", ALLOWED_CIDR},
    {"CIDR", "192.168. 1", ALLOWED_CIDR},
    {"CIDR", "192..1", ALLOWED_CIDR},
    {"CIDR", "4294967488.1.1", ALLOWED_CIDR}, /* 192 in 32 bits */
    {"GRACE_PERIOD", "0", ALLOWED_SECONDS},
    {"GRACE_PERIOD", "86401", ALLOWED_SECONDS},
    {"GRACE_PERIOD", "1m", ALLOWED_SECONDS},
    {"STOP_ACTION", "same", "give shutdown, save or poweroff"},
    {"STOP_ACTION", "kill", "give shutdown, save or poweroff"},
    {"STOP_ON_INT", "no", "give same, shutdown, save or poweroff"},
    {"GRACE_ACTION", "shutdown", "give poweroff or save"},
    {"RESUME", "maybe", "give yes or no"},
    {"OWN_KEY", "mine", "give auto, yes or no"},
    {"SSH_USER", "a b", ALLOWED_NAME},
    {"LOG_FORMAT", "xml", "give text or json"},
    {"LOG_LEVEL", "loud", "give error, warning, info or debug"},
};

static void good_values_are_stored(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(good); i++) {
        const struct vt_option *option = find(good[i].env);
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_CONFIG struct vt_config config;
        VT_AUTO_FREE char *text = NULL;

        vt_config_init(&config);
        if (vt_option_set(&config, option, "x ", good[i].value, &err) != 0)
            fail_msg("%s", err.msg);
        text = stored(&config, option);
        assert_string_equal(text, good[i].stored);
        assert_null(err.msg);
    }
}

static void bad_values_are_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(bad); i++) {
        const struct vt_option *option = find(bad[i].env);
        VT_AUTO_FREE char *label = vt_fmt("%s=", bad[i].env);
        VT_AUTO_FREE char *expected =
            vt_fmt("%s%s cannot be used: %s", label, bad[i].value, bad[i].allowed);
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_CONFIG struct vt_config config, untouched;

        vt_config_init(&config);
        vt_config_init(&untouched);
        if (vt_option_set(&config, option, label, bad[i].value, &err) != -EINVAL)
            fail_msg("%s%s was taken", label, bad[i].value);
        assert_string_equal(err.msg, expected);
        assert_int_equal(err.cause, VT_CAUSE_USAGE);
        /* and the value before, and whether it was given, stay */
        {
            VT_AUTO_FREE char *after = stored(&config, option);
            VT_AUTO_FREE char *before = stored(&untouched, option);

            assert_string_equal(after ? after : "", before ? before : "");
            assert_int_equal(config.cidr_given, false);
            assert_int_equal(config.disk_size_given, false);
        }
    }
}

static void every_option_is_tried(void **state)
{
    (void)state;
    for (size_t i = 0; i < vt_option_count; i++) {
        bool found = false;

        for (size_t n = 0; n < VT_ARRAY_SIZE(good); n++)
            found = found || vt_streq(good[n].env, vt_options[i].env);
        if (!found)
            fail_msg("%s has no good value here", vt_options[i].env);
    }
}

/* Whatever it is, nothing takes the empty text, and nothing a text with control characters. */
static void no_option_takes_nothing_or_controls(void **state)
{
    static const char *const controls[] = {"/a\nb", "a\x1b[2Jb", "https://x\r/", "1\t", "\x7f"};

    (void)state;
    for (size_t i = 0; i < vt_option_count; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_CONFIG struct vt_config config;

        vt_config_init(&config);
        if (vt_option_set(&config, &vt_options[i], "x ", "", &err) != -EINVAL)
            fail_msg("%s takes nothing", vt_options[i].env);
        for (size_t n = 0; n < VT_ARRAY_SIZE(controls); n++) {
            if (vt_option_set(&config, &vt_options[i], "x ", controls[n], &err) != -EINVAL)
                fail_msg("%s takes control characters (%zu)", vt_options[i].env, n);
            /* nor are they sent to the person's terminal */
            for (const char *c = err.msg; *c; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        }
    }
}

static void a_password_is_not_told(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_int_equal(vt_option_set(&config, find("PASSWORD"), "PASSWORD=", "sec\tret", &err),
                     -EINVAL);
    assert_string_equal(err.msg, "PASSWORD=… cannot be used: " NO_CONTROL);
    assert_int_equal(vt_option_set(&config, find("OS_VARIANT"), "--os-variant ", "a\nb", &err),
                     -EINVAL);
    assert_string_equal(err.msg, "--os-variant a?b cannot be used: " NO_CONTROL);
    assert_int_equal(vt_option_set(&config, find("INSTANCE_ID"), "--instance-id ", "", &err),
                     -EINVAL);
    assert_string_equal(err.msg, "--instance-id '' cannot be used: " SOME_TEXT);
}

static void what_was_given_is_known(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_false(config.disk_size_given);
    assert_false(config.cidr_given);
    assert_int_equal(vt_option_set(&config, find("DISK_SIZE"), "", "40G", NULL), 0);
    assert_true(config.disk_size_given);
    assert_false(config.cidr_given);
    assert_int_equal(vt_option_set(&config, find("CIDR"), "", "192.168.100", NULL), 0);
    assert_true(config.cidr_given);
}

static void the_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < vt_option_count; i++) {
        const struct vt_option *a = &vt_options[i];
        VT_AUTO_FREE char *flag = vt_option_flag(a);

        assert_int_equal(strspn(a->env, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(a->env));
        assert_int_equal(strspn(flag, "abcdefghijklmnopqrstuvwxyz-"), strlen(flag));
        assert_null(strpbrk(a->help, "|\n"));
        for (size_t n = 0; n < i; n++) {
            assert_string_not_equal(a->env, vt_options[n].env);
            assert_int_not_equal(a->offset, vt_options[n].offset);
        }
    }
}

static void a_flag_is_the_variable_in_lower_case(void **state)
{
    VT_AUTO_FREE char *flag = vt_option_flag(find("HOSTNAME_IN_GUEST"));
    VT_AUTO_FREE char *ram = vt_option_flag(find("RAM"));

    (void)state;
    assert_string_equal(flag, "--hostname-in-guest");
    assert_string_equal(ram, "--ram");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values_are_stored),
        cmocka_unit_test(bad_values_are_explained),
        cmocka_unit_test(every_option_is_tried),
        cmocka_unit_test(no_option_takes_nothing_or_controls),
        cmocka_unit_test(a_password_is_not_told),
        cmocka_unit_test(what_was_given_is_known),
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(a_flag_is_the_variable_in_lower_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
