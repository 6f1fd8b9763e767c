/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/ssh_files.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"
#include "host/spawn.h"
#include "seed/keys.h"

#define KEY_NAME    "id_ed25519"
#define HOSTS_NAME  "known_hosts"
#define FILE_MAX    65536U
#define KEYGEN_TIME 30000 /* ms; it takes a few */

char *vt_ssh_file(const struct vt_data_dir *dir, const char *name)
{
    return vt_fmt("%s/ssh/%s", dir->state, name);
}

static int make_directory(const struct vt_data_dir *dir, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/ssh", dir->state);
    int r = mkdir(path, 0700) < 0 ? -errno : vt_path_chown_like(path, dir->path);

    if (r < 0 && r != -EEXIST)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot make %s", path);
    return 0;
}

/* The one key in the public key file @path, or a negative errno. */
static int read_public(const char *path, char **ret)
{
    VT_AUTO_KEYS struct vt_keys keys = {0};
    VT_AUTO_FREE char *text = NULL;
    size_t len;
    int r = vt_file_read(path, FILE_MAX, &text, &len);

    if (r == 0)
        r = vt_keys_parse(path, text, len, &keys, NULL);
    if (r < 0 || keys.count == 0)
        return r < 0 ? r : -EBADMSG;
    *ret = vt_strdup(keys.lines[0]);
    return 0;
}

static int keygen(const char *path, int cancel_fd, struct vt_error *err)
{
    const char *argv[] = {"ssh-keygen", "-q",        "-t", "ed25519", "-N", "",
                          "-C",         "virtainer", "-f", path,      NULL};
    VT_AUTO_BUF struct vt_buf words = VT_BUF_INIT(1024);
    int r = vt_run(argv, NULL, &words, cancel_fd, KEYGEN_TIME, err);

    if (r > 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "ssh-keygen cannot make %s: %s", path,
                            vt_buf_str(&words));
    return r;
}

/* Move the file @from, whole and with the directory's owner, to @to. */
static int put(const struct vt_data_dir *dir, const char *from, const char *to)
{
    int r = vt_path_chown_like(from, dir->path);

    if (r == 0)
        r = vt_path_sync(from);
    if (r == 0 && rename(from, to) < 0)
        r = -errno;
    return r;
}

/*
 * Made under another name, and the private half moved last: while it is not there, nothing is. Two
 * cannot do this at a time, as the data directory is ours alone.
 */
static int make_key(const struct vt_data_dir *dir, const char *path, const char *public_path,
                    int cancel_fd, struct vt_error *err)
{
    VT_AUTO_FREE char *new_path = vt_fmt("%s.new", path);
    VT_AUTO_FREE char *new_public_path = vt_fmt("%s.pub", new_path);
    VT_AUTO_FREE char *directory = vt_fmt("%s/ssh", dir->state);
    int r;

    (void)unlink(new_path);
    (void)unlink(new_public_path);
    (void)unlink(path);
    r = keygen(new_path, cancel_fd, err);
    if (r < 0)
        return r;
    r = put(dir, new_public_path, public_path);
    if (r == 0)
        r = put(dir, new_path, path);
    if (r == 0)
        r = vt_path_sync(directory);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot keep %s", path) : 0;
}

/* Whether a private key that ssh would take is at @path. */
static bool has_private(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

int vt_ssh_own_key(const struct vt_data_dir *dir, int cancel_fd, char **ret, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_ssh_file(dir, KEY_NAME);
    VT_AUTO_FREE char *public_path = vt_fmt("%s.pub", path);
    int r = make_directory(dir, err);

    if (r < 0)
        return r;
    if (has_private(path) && read_public(public_path, ret) == 0)
        return 0;
    r = make_key(dir, path, public_path, cancel_fd, err);
    if (r < 0)
        return r;
    r = read_public(public_path, ret);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot read %s", public_path);
    return 0;
}

void vt_ssh_forget_hosts(const struct vt_data_dir *dir)
{
    VT_AUTO_FREE char *path = vt_ssh_file(dir, HOSTS_NAME);

    (void)unlink(path);
}

/* What @text, a known_hosts or NULL, knows of @instance_id's keys, in @ret. */
static void read_hosts(const char *text, const char *instance_id, struct vt_host_keys *ret)
{
    VT_AUTO_FREE char *instance = text ? vt_known_hosts_instance(text) : NULL;

    if (instance && vt_streq(instance, instance_id))
        vt_known_hosts_parse(text, ret);
}

int vt_ssh_keep_hosts(const struct vt_data_dir *dir, const struct vt_host_keys *keys,
                      const char *address, const char *instance_id, bool *ret_changed,
                      struct vt_error *err)
{
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys known = {.count = 0};
    VT_AUTO_FREE char *path = vt_ssh_file(dir, HOSTS_NAME);
    VT_AUTO_FREE char *old = NULL, *text = NULL;
    int r = make_directory(dir, err);

    if (r < 0)
        return r;
    (void)!vt_file_read(path, FILE_MAX, &old, NULL);
    read_hosts(old, instance_id, &known);
    *ret_changed = vt_host_keys_merge(&known, keys);
    text = vt_known_hosts_text(&known, address, instance_id);
    /* To write is to wait for the disk, and the guest says how often. */
    if (old && vt_streq(old, text))
        return 0;
    r = vt_file_write(path, text, strlen(text), 0644, dir->path);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot write %s", path) : 0;
}
