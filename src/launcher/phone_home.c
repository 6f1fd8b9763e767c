/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: libmicrohttpd in its external epoll mode. Its epoll descriptor is watched by
 * our loop; MHD_run() does what there is to do and never waits. Only while somebody is connected is
 * there a timer, for libmicrohttpd's own deadlines. A guest may post what it likes as often as it
 * likes: connections, their memory, their time and their bodies are bounded, and what is refused
 * changes nothing.
 */
#include "launcher/phone_home.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/str.h"
#include "host/files.h"
#include "host/loop.h"
#include "launcher/phone_home_priv.h"

/* Nothing else of the container has the gateway's address, so any number will do. */
#define PORT 8780

#define MAX_CONNECTIONS   16U
#define CONNECTION_TIME   5U /* s without a byte; also for who left in a way that epoll hides */
#define CONNECTION_MEMORY 32768UL /* bytes, for headers */
#define MAX_BODY          32768U
#define PIECE             2048U /* what the form is read in */

#define TOKEN_NAME   "phone-home"
#define TOKEN_LENGTH 32U /* hexadecimal digits */

struct vt_phone_home {
    struct MHD_Daemon *daemon;
    struct MHD_Response *accepted;
    struct MHD_Response *refused;
    char *path;
    char *url;
    int timer;
    vt_phone_home_callback callback;
    void *data;
};

struct request {
    struct MHD_PostProcessor *processor;
    struct vt_phone_form form;
    size_t len;
};

/* ---- one request ---- */

static enum MHD_Result on_field(void *data, enum MHD_ValueKind kind, const char *key,
                                const char *filename, const char *content_type,
                                const char *transfer_encoding, const char *value, uint64_t offset,
                                size_t len)
{
    struct request *request = data;

    (void)kind;
    (void)filename;
    (void)content_type;
    (void)transfer_encoding;
    vt_phone_form_add(&request->form, key, value, offset, len);
    return MHD_YES;
}

static void request_free(struct request *request)
{
    if (!request)
        return;
    if (request->processor)
        (void)MHD_destroy_post_processor(request->processor);
    vt_phone_form_done(&request->form);
    free(request);
}

static enum MHD_Result refuse(struct vt_phone_home *phone, struct MHD_Connection *connection,
                              unsigned status)
{
    return MHD_queue_response(connection, status, phone->refused);
}

static enum MHD_Result begin(struct vt_phone_home *phone, struct MHD_Connection *connection,
                             const char *url, const char *method, void **state)
{
    struct request *request;

    if (!vt_streq(url, phone->path))
        return refuse(phone, connection, MHD_HTTP_NOT_FOUND);
    if (!vt_streq(method, MHD_HTTP_METHOD_POST))
        return refuse(phone, connection, MHD_HTTP_METHOD_NOT_ALLOWED);
    request = vt_calloc(1, sizeof(*request));
    /* NULL for another type of body than a form. */
    request->processor = MHD_create_post_processor(connection, PIECE, on_field, request);
    if (!request->processor) {
        request_free(request);
        return refuse(phone, connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE);
    }
    *state = request;
    return MHD_YES;
}

static enum MHD_Result finish(struct vt_phone_home *phone, struct MHD_Connection *connection,
                              struct request *request)
{
    VT_AUTO_PHONE_CALL struct vt_phone_call call = {0};

    /* The last value is handed out only now. */
    (void)MHD_destroy_post_processor(request->processor);
    request->processor = NULL;
    if (vt_phone_form_read(&request->form, &call) < 0)
        return refuse(phone, connection, MHD_HTTP_BAD_REQUEST);
    if (phone->callback)
        phone->callback(&call, phone->data);
    return MHD_queue_response(connection, MHD_HTTP_OK, phone->accepted);
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **state)
{
    struct vt_phone_home *phone = data;
    struct request *request = *state;

    (void)version;
    if (!request)
        return begin(phone, connection, url, method, state);
    if (*body_len == 0)
        return finish(phone, connection, request);
    request->len += *body_len;
    /* The connection is closed: nobody needs an answer to this. */
    if (request->len > MAX_BODY || MHD_post_process(request->processor, body, *body_len) != MHD_YES)
        return MHD_NO;
    *body_len = 0;
    return MHD_YES;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)data;
    (void)connection;
    (void)code;
    request_free(*state);
    *state = NULL;
}

static char thanks[] = "thank you\n";
static char refusal[] = "not here\n";

/* ---- in the loop ---- */

