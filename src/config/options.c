/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>

#include "base/url.h"

#define FIELD(name) offsetof(struct vt_config, name)

#define MIB (UINT64_C(1) << 20)
/* Less than this runs no firmware and kernel worth the name. */
#define MIN_RAM        (32 * MIB)
#define MAX_CPUS       255
#define MAX_GRACE      86400
#define MAX_NAME_BYTES 50
#define MIN_DISK_SIZE  MIB

static const char *const accel_names[] = {"auto", "kvm", "tcg", NULL};
static const char *const firmware_names[] = {"bios", NULL};
static const char *const network_names[] = {"auto", "nat", "user", "bridge", "none", NULL};
static const char *const video_names[] = {"none", "vga", NULL};
static const char *const stop_names[] = {"same", "shutdown", "save", "poweroff", NULL};
static const char *const own_key_names[] = {"auto", "yes", "no", NULL};

static void *field(struct vt_config *config, size_t offset)
{
    return (char *)config + offset;
}

static int refuse(char **ret_allowed, char *allowed)
{
    *ret_allowed = allowed;
    return -EINVAL;
}

static int store_ram(struct vt_config *config, const struct vt_option *option, const char *value,
                     char **ret_allowed)
{
    uint64_t bytes;

    if (vt_parse_size(value, MIB, &bytes) < 0)
        return refuse(ret_allowed,
                      vt_strdup("give MiB, or a number with M or G, such as 2048 or 4G"));
    if (bytes < MIN_RAM)
        return refuse(ret_allowed,
                      vt_strdup("no guest runs in less than 32 MiB; a bare number counts "
                                "MiB, and G means GiB"));
    *(uint64_t *)field(config, option->offset) = bytes / MIB * MIB;
    return 0;
}

static int store_size(struct vt_config *config, const struct vt_option *option, const char *value,
                      char **ret_allowed)
{
    uint64_t bytes;

    if (vt_parse_size(value, UINT64_C(1) << 30, &bytes) < 0 || bytes < MIN_DISK_SIZE)
        return refuse(ret_allowed,
                      vt_strdup("give GiB, or a number with M, G or T, such as 40G or 512M"));
    *(uint64_t *)field(config, option->offset) = bytes;
    return 0;
}

static int store_number(struct vt_config *config, const struct vt_option *option, const char *value,
                        unsigned min, unsigned max, char **ret_allowed)
{
    uint64_t number;

    if (vt_parse_u64(value, max, &number) < 0 || number < min)
        return refuse(ret_allowed, vt_fmt("give a whole number from %u to %u", min, max));
    *(unsigned *)field(config, option->offset) = (unsigned)number;
    return 0;
}

static int store_cpus(struct vt_config *config, const struct vt_option *option, const char *value,
                      char **ret_allowed)
{
    return store_number(config, option, value, 1, MAX_CPUS, ret_allowed);
}

static int store_seconds(struct vt_config *config, const struct vt_option *option,
                         const char *value, char **ret_allowed)
{
    return store_number(config, option, value, 1, MAX_GRACE, ret_allowed);
}

static int store_string(struct vt_config *config, const struct vt_option *option, const char *value,
                        char **ret_allowed)
{
    if (*value == '\0')
        return refuse(ret_allowed, vt_strdup("give some text, or leave it out"));
    for (const char *c = value; *c; c++) {
        if (iscntrl((unsigned char)*c))
            return refuse(ret_allowed, vt_strdup("control characters are not allowed"));
    }
    vt_str_replace(field(config, option->offset), vt_strdup(value));
    return 0;
}

/* A string that no message shows. */
static int store_secret(struct vt_config *config, const struct vt_option *option, const char *value,
                        char **ret_allowed)
{
    return store_string(config, option, value, ret_allowed);
}

/* A name that is safe as a file name, as libvirt uses it, and on a command line. */
static int store_name(struct vt_config *config, const struct vt_option *option, const char *value,
                      char **ret_allowed)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    if (!isalnum((unsigned char)value[0]) || value[strspn(value, allowed)] != '\0' ||
        strlen(value) > MAX_NAME_BYTES)
        return refuse(ret_allowed,
                      vt_fmt("give up to %d letters, digits, dots, dashes and underscores, "
                             "the first a letter or digit",
                             MAX_NAME_BYTES));
    vt_str_replace(field(config, option->offset), vt_strdup(value));
    return 0;
}

