/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
    enum vt_sandbox_step step;
    int result;
};

static int become(uid_t uid, gid_t gid)
{
    /* A process that may not is refused the rest, too. */
    if (geteuid() == 0 &&
        (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
        return -errno;
    return 0;
}

static int make_namespaces(void)
{
    const int others = CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWPID;

    return unshare(CLONE_NEWUSER) < 0 || unshare(others) < 0 ? -errno : 0;
}

/* As isolate_prefork() in passt's isolation.c. */
static int empty_root(void)
{
    const unsigned long flags = MS_NODEV | MS_NOEXEC | MS_NOSUID | MS_RDONLY;

    if (mount("", "/", "", MS_UNBINDABLE | MS_REC, NULL) < 0 ||
        mount("", "/tmp", "tmpfs", flags, "nr_inodes=2,nr_blocks=0") < 0 || chdir("/tmp") < 0 ||
        syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static void __attribute__((noreturn)) child(uid_t uid, gid_t gid, int report)
{
    struct outcome outcome = {VT_SANDBOX_USER_NAMESPACE, become(uid, gid)};

    if (outcome.result == 0)
        outcome.result = make_namespaces();
    if (outcome.result == 0)
        outcome = (struct outcome){VT_SANDBOX_MOUNT, empty_root()};
    (void)!write(report, &outcome, sizeof(outcome));
    _exit(0);
}

int vt_sandbox_try(uid_t uid, gid_t gid, enum vt_sandbox_step *ret)
{
    struct outcome outcome;
    int fds[2];
    ssize_t n;
    pid_t pid;

    *ret = VT_SANDBOX_USER_NAMESPACE;
    if (pipe(fds) < 0)
        return -errno;
    pid = fork();
    if (pid == 0)
        child(uid, gid, fds[1]);
    (void)close(fds[1]);
    n = pid < 0 ? -1 : read(fds[0], &outcome, sizeof(outcome));
    (void)close(fds[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    /* A seccomp profile may kill who asks. */
    if (n != (ssize_t)sizeof(outcome))
        return -EPERM;
    *ret = outcome.step;
    return outcome.result;
}
