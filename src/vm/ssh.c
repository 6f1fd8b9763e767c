/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/ssh.h"

#include <errno.h>

#include "base/str.h"
#include "host/files.h"
#include "host/interrupt.h"
#include "host/spawn.h"

/* A private key of the person's own, to the public one at /tmp/id_rsa.pub. */
#define MOUNTED_KEY "/tmp/id_rsa"

#define CONNECT_SECONDS "10"
#define PROBE_MS        30000
#define TICK_MS         500
/* ssh's own failures; a program's in the guest may be the same. */
#define SSH_FAILED 255

#define MAX_ARGS       48
#define KNOWN_MAX      65536
#define USER_FILE_MAX  256
#define PROBE_TEXT_MAX 65536

void vt_ssh_done(struct vt_ssh *ssh)
{
    free(ssh->address);
    free(ssh->dir);
    free(ssh->user);
    *ssh = (struct vt_ssh){0};
}

/* ---- the command line ---- */

struct args {
    char *words[MAX_ARGS + 1];
    size_t count;
};

static void args_done(struct args *args)
{
    for (size_t i = 0; i < args->count; i++)
        free(args->words[i]);
}

#define AUTO_ARGS VT_CLEANUP(args_done)

/* @word is taken over. */
static void add(struct args *args, char *word)
{
    if (args->count == MAX_ARGS)
        abort(); /* a fixed list */
    args->words[args->count++] = word;
}

static void add_option(struct args *args, char *option)
{
    add(args, vt_strdup("-o"));
    add(args, option);
}

static void add_key(struct args *args, char *path)
{
    if (access(path, R_OK) == 0) {
        add(args, vt_strdup("-i"));
        add(args, path);
    } else {
        free(path);
    }
}

/* Whether cloud-init, or an earlier login, has told us the guest's host keys. */
static bool host_is_known(const char *path)
{
    VT_AUTO_FREE char *text = NULL;

    return vt_file_read(path, KNOWN_MAX, &text, NULL) == 0 && strstr(text, VT_SSH_HOST_ALIAS);
}

static void add_host_keys(struct args *args, const struct vt_ssh *ssh)
{
    VT_AUTO_FREE char *known = vt_fmt("%s/known_hosts", ssh->dir);

    add_option(args, vt_strdup("HostKeyAlias=" VT_SSH_HOST_ALIAS));
    add_option(args, vt_fmt("UserKnownHostsFile=\"%s\"", known));
    add_option(args, vt_strdup("GlobalKnownHostsFile=/dev/null"));
    add_option(args, vt_strdup("UpdateHostKeys=no"));
    /* A first contact is over the container's own bridge, on which nobody else is. */
    add_option(args,
               vt_fmt("StrictHostKeyChecking=%s", host_is_known(known) ? "yes" : "accept-new"));
}

static void fill_args(struct args *args, const struct vt_ssh *ssh, const char *user, bool terminal,
                      const char *command)
{
    add(args, vt_strdup("ssh"));
    add(args, vt_strdup("-F"));
    add(args, vt_strdup("none"));
    add_host_keys(args, ssh);
    add_option(args, vt_strdup("ConnectTimeout=" CONNECT_SECONDS));
    add_option(args, vt_strdup("LogLevel=ERROR"));
    if (!terminal)
        add_option(args, vt_strdup("BatchMode=yes"));
    add_key(args, vt_fmt("%s/id_ed25519", ssh->dir));
    add_key(args, vt_strdup(MOUNTED_KEY));
    add(args, vt_strdup(terminal ? "-t" : "-T"));
    add(args, vt_strdup("-l"));
    add(args, vt_strdup(user));
    add(args, vt_strdup("--"));
    add(args, vt_strdup(ssh->address));
    if (command)
        add(args, vt_strdup(command));
}

/* What ssh has written in the data directory belongs to the directory's owner, as all in it does.
 */
static void give_away(const struct vt_ssh *ssh)
{
    VT_AUTO_FREE char *above = vt_fmt("%s/..", ssh->dir);
    VT_AUTO_FREE char *known = vt_fmt("%s/known_hosts", ssh->dir);

    (void)!vt_path_chown_like(ssh->dir, above);
    (void)!vt_path_chown_like(known, ssh->dir);
}

/* ---- why it does not work ---- */

static int no_way_in(struct vt_error *err, const char *format, ...) VT_PRINTF(2, 3);

static int no_way_in(struct vt_error *err, const char *format, ...)
{
    va_list args;
    VT_AUTO_FREE char *text = NULL;

    va_start(args, format);
    text = vt_vfmt(format, args);
    va_end(args);
    return vt_error_set(err, VT_CAUSE_NO_WAY_IN, -EACCES, "%s", text);
}

/* What a try as @user says, standard output and error together; its exit status, or a negative
 * errno. */
static int probe(const struct vt_ssh *ssh, const char *user, struct vt_buf *said,
                 struct vt_error *err)
{
    AUTO_ARGS struct args args = {{NULL}, 0};
    VT_AUTO_BUF struct vt_buf errout = VT_BUF_INIT(PROBE_TEXT_MAX);
    int r;

    fill_args(&args, ssh, user, false, "true");
    r = vt_run((const char *const *)args.words, said, &errout, -1, PROBE_MS, err);
    if (r == -ETIMEDOUT)
        return no_way_in(err, "the guest's SSH server at %s takes longer than %d s to let us in",
                         ssh->address, PROBE_MS / 1000);
    vt_buf_adds(said, vt_buf_str(&errout));
    return r;
}

