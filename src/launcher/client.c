/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "launcher/status.h"

/* A launcher whose loop runs answers at once; how long it may take on a busy machine. */
#define ANSWER_TIME 1000 /* ms */

static int explain(int errnum, struct vt_error *err)
{
    if (errnum == ENOENT || errnum == ECONNREFUSED)
        return vt_error_set(err, VT_CAUSE_USAGE, -errnum,
                            "no virtainer runs here: use this command through docker exec");
    if (errnum == EACCES || errnum == EPERM)
        return vt_error_set(err, VT_CAUSE_USAGE, -errnum,
                            "only the container's root may do that: docker exec -u 0");
    return vt_error_errno(err, VT_CAUSE_INTERNAL, errnum, "cannot talk to the launcher");
}

static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

int vt_client_open(struct vt_client *client, const char *path, const struct vt_request *request,
                   struct vt_error *err)
{
    VT_AUTO_FREE char *line = vt_request_text(request);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    VT_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r;

    if (fd < 0)
        return explain(errno, err);
    if (strlen(path) >= sizeof(address.sun_path))
        return explain(ENAMETOOLONG, err);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return explain(errno, err);
    r = send_all(fd, line, strlen(line));
    /* Turned away already: the answer tells why. */
    if (r < 0 && r != -EPIPE)
        return explain(-r, err);
    client->fd = VT_TAKE_FD(fd);
    return 0;
}

void vt_client_close(struct vt_client *client)
{
    vt_closep(&client->fd);
    client->fd = -1;
    vt_buf_done(&client->in);
}

pid_t vt_client_launcher(const struct vt_client *client)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    /* Of who listens, at the time of its listen(); see unix(7). */
    if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return -errno;
    return peer.pid > 0 ? peer.pid : -ESRCH;
}

/* Take the first line that has come whole. Returns whether there was one. */
static bool take_line(struct vt_client *client, struct vt_answer *ret, int *ret_result)
{
    const char *end = client->in.len ? memchr(client->in.data, '\n', client->in.len) : NULL;
    size_t len;

    if (!end)
        return false;
    len = (size_t)(end - client->in.data);
    *ret_result = vt_answer_parse(client->in.data, len, ret);
    client->in.len -= len + 1;
    memmove(client->in.data, end + 1, client->in.len);
    return true;
}

static int receive(struct vt_client *client, int timeout_ms)
{
    struct pollfd p = {.fd = client->fd, .events = POLLIN};
    char chunk[4096];
    ssize_t n;
    int r = poll(&p, 1, timeout_ms);

    if (r == 0)
        return -ETIMEDOUT;
    if (r < 0)
        return errno == EINTR ? 0 : -errno;
    n = read(client->fd, chunk, sizeof(chunk));
    if (n == 0)
        return -ECONNRESET;
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    vt_buf_add(&client->in, chunk, (size_t)n);
    return client->in.overflowed ? -EBADMSG : 0;
}

int vt_client_next(struct vt_client *client, int timeout_ms, struct vt_answer *ret,
                   struct vt_error *err)
{
    int r = 0;

    while (!take_line(client, ret, &r)) {
        r = receive(client, timeout_ms);
        if (r == -ETIMEDOUT)
            return r;
        if (r < 0)
            break;
    }
    if (r == -ECONNRESET)
        return vt_error_set(err, VT_CAUSE_INTERNAL, r,
                            "the launcher ended without a word (killed?)");
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot understand the launcher");
    return 0;
}

/*
 * A launcher that prepares its guest serves no socket yet, but all its waits heed a signal; for a
 * guest that was not started every way to stop is the same. Only when it says itself that it is
 * there: a busy machine must not make a shutdown of a save.
 */
static void signal_if_preparing(const struct vt_client *client)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    pid_t pid = vt_client_launcher(client);

    if (pid > 0 && vt_status_read(&status, NULL) == 0 &&
        (status.phase == VT_PHASE_PREPARING || status.phase == VT_PHASE_RESUMING))
        (void)kill(pid, SIGTERM);
}

/* The next answer that means something to us; the first may need a signal. */
static int next_answer(struct vt_client *client, bool first, struct vt_answer *ret,
                       struct vt_error *err)
{
    int r;

    do {
        r = vt_client_next(client, first ? ANSWER_TIME : -1, ret, err);
        if (r == -ETIMEDOUT) {
            signal_if_preparing(client);
            r = vt_client_next(client, -1, ret, err);
        }
        if (r < 0)
            return r;
    } while (ret->kind == VT_ANSWER_OTHER);
    return 0;
}

int vt_client_stop(const char *path, const struct vt_request *request, bool wait,
                   void (*on_progress)(const char *text), char **ret_error, struct vt_error *err)
{
    /* Not closed: the launcher waits until we have ended, not only heard it. */
    struct vt_client client = VT_CLIENT_INIT;
    int r = vt_client_open(&client, path, request, err);

    for (bool first = true; r == 0; first = false) {
        VT_AUTO_ANSWER struct vt_answer answer = {0};

        r = next_answer(&client, first, &answer, err);
        if (r < 0)
            break;
        if (answer.kind == VT_ANSWER_STATUS) {
            *ret_error = VT_TAKE_PTR(answer.text);
            r = answer.status;
            break;
        }
        if (!wait)
            break;
        if (answer.kind == VT_ANSWER_PROGRESS)
            on_progress(answer.text);
    }
    vt_buf_done(&client.in);
    return r;
}