static int store_path(struct vt_config *config, const struct vt_option *option, const char *value,
                      char **ret_allowed)
{
    if (value[0] != '/')
        return refuse(ret_allowed, vt_strdup("give an absolute path in the container"));
    return store_string(config, option, value, ret_allowed);
}

/* A path, or a name in the catalogue: NAME or NAME:RELEASE. */
static int store_image(struct vt_config *config, const struct vt_option *option, const char *value,
                       char **ret_allowed)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *end = value + strspn(value, letters);

    if (value[0] == '/')
        return store_string(config, option, value, ret_allowed);
    if (end > value && *end == ':' && end[1])
        end += 1 + strspn(end + 1, letters);
    if (end == value || *end != '\0' || strlen(value) > (size_t)2 * MAX_NAME_BYTES)
        return refuse(ret_allowed,
                      vt_strdup("give an absolute path in the container, or a name of the "
                                "catalogue, such as debian:13 (virtainer image list)"));
    return store_string(config, option, value, ret_allowed);
}

static bool is_url(const char *value)
{
    return vt_startswith(value, "http://") || vt_startswith(value, "https://") ||
           vt_startswith(value, "file:///");
}

static int store_url(struct vt_config *config, const struct vt_option *option, const char *value,
                     char **ret_allowed)
{
    if (!is_url(value))
        return refuse(ret_allowed,
                      vt_strdup("give a URL that begins with https://, http:// or file:///"));
    return store_string(config, option, value, ret_allowed);
}

static bool is_digest(const char *value, const char *prefix, size_t digits)
{
    size_t len = strlen(prefix);

    return vt_startswith(value, prefix) && strlen(value) == len + digits &&
           strspn(value + len, "0123456789abcdefABCDEF") == digits;
}

static int store_checksum(struct vt_config *config, const struct vt_option *option,
                          const char *value, char **ret_allowed)
{
    if (!is_url(value) && !is_digest(value, "sha256:", 64) && !is_digest(value, "sha512:", 128))
        return refuse(ret_allowed,
                      vt_strdup("give sha256: and 64 or sha512: and 128 hexadecimal digits, or the "
                                "URL of a file of checksums, such as SHA256SUMS"));
    return store_string(config, option, value, ret_allowed);
}

/* The first three octets of a network, each from 0 to 255, the first a unicast one. */
static int store_octets(struct vt_config *config, const struct vt_option *option, const char *value,
                        char **ret_allowed)
{
    unsigned octets[3];
    char end;

    if (value[strspn(value, "0123456789.")] != '\0' ||
        sscanf(value, "%3u.%3u.%3u%c", &octets[0], &octets[1], &octets[2], &end) != 3 ||
        octets[0] < 1 || octets[0] > 223 || octets[0] == 127 || octets[1] > 255 || octets[2] > 255)
        return refuse(ret_allowed, vt_strdup("give the first three octets of a network, "
                                             "such as 192.168.100"));
    vt_str_replace(field(config, option->offset),
                   vt_fmt("%u.%u.%u", octets[0], octets[1], octets[2]));
    return 0;
}

static int store_ports(struct vt_config *config, const struct vt_option *option, const char *value,
                       char **ret_allowed)
{
    struct vt_ports *ports = field(config, option->offset);
    struct vt_port *old = ports->list;
    int r = vt_ports_parse(value, ports, ret_allowed);

    if (r == 0)
        free(old);
    return r;
}

static int store_sources(struct vt_config *config, const struct vt_option *option,
                         const char *value, char **ret_allowed)
{
    struct vt_sources *sources = field(config, option->offset);
    struct vt_source *old = sources->list;
    int r = vt_sources_parse(value, sources, ret_allowed);

    if (r == 0)
        free(old);
    return r;
}

static int store_rate(struct vt_config *config, const struct vt_option *option, const char *value,
                      char **ret_allowed)
{
    return vt_rate_parse(value, field(config, option->offset), ret_allowed);
}