/* ssh's last words for a person: one line without what a terminal would obey. */
static char *last_line(const char *said)
{
    VT_AUTO_FREE char *text = vt_strdup(said);
    char *line;

    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' && *c != '\n')
            *c = ' ';
    }
    for (size_t len = strlen(text); len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' ');)
        text[--len] = '\0';
    line = strrchr(text, '\n');
    return vt_strdup(line ? line + 1 : text);
}

static int explain(const struct vt_ssh *ssh, const char *user, const char *said,
                   struct vt_error *err)
{
    VT_AUTO_FREE char *words = last_line(said);

    if (strstr(said, "Permission denied"))
        return no_way_in(err,
                         "no SSH key lets us in as %s: start the guest with OWN_KEY=yes (its first "
                         "boot takes the key), mount the private key of one it knows at "
                         "/tmp/id_rsa, or name another user (USER@, SSH_USER)",
                         user);
    if (strstr(said, "HOST IDENTIFICATION HAS CHANGED") || strstr(said, "Host key verification"))
        return no_way_in(err,
                         "the guest shows another SSH host key than before: if it was made anew, "
                         "delete %s/known_hosts",
                         ssh->dir);
    return no_way_in(err,
                     "SSH does not get into the guest at %s (%s): virtainer wait --for ssh "
                     "waits until it can",
                     ssh->address, *words ? words : "it does not answer");
}

/* ---- as whom ---- */

static char *user_file(const struct vt_ssh *ssh)
{
    return vt_fmt("%s/user", ssh->dir);
}

static char *cached_user(const struct vt_ssh *ssh)
{
    VT_AUTO_FREE char *path = user_file(ssh);
    VT_AUTO_FREE char *text = NULL, *line = NULL;

    if (vt_file_read(path, USER_FILE_MAX, &text, NULL) < 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    /* Checked as if the guest had said it. */
    line = vt_fmt("login as the user \"%s\"", text);
    return vt_ssh_user_in(line);
}

/* A user that cannot be kept is found again the next time. */
static void keep_user(const struct vt_ssh *ssh)
{
    VT_AUTO_FREE char *path = user_file(ssh);
    VT_AUTO_FREE char *line = vt_fmt("%s\n", ssh->user);

    (void)!vt_file_write(path, line, strlen(line), 0644, ssh->dir);
}

static int find_user(struct vt_ssh *ssh, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(PROBE_TEXT_MAX);
    char *user;
    int r = probe(ssh, "root", &said, err);

    if (r < 0)
        return r;
    user = r == 0 ? vt_strdup("root") : vt_ssh_user_in(vt_buf_str(&said));
    if (!user)
        return explain(ssh, "root", vt_buf_str(&said), err);
    ssh->user = user;
    keep_user(ssh);
    return 0;
}

int vt_ssh_open(const struct vt_ssh_target *target, struct vt_ssh *ret, struct vt_error *err)
{
    VT_AUTO_SSH struct vt_ssh ssh = {0};
    int r;

    if (!target->address)
        return no_way_in(err, "the guest has no address that is known here (NETWORK=none, or "
                              "NETWORK=bridge before another DHCP server has given it one), so "
                              "there is no SSH");
    ssh.address = vt_strdup(target->address);
    ssh.dir = vt_strdup(target->dir);
    ssh.user = vt_strdup(target->user);
    /* For known_hosts; without it ssh works, and forgets. */
    if (!vt_path_exists(ssh.dir))
        (void)!vt_mkdirs(ssh.dir, 0700);
    if (!ssh.user) {
        ssh.user = cached_user(&ssh);
        ssh.user_cached = ssh.user != NULL;
    }
    r = ssh.user ? 0 : find_user(&ssh, err);
    give_away(&ssh);
    if (r < 0)
        return r;
    *ret = ssh;
    ssh = (struct vt_ssh){0};
    return 0;
}

/* ---- running something ---- */

/* ssh ended with its status for failures: was it ssh, or the program in the guest? */
static int diagnose(struct vt_ssh *ssh, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(PROBE_TEXT_MAX);
    VT_AUTO_FREE char *path = user_file(ssh);
    int r = probe(ssh, ssh->user, &said, err);

    if (r < 0)
        return r;
    if (r == 0)
        return SSH_FAILED;
    if (ssh->user_cached)
        (void)unlink(path);
    return explain(ssh, ssh->user, vt_buf_str(&said), err);
}

int vt_ssh_run(struct vt_ssh *ssh, const char *command, const struct vt_ssh_io *io,
               struct vt_error *err)
{
    AUTO_ARGS struct args args = {{NULL}, 0};
    struct vt_spawn spawn = {.in = io->in, .out = io->out};
    pid_t pid;
    int r;

    fill_args(&args, ssh, ssh->user, io->terminal, command);
    spawn.argv = (const char *const *)args.words;
    pid = vt_spawn(&spawn, err);
    if (pid < 0)
        return pid;
    r = vt_spawn_wait(pid, TICK_MS, io->tick, io->data);
    give_away(ssh);
    if (r == -EINTR)
        return vt_error_set(err, VT_CAUSE_INTERNAL, r, "interrupted while ssh ran");
    /* A terminal's Ctrl-C reaches ssh as well as us. */
    if (r == SSH_FAILED && vt_interrupt_check(err) < 0)
        return -EINTR;
    return r == SSH_FAILED ? diagnose(ssh, err) : r;
}
