/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <errno.h>
#include <unistd.h>

#include "base/url.h"
#include "config/options.h"

void vt_config_init(struct vt_config *config)
{
    *config = (struct vt_config){0};
    for (size_t i = 0; i < vt_option_count; i++) {
        const struct vt_option *option = &vt_options[i];
        VT_AUTO_FREE char *allowed = NULL;

        if (option->fallback && option->store(config, option, option->fallback, &allowed) < 0)
            abort(); /* the table contradicts itself; a test sees it */
    }
}

void vt_config_done(struct vt_config *config)
{
    free(config->vm_name);
    free(config->os_variant);
    free(config->image_dir);
    free(config->cloud_init_disk);
    free(config->image);
    free(config->image_name);
    free(config->image_keyring);
    free(config->image_signature);
    free(config->image_cache);
    free(config->catalogue_dir);
    free(config->image_url);
    free(config->image_checksum);
    free(config->cidr);
    free(config->ports.list);
    free(config->allow_from.list);
    free(config->password);
    free(config->instance_id);
    free(config->hostname_in_guest);
    free(config->ssh_user);
    *config = (struct vt_config){0};
}

int vt_config_read_env(struct vt_config *config, struct vt_error *err)
{
    for (size_t i = 0; i < vt_option_count; i++) {
        const struct vt_option *option = &vt_options[i];
        const char *value = getenv(option->env);
        VT_AUTO_FREE char *label = vt_fmt("%s=", option->env);
        int r;

        /* Set but empty is how compose files and scripts pass "not given". */
        if (!value || *value == '\0')
            continue;
        r = vt_option_set(config, option, label, value, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Whether @arg is @flag or @flag=value; *@ret_value is then the value, or NULL when it comes next.
 */
static bool match_flag(const char *arg, const char *flag, const char **ret_value)
{
    size_t len = strlen(flag);

    if (strncmp(arg, flag, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
        return false;
    *ret_value = arg[len] == '=' ? arg + len + 1 : NULL;
    return true;
}

static int unknown(const char *arg, struct vt_error *err)
{
    if (arg[0] != '-')
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "run takes no argument '%s': see virtainer run --help", arg);
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                        "run has no flag %s: see virtainer run --help", arg);
}

/* Read the flag at argv[*@i], moving *@i past a value of its own. */
static int read_flag(struct vt_config *config, int argc, char *const argv[], int *i,
                     struct vt_error *err)
{
    const char *arg = argv[*i];

    for (size_t n = 0; n < vt_option_count; n++) {
        VT_AUTO_FREE char *flag = vt_option_flag(&vt_options[n]);
        VT_AUTO_FREE char *label = vt_fmt("%s ", flag);
        const char *value;

        if (!match_flag(arg, flag, &value))
            continue;
        if (!value && *i + 1 >= argc)
            return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                                "%s needs a value: see virtainer run --help", flag);
        return vt_option_set(config, &vt_options[n], label, value ? value : argv[++*i], err);
    }
    return unknown(arg, err);
}

int vt_config_read_flags(struct vt_config *config, int argc, char *const argv[],
                         struct vt_error *err)
{
    for (int i = 1; i < argc; i++) {
        int r;

        if (vt_streq(argv[i], "--help") || vt_streq(argv[i], "-h"))
            return 1;
        r = read_flag(config, argc, argv, &i, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int vt_config_check(const struct vt_config *config, struct vt_error *err)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    if (config->image && config->image_url) {
        VT_AUTO_FREE char *shown = vt_url_public(config->image_url);

        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "both IMAGE=%s and IMAGE_URL=%s are given: give one of them",
                            config->image, shown);
    }
    if (config->image_keyring && config->image_url && !config->image_checksum)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "IMAGE_KEYRING=%s verifies the signature of a file of checksums, and "
                            "none is known: give its URL as IMAGE_CHECKSUM",
                            config->image_keyring);
    if (config->ram > machine) {
        VT_AUTO_FREE char *wanted = vt_size_text(config->ram);
        VT_AUTO_FREE char *have = vt_size_text(machine);

        return vt_error_set(err, VT_CAUSE_MEMORY, -ENOMEM,
                            "RAM asks for %s, and this machine has %s: give the guest less", wanted,
                            have);
    }
    return 0;
}