static char *choices(const struct vt_option *option)
{
    struct vt_buf text = VT_BUF_INIT(1024);

    vt_buf_adds(&text, "give ");
    for (size_t i = 0; option->values[i]; i++) {
        if (i > 0)
            vt_buf_adds(&text, option->values[i + 1] ? ", " : " or ");
        vt_buf_adds(&text, option->values[i]);
    }
    return vt_buf_take(&text);
}

static_assert(sizeof(enum vt_accel) == sizeof(int) && sizeof(enum vt_network) == sizeof(int) &&
                  sizeof(enum vt_video) == sizeof(int) && sizeof(enum vt_firmware) == sizeof(int) &&
                  sizeof(enum vt_log_level) == sizeof(int) &&
                  sizeof(enum vt_log_format) == sizeof(int) &&
                  sizeof(enum vt_stop_how) == sizeof(int) && sizeof(enum vt_own_key) == sizeof(int),
              "a choice is stored as an int");

static int store_choice(struct vt_config *config, const struct vt_option *option, const char *value,
                        char **ret_allowed)
{
    for (int i = 0; option->values[i]; i++) {
        if (vt_streq(value, option->values[i])) {
            *(int *)field(config, option->offset) = i;
            return 0;
        }
    }
    return refuse(ret_allowed, choices(option));
}

/* Who asks for UEFI must not get something else without a word. */
static int store_firmware(struct vt_config *config, const struct vt_option *option,
                          const char *value, char **ret_allowed)
{
    if (store_choice(config, option, value, ret_allowed) == 0)
        return 0;
    free(*ret_allowed);
    return refuse(ret_allowed, vt_strdup("guests boot by BIOS here; give bios or leave it out, and "
                                         "take an image that boots by BIOS"));
}

/* What others do by macvtap, a bridge does here (docs/adr/0008): who asks for the one gets it. */
static int store_network(struct vt_config *config, const struct vt_option *option,
                         const char *value, char **ret_allowed)
{
    return store_choice(config, option, vt_streq(value, "macvtap") ? "bridge" : value, ret_allowed);
}

/* A choice among the ways to stop, where "same" is none. */
static int store_stop(struct vt_config *config, const struct vt_option *option, const char *value,
                      char **ret_allowed)
{
    struct vt_option real = *option;

    real.values++;
    if (vt_stop_how_find(value) == VT_HOW_SAME)
        return refuse(ret_allowed, choices(&real));
    return store_choice(config, option, value, ret_allowed);
}

/* Of the ways to stop those that need nothing of the guest. */
static int store_grace_action(struct vt_config *config, const struct vt_option *option,
                              const char *value, char **ret_allowed)
{
    if (!vt_streq(value, stop_names[VT_HOW_SAVE]) && !vt_streq(value, stop_names[VT_HOW_POWEROFF]))
        return refuse(ret_allowed, vt_strdup("give poweroff or save"));
    return store_choice(config, option, value, ret_allowed);
}

static int store_switch(struct vt_config *config, const struct vt_option *option, const char *value,
                        char **ret_allowed)
{
    if (!vt_streq(value, "yes") && !vt_streq(value, "no"))
        return refuse(ret_allowed, vt_strdup("give yes or no"));
    *(bool *)field(config, option->offset) = vt_streq(value, "yes");
    return 0;
}