static unsigned connections(const struct vt_phone_home *phone)
{
    return MHD_get_daemon_info(phone->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

static void run(struct vt_phone_home *phone)
{
    MHD_UNSIGNED_LONG_LONG ms;
    unsigned before;

    /* Once more after somebody has gone: a server that was full listens again only at the next run,
     * which nothing else would bring about. */
    do {
        before = connections(phone);
        (void)MHD_run(phone->daemon);
    } while (connections(phone) < before);
    if (MHD_get_timeout(phone->daemon, &ms) != MHD_YES)
        vt_loop_update_timer(phone->timer, -1);
    else
        vt_loop_update_timer(phone->timer, ms < 1000 ? (int)ms : 1000);
}

static void on_epoll(int watch, int fd, unsigned events, void *data)
{
    (void)watch;
    (void)fd;
    (void)events;
    run(data);
}

static void on_timer(int timer, void *data)
{
    (void)timer;
    run(data);
}

static struct MHD_Response *response(char *text)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);

    if (!r || MHD_add_response_header(r, "Connection", "close") != MHD_YES)
        abort(); /* out of memory */
    return r;
}

int vt_phone_home_serve(struct vt_phone_home **ret, int fd, const char *path, unsigned seconds,
                        struct vt_error *err)
{
    struct vt_phone_home *phone = vt_calloc(1, sizeof(*phone));
    const union MHD_DaemonInfo *info;

    phone->path = vt_strdup(path);
    phone->accepted = response(thanks);
    phone->refused = response(refusal);
    phone->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, phone, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_END);
    info = phone->daemon ? MHD_get_daemon_info(phone->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cannot serve HTTP to the guest");
    phone->timer = vt_loop_add_timer(-1, on_timer, phone);
    if (vt_loop_add_fd(info->epoll_fd, VT_EVENT_READ, on_epoll, phone) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "cannot watch the HTTP server");
    *ret = phone;
    return 0;
}

/* ---- where ---- */

static char *make_token(void)
{
    unsigned char bytes[TOKEN_LENGTH / 2];
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(TOKEN_LENGTH);

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        abort(); /* never, for so few */
    for (size_t i = 0; i < sizeof(bytes); i++)
        vt_buf_addf(&text, "%02x", bytes[i]);
    return vt_buf_take(&text);
}

/* What no other process of the guest can guess: the last part of the path. */
static int load_token(const struct vt_data_dir *dir, char **ret, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(dir, TOKEN_NAME);
    VT_AUTO_FREE char *text = NULL;
    VT_AUTO_FREE char *line = NULL;
    int r = vt_file_read(path, 256, &text, NULL);

    if (r == 0 && strspn(text, "0123456789abcdef") == TOKEN_LENGTH &&
        vt_streq(text + TOKEN_LENGTH, "\n")) {
        *ret = vt_strndup(text, TOKEN_LENGTH);
        return 0;
    }
    *ret = make_token();
    line = vt_fmt("%s\n", *ret);
    r = vt_file_write(path, line, strlen(line), 0600, dir->path);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot write %s", path) : 0;
}

/*
 * A socket that hears the bridge alone: what comes to the gateway's address from elsewhere belongs
 * to the guest (net/nat.c). Port 0 when ours is taken.
 */
static int open_socket(const struct vt_net_plan *plan, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(plan->gateway)};
    VT_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, plan->bridge, (socklen_t)strlen(plan->bridge)) <
            0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, (int)MAX_CONNECTIONS) < 0)
        return -errno;
    return VT_TAKE_FD(fd);
}

static unsigned port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof(address);

    (void)getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

int vt_phone_home_listen(struct vt_phone_home **ret, const struct vt_net_plan *plan,
                         const struct vt_data_dir *dir, struct vt_error *err)
{
    VT_AUTO_FREE char *token = NULL;
    VT_AUTO_FREE char *path = NULL;
    unsigned port;
    int fd, r = load_token(dir, &token, err);

    if (r < 0)
        return r;
    fd = open_socket(plan, PORT);
    if (fd == -EADDRINUSE)
        fd = open_socket(plan, 0);
    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, -fd, "cannot listen on %s",
                              vt_ip_text(plan->gateway).s);
    port = port_of(fd);
    path = vt_fmt("/phone-home/%s", token);
    r = vt_phone_home_serve(ret, fd, path, CONNECTION_TIME, err);
    if (r == 0)
        (*ret)->url = vt_fmt("http://%s:%u%s", vt_ip_text(plan->gateway).s, port, path);
    return r;
}

const char *vt_phone_home_url(const struct vt_phone_home *phone)
{
    return phone->url;
}

void vt_phone_home_on_call(struct vt_phone_home *phone, vt_phone_home_callback callback, void *data)
{
    phone->callback = callback;
    phone->data = data;
}
