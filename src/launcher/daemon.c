/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/str.h"
#include "host/files.h"
#include "host/spawn.h"
#include "launcher/supervisor.h"

#define RUN_DIR     "/run/libvirt"
#define SOCKET_PATH "/run/libvirt/libvirt-sock"
#define LOG_PATH    "/var/log/libvirt/libvirtd.log"
#define LIBVIRTD    "/usr/sbin/libvirtd"
/* Where libvirt finds its programs; the first directory has what it takes for passt
 * (passt_main.c). */
#define PROGRAMS \
    VT_LIBEXEC_ROOT "/virtainer:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define LOCK_DIR    "/run/lock"
#define LOCK_PREFIX "LCK.."

struct vt_daemon {
    int socket;
    pid_t pid; /* of the start */
    int pidfd;
    struct vt_supervisor supervisor;
    vt_daemon_callback on_restart;
    void *callback_data;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    if (ftw->level > 0)
        (void)remove(path);
    return 0;
}

/*
 * The lock files that a killed libvirtd left for the consoles it had open. They name it by its
 * process id, which in a container that is started again is soon some other process's: libvirt
 * would then say for good that somebody else holds the console. Nobody does while no libvirtd runs.
 */
static void remove_console_locks(void)
{
    VT_AUTO_CLOSEDIR DIR *dir = opendir(LOCK_DIR);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (vt_startswith(entry->d_name, LOCK_PREFIX))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
}

static int listen_on_socket(struct vt_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
    VT_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(SOCKET_PATH, 0700) < 0 || listen(fd, SOMAXCONN) < 0)
        return vt_error_errno(err, VT_CAUSE_LIBVIRT, errno, "cannot listen on %s", SOCKET_PATH);
    return VT_TAKE_FD(fd);
}

static pid_t spawn_daemon(void *data, struct vt_error *err)
{
    struct vt_daemon *daemon = data;
    /* By its path: libvirt takes the change time of argv[0] for its own. */
    static const char *const argv[] = {LIBVIRTD, NULL};
    /* One heap, and freed memory given back: libvirtd's threads otherwise keep an arena of their
     * own each. */
    static const char *const env[] = {"MALLOC_ARENA_MAX=1", "MALLOC_TRIM_THRESHOLD_=65536",
                                      "PATH=" PROGRAMS, NULL};
    VT_AUTO_CLOSE int log = open(LOG_PATH, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    struct vt_spawn spawn = {
        .argv = argv,
        .env = env,
        .out = log < 0 ? 0 : log,
        .err = log < 0 ? 0 : log,
        .listen = &daemon->socket,
        .listen_names = "libvirtd.socket",
        .listen_count = 1,
    };

    remove_console_locks();
    return vt_spawn(&spawn, err);
}

int vt_daemon_start(struct vt_daemon **ret, vt_daemon_callback on_restart, void *callback_data,
                    struct vt_error *err)
{
    struct vt_daemon *daemon = vt_calloc(1, sizeof(*daemon));
    int r;

    *daemon = (struct vt_daemon){
        .pidfd = -1,
        .on_restart = on_restart,
        .callback_data = callback_data,
    };
    *ret = daemon;
    /* An engine's /run is kept when a container is started again, and libvirt would look for guests
     * of then. */
    (void)nftw(RUN_DIR, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    (void)unlink("/run/libvirtd.pid");
    (void)unlink(LOG_PATH);
    r = vt_mkdirs(RUN_DIR, 0755);
    if (r == 0)
        r = vt_mkdirs("/var/log/libvirt/qemu", 0755);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot make " RUN_DIR);
    daemon->socket = listen_on_socket(err);
    if (daemon->socket < 0)
        return daemon->socket;
    daemon->pid = spawn_daemon(daemon, err);
    if (daemon->pid < 0)
        return daemon->pid;
    daemon->pidfd = (int)syscall(SYS_pidfd_open, daemon->pid, 0);
    return 0;
}

int vt_daemon_fd(const struct vt_daemon *daemon)
{
    return daemon->pidfd;
}

char *vt_daemon_last_words(void)
{
    VT_AUTO_FREE char *text = NULL;
    size_t len = 0, start;

    if (vt_file_read(LOG_PATH, 1 << 20, &text, &len) < 0 || len == 0)
        return vt_strdup("it wrote nothing");
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    start = len;
    for (int lines = 0; start > 0; start--) {
        if (text[start - 1] == '\n' && ++lines == 5)
            break;
    }
    return vt_strdup(text + start);
}

static void on_restart(void *data)
{
    const struct vt_daemon *daemon = data;

    daemon->on_restart(daemon->callback_data);
}

void vt_daemon_supervise(struct vt_daemon *daemon)
{
    vt_closep(&daemon->pidfd);
    daemon->pidfd = -1;
    daemon->supervisor = (struct vt_supervisor){
        .name = "libvirtd",
        .start = spawn_daemon,
        .on_restart = on_restart,
        .data = daemon,
    };
    vt_supervise(&daemon->supervisor, daemon->pid);
}