const struct vt_option vt_options[] = {
    {"RAM", "SIZE", "1024", "memory of the guest: MiB, or with a unit (4G)", store_ram, FIELD(ram),
     0, NULL},
    {"CPU", "COUNT", "1", "virtual CPUs of the guest", store_cpus, FIELD(cpus), 0, NULL},
    {"DISK_SIZE", "SIZE", "40G",
     "size of the guest's disk; one that is there grows to it at the start and never shrinks",
     store_size, FIELD(disk_size), FIELD(disk_size_given), NULL},
    {"IMAGE", "IMAGE", NULL,
     "the base image: a path, if it is not at one of the usual places, or a name of the catalogue, "
     "such as debian:13",
     store_image, FIELD(image), 0, NULL},
    {"CATALOGUE_DIR", "PATH", NULL, "a catalogue of your own, which wins over the one in the image",
     store_path, FIELD(catalogue_dir), 0, NULL},
    {"IMAGE_URL", "URL", NULL, "where to download the base image from", store_url, FIELD(image_url),
     0, NULL},
    {"IMAGE_CHECKSUM", "SUM", NULL,
     "what the download must be: sha256: or sha512: and the digest, or the URL of a SHA256SUMS "
     "file",
     store_checksum, FIELD(image_checksum), 0, NULL},
    {"IMAGE_KEYRING", "PATH", NULL,
     "public keys (gpg --export), one of which must have signed the SHA256SUMS file", store_path,
     FIELD(image_keyring), 0, NULL},
    {"IMAGE_CACHE", "PATH", "/cache",
     "a directory of downloaded images that virtainers share; used if it is there", store_path,
     FIELD(image_cache), FIELD(image_cache_given), NULL},
    {"IMAGE_DIR", "PATH", "/mounted", "the data directory, where local_image.qcow2 is kept",
     store_path, FIELD(image_dir), 0, NULL},
    {"CLOUD_INIT_DISK", "PATH", "/cloud_init.iso", "where the seed for cloud-init is made",
     store_path, FIELD(cloud_init_disk), FIELD(cloud_init_disk_given), NULL},
    {"PASSWORD", "TEXT", NULL,
     "password of the image's default user; random makes one and prints it once", store_secret,
     FIELD(password), 0, NULL},
    {"INSTANCE_ID", "ID", "localimage-01",
     "cloud-init's instance-id; auto: a changed seed is a new instance", store_string,
     FIELD(instance_id), 0, NULL},
    {"HOSTNAME_IN_GUEST", "NAME", "cloudimage", "local-hostname in the generated meta-data",
     store_name, FIELD(hostname_in_guest), 0, NULL},
    {"VM_NAME", "NAME", "vm", "libvirt's name of the guest, as in virsh console vm", store_name,
     FIELD(vm_name), 0, NULL},
    {"OS_VARIANT", "ID", NULL,
     "the guest's system as osinfo names it, such as debian12: a new disk and its network card "
     "are what that can drive",
     store_string, FIELD(os_variant), 0, NULL},
    {"ACCEL", "HOW", "auto", "kvm, tcg (software), or auto: KVM where the hardware's can be used",
     store_choice, FIELD(accel), 0, accel_names},
    {"FIRMWARE", "WHICH", "bios", "what boots the guest: bios, and nothing else yet",
     store_firmware, FIELD(firmware), 0, firmware_names},
    {"NETWORK", "MODE", "auto",
     "nat: all that reaches the container's address reaches the guest; user: what reaches its "
     "lower ports, without any right (passt); bridge, or macvtap: the guest has the container's "
     "MAC "
     "and addresses itself; auto: nat where the container may, else user; none: no network card",
     store_network, FIELD(network), 0, network_names},
    {"VIDEO", "CARD", "none",
     "vga: a screen, for virtainer screenshot; none: the serial console only", store_choice,
     FIELD(video), 0, video_names},
    {"CIDR", "A.B.C", "192.168.100",
     "first three octets of the network between container and guest", store_octets, FIELD(cidr),
     FIELD(cidr_given), NULL},
    {"PORTS", "PORTS", NULL,
     "the only ports that lead to the guest, such as 22,53/udp,8080:80/tcp; else all do",
     store_ports, FIELD(ports), 0, NULL},
    {"ALLOW_FROM", "CIDRS", NULL,
     "the only clients that reach the guest, such as 10.0.0.0/8,2001:db8::/32; else all do",
     store_sources, FIELD(allow_from), 0, NULL},
    {"SSH_RATE", "RATE", NULL,
     "how many SSH connections each client may open, such as 10/minute; else any number",
     store_rate, FIELD(ssh_rate), 0, NULL},
    {"GRACE_PERIOD", "SECONDS", "90", "how long a stopped guest may take before it is forced off",
     store_seconds, FIELD(grace_period), 0, NULL},
    {"STOP_ACTION", "HOW", "shutdown",
     "what a stop does: shutdown, save (its memory is kept, and the next start goes on where it "
     "was) or poweroff",
     store_stop, FIELD(stop_action), 0, stop_names},
    {"STOP_ON_TERM", "HOW", "same",
     "the same for SIGTERM alone, which docker stop sends; same: STOP_ACTION", store_choice,
     FIELD(stop_on_term), 0, stop_names},
    {"STOP_ON_INT", "HOW", "same", "the same for SIGINT, which Ctrl-C sends", store_choice,
     FIELD(stop_on_int), 0, stop_names},
    {"STOP_ON_QUIT", "HOW", "same", "the same for SIGQUIT", store_choice, FIELD(stop_on_quit), 0,
     stop_names},
    {"GRACE_ACTION", "HOW", "poweroff",
     "what is done at the grace period's end: poweroff, or save, so that a guest that ignores the "
     "power button keeps its memory",
     store_grace_action, FIELD(grace_action), 0, stop_names},
    {"RESUME", "YES/NO", "yes", "go on from a saved state; no: set it aside and boot", store_switch,
     FIELD(resume), 0, NULL},
    {"PHONE_HOME", "YES/NO", "yes",
     "have cloud-init tell the launcher when it has finished (by vendor-data)", store_switch,
     FIELD(phone_home), 0, NULL},
    {"OWN_KEY", "WHEN", "auto",
     "add an SSH key of the launcher's for virtainer ssh: yes, no, or auto: if no key is given",
     store_choice, FIELD(own_key), 0, own_key_names},
    {"SSH_USER", "NAME", NULL, "whom virtainer ssh logs in as; else the image's default user",
     store_name, FIELD(ssh_user), 0, NULL},
    {"LOG_LEVEL", "LEVEL", "info", "error, warning, info or debug", store_choice, FIELD(log_level),
     0, vt_log_level_names},
    {"LOG_FORMAT", "FORMAT", "text", "text, or json: one object a line, console lines included",
     store_choice, FIELD(log_format), 0, vt_log_format_names},
};

const size_t vt_option_count = VT_ARRAY_SIZE(vt_options);

char *vt_option_flag(const struct vt_option *option)
{
    char *flag = vt_fmt("--%s", option->env);

    for (char *c = flag; *c; c++) {
        if (*c == '_')
            *c = '-';
        else
            *c = (char)tolower((unsigned char)*c);
    }
    return flag;
}

/* What can be given; a choice's own names are not always all, and not all are names. */
static const char *const *allowed_values(const struct vt_option *option)
{
    static const char *const switches[] = {"yes", "no", NULL};
    static const char *const grace[] = {"poweroff", "save", NULL};

    if (option->store == store_switch)
        return switches;
    if (option->store == store_grace_action)
        return grace;
    return option->store == store_stop ? option->values + 1 : option->values;
}

void vt_config_each_flag(void (*visit)(const char *flag, const char *const *values, void *data),
                         void *data)
{
    for (size_t i = 0; i < vt_option_count; i++) {
        VT_AUTO_FREE char *flag = vt_option_flag(&vt_options[i]);

        visit(flag, allowed_values(&vt_options[i]), data);
    }
}

/* What a message shows of @value: no secret (in an address neither), and nothing that a terminal
 * would obey. */
static char *shown(const struct vt_option *option, const char *value)
{
    char *text;

    if (option->store == store_secret)
        return vt_strdup("…");
    text = vt_url_public(*value ? value : "''");
    for (char *c = text; *c; c++) {
        if (iscntrl((unsigned char)*c))
            *c = '?';
    }
    return text;
}

int vt_option_set(struct vt_config *config, const struct vt_option *option, const char *label,
                  const char *value, struct vt_error *err)
{
    VT_AUTO_FREE char *allowed = NULL;

    if (option->store(config, option, value, &allowed) < 0) {
        VT_AUTO_FREE char *text = shown(option, value);

        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "%s%s cannot be used: %s", label, text,
                            allowed);
    }
    if (option->given_offset)
        *(bool *)field(config, option->given_offset) = true;
    return 0;
}

const char *vt_accel_name(enum vt_accel accel)
{
    return accel_names[accel];
}

const char *vt_video_name(enum vt_video video)
{
    return video_names[video];
}

const char *vt_network_name(enum vt_network network)
{
    return network_names[network];
}

const char *vt_stop_how_name(enum vt_stop_how how)
{
    return stop_names[how];
}

enum vt_stop_how vt_stop_how_find(const char *name)
{
    for (int how = VT_HOW_SHUTDOWN; stop_names[how]; how++) {
        if (vt_streq(name, stop_names[how]))
            return (enum vt_stop_how)how;
    }
    return VT_HOW_SAME;
}
