/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: what is copied is written under a temporary name beside its place and
 * renamed when it is whole, in the guest as here. A directory goes as a tar archive.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/way_in.h"
#include "host/interrupt.h"
#include "host/spawn.h"

#define GUEST "guest:"

enum { VIA };
static const struct vt_flag flags[] = {
    [VIA] = {"--via", "WAY", "agent or ssh; by default the agent if it answers", vt_via_names, 0,
             0},
    {0},
};

/* ---- names ---- */

static char *name_of(const char *path)
{
    VT_AUTO_FREE char *copy = vt_strdup(path);

    return vt_strdup(basename(copy));
}

/* A name beside @path that nobody else uses. */
static char *part_of(const char *path)
{
    VT_AUTO_FREE char *copy = vt_strdup(path), *name = name_of(path);
    uint64_t number = 0;

    (void)!getrandom(&number, sizeof(number), 0);
    return vt_fmt("%s/.%s.part-%08" PRIx32, dirname(copy), name, (uint32_t)number);
}

static char *inside(const char *dir, const char *from)
{
    VT_AUTO_FREE char *name = name_of(from);

    return vt_fmt("%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name);
}

/* ---- progress ---- */

struct progress {
    uint64_t total; /* 0: not known */
    time_t last;
    bool shown;
};

static void show(uint64_t done, void *data)
{
    struct progress *progress = data;
    VT_AUTO_FREE char *done_text = NULL, *total_text = NULL;
    time_t now = time(NULL);

    if (!isatty(STDERR_FILENO) || now == progress->last)
        return;
    progress->last = now;
    progress->shown = true;
    done_text = vt_size_text(done);
    total_text = vt_size_text(progress->total);
    (void)fprintf(stderr, "\r\x1b[K%s%s%s", done_text, progress->total ? " of " : "",
                  progress->total ? total_text : "");
}

static void stop_showing(struct progress *progress)
{
    if (progress->shown)
        (void)fprintf(stderr, "\r\x1b[K");
}

/* ---- the guest's side ---- */

enum kind { KIND_FILE, KIND_PROGRAM, KIND_DIRECTORY, KIND_NOTHING, KIND_UNREADABLE };

/* Run @script in the guest with @a and @b as $1 and $2; its exit status, or a negative errno. */
static int script(struct vt_way *way, const char *text, const char *a, const char *b,
                  struct vt_error *err)
{
    const char *const argv[] = {"sh", "-c", text, "sh", a, b, NULL};

    return vt_way_run(way, argv, err);
}

/* What is at @path in the guest: enum kind, or a negative errno. */
static int look(struct vt_way *way, const char *path, struct vt_error *err)
{
    static const char text[] = "[ -e \"$1\" ] || exit 3; [ -r \"$1\" ] || exit 4; "
                               "[ -d \"$1\" ] && exit 2; [ -x \"$1\" ] && exit 1; exit 0";
    int r = script(way, text, path, "", err);

    if (r > KIND_UNREADABLE)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "the guest does not tell what %s is",
                            path);
    return r;
}

/* Remove what @text says of @path, also after an interruption: its signal has been noticed then. */
static void clean_up(struct vt_way *way, const char *text, const char *path)
{
    (void)!vt_interrupt_check(NULL);
    (void)!script(way, text, path, "", NULL);
}

static int guest_fails(struct vt_error *err, const char *what, const char *path)
{
    return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO,
                        "the guest cannot %s %s: see that there is "
                        "room and that you may write there",
                        what, path);
}

/* ---- to the guest ---- */

struct source {
    int fd;
    pid_t tar; /* makes what is read from fd; 0: none */
    bool directory;
    unsigned mode;
    uint64_t size; /* 0: not known */
};

/* tar of the directory @path, to be read from the descriptor. */
static int open_directory(const char *path, struct source *ret, struct vt_error *err)
{
    const char *const argv[] = {"tar", "-C", path, "-cf", "-", ".", NULL};
    int ends[2];
    struct vt_spawn spawn = {.argv = argv};

    if (pipe2(ends, O_CLOEXEC) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot make a pipe");
    spawn.out = ends[1];
    ret->tar = vt_spawn(&spawn, err);
    (void)close(ends[1]);
    if (ret->tar < 0) {
        (void)close(ends[0]);
        return ret->tar;
    }
    ret->fd = ends[0];
    ret->directory = true;
    return 0;
}

static int open_source(const char *path, struct source *ret, struct vt_error *err)
{
    struct stat st;

    *ret = (struct source){.fd = STDIN_FILENO, .mode = 0644};
    if (vt_streq(path, "-"))
        return 0;
    ret->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
        return vt_error_errno(err, VT_CAUSE_USAGE, errno, "cannot read %s", path);
    ret->mode = st.st_mode & 0777;
    ret->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    if (!S_ISDIR(st.st_mode))
        return 0;
    (void)close(ret->fd);
    return open_directory(path, ret, err);
}

/* ssh takes an error for the end of the file, and one that was cut meanwhile has another. */
static int check_read(const struct source *source, const char *path, struct vt_error *err)
{
    off_t at = source->size > 0 ? lseek(source->fd, 0, SEEK_CUR) : 0;

    if (at >= 0 && (uint64_t)at >= source->size)
        return 0;
    return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO,
                        "%s could not be read to its end, or became shorter meanwhile", path);
}

/* Wait for tar, which may have failed although what it wrote was read. */
static int close_source(struct source *source, const char *path, int r, struct vt_error *err)
{
    int status = 0;

    if (source->fd > STDIN_FILENO)
        (void)close(source->fd);
    if (source->tar > 0)
        status = vt_spawn_wait(source->tar, -1, NULL, NULL);
    if (r == 0 && status != 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "tar could not read all of %s", path);
    return r;
}

/* Put what was written to @part in its place. */
static int finish_put(struct vt_way *way, const struct source *source, const char *part,
                      const char *to, struct vt_error *err)
{
    /* The program that may take long is the one that an interruption ends. */
    static const char unpack[] =
        "mkdir \"$1.d\" && echo $$ >\"$1.pid\" && exec tar -C \"$1.d\" -xf \"$1\"";
    static const char move_directory[] = "rm -f \"$1\" \"$1.pid\" && mv \"$1.d\" \"$2\"";
    VT_AUTO_FREE char *move = vt_fmt("chmod %o \"$1\" && mv -f \"$1\" \"$2\"", source->mode);
    int r = source->directory ? script(way, unpack, part, "", err) : 0;

    if (r == 0)
        r = script(way, source->directory ? move_directory : move, part, to, err);
    return r > 0 ? guest_fails(err, "make", to) : r;
}

/* Nobody ends a tar that ssh has started, and one that was told to end takes a moment, in which it
 * makes files beside the removal. Once its directory is gone it can make no more. */
static const char remove_part[] =
    "[ ! -s \"$1.pid\" ] || kill \"$(cat \"$1.pid\")\"; for n in 1 2 3 4 5 6 7 8 9; do "
    "rm -rf \"$1\" \"$1.d\" \"$1.pid\" && exit; sleep 0.5; done";

static int put(struct vt_way *way, struct source *source, const char *from, const char *to,
               struct vt_error *err)
{
    VT_AUTO_FREE char *part = part_of(to);
    struct progress progress = {.total = source->size};
    int r = vt_way_put(way, source->fd, part, show, &progress, err);

    stop_showing(&progress);
    if (r == 0)
        r = check_read(source, from, err);
    r = close_source(source, from, r, err);
    if (r == 0)
        r = finish_put(way, source, part, to, err);
    if (r < 0)
        clean_up(way, remove_part, part);
    return r;
}

/* Where exactly: a directory takes it under its own name. */
static int place_in_guest(struct vt_way *way, const char *from, const char *to, bool directory,
                          char **ret, struct vt_error *err)
{
    int kind = look(way, to, err);

    if (kind < 0)
        return kind;
    if (kind != KIND_DIRECTORY && to[strlen(to) - 1] == '/')
        return vt_error_set(err, VT_CAUSE_USAGE, -ENOTDIR, "%s is no directory in the guest", to);
    if (kind == KIND_DIRECTORY && vt_streq(from, "-"))
        return vt_error_set(err, VT_CAUSE_USAGE, -EISDIR,
                            "%s is a directory in the guest: give the file's whole name", to);
    *ret = kind == KIND_DIRECTORY ? inside(to, from) : vt_strdup(to);
    if (!directory)
        return 0;
    kind = look(way, *ret, err);
    if (kind < 0 || kind == KIND_NOTHING)
        return kind < 0 ? kind : 0;
    return vt_error_set(err, VT_CAUSE_USAGE, -EEXIST,
                        "%s is in the guest already: a directory is copied under a new name", *ret);
}

static int copy_to_guest(struct vt_way *way, const char *from, const char *to, struct vt_error *err)
{
    VT_AUTO_FREE char *place = NULL;
    struct source source;
    int r = open_source(from, &source, err);

    if (r < 0)
        return r;
    r = place_in_guest(way, from, to, source.directory, &place, err);
    if (r < 0)
        return close_source(&source, from, r, NULL);
    return put(way, &source, from, place, err);
}

/* ---- from the guest ---- */

static int get_file(struct vt_way *way, const char *from, const char *to, mode_t mode,
                    struct vt_error *err)
{
    VT_AUTO_FREE char *part = part_of(to);
    VT_AUTO_CLOSE int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    struct progress progress = {0};
    int r;

    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot make %s", part);
    r = vt_way_get(way, from, fd, show, &progress, err);
    stop_showing(&progress);
    if (r == 0 && (fsync(fd) < 0 || rename(part, to) < 0))
        r = vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot make %s", to);
    if (r < 0)
        (void)unlink(part);
    return r;
}

/* A name in the guest for the archive of @from: where who logs in may write. */
static char *archive_name(void)
{
    return part_of("/tmp/virtainer.tar");
}

/* Unpack what @way gets of the archive @from into the new directory @to. The archive is the
 * guest's: GNU tar leaves nothing outside of the directory. */
static int unpack(struct vt_way *way, const char *from, const char *to, struct vt_error *err)
{
    VT_AUTO_FREE char *part = part_of(to);
    const char *const argv[] = {"tar", "-C", part, "--no-same-owner", "-xf", "-", NULL};
    const char *const clean_up[] = {"rm", "-rf", part, NULL};
    struct vt_spawn spawn = {.argv = argv};
    struct progress progress = {0};
    int ends[2], r, status;
    pid_t tar;

    if (mkdir(part, 0777) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot make %s", part);
    spawn.in = ends[0];
    tar = vt_spawn(&spawn, err);
    (void)close(ends[0]);
    r = tar < 0 ? tar : vt_way_get(way, from, ends[1], show, &progress, err);
    (void)close(ends[1]);
    stop_showing(&progress);
    status = tar < 0 ? 0 : vt_spawn_wait(tar, -1, NULL, NULL);
    /* Who cannot write to a tar that has ended hears it from tar. */
    if ((r == -EPIPE && status != 0) || (r == 0 && (status != 0 || rename(part, to) < 0)))
        r = vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cannot make the directory %s", to);
    if (r < 0)
        (void)!vt_run(clean_up, NULL, NULL, -1, -1, NULL);
    return r;
}

static int get_directory(struct vt_way *way, const char *from, const char *to, struct vt_error *err)
{
    VT_AUTO_FREE char *archive = archive_name();
    int r;

    if (access(to, F_OK) == 0)
        return vt_error_set(err, VT_CAUSE_USAGE, -EEXIST,
                            "%s is there already: a directory is copied under a new name", to);
    r = script(way, "umask 077 && exec tar -C \"$1\" -cf \"$2\" .", from, archive, err);
    if (r > 0)
        r = guest_fails(err, "make an archive of", from);
    if (r == 0)
        r = unpack(way, archive, to, err);
    clean_up(way, "rm -f \"$1\"", archive);
    return r;
}

static int copy_from_guest(struct vt_way *way, const char *from, const char *to,
                           struct vt_error *err)
{
    VT_AUTO_FREE char *place = NULL;
    struct progress progress = {0};
    struct stat st;
    int kind = look(way, from, err);

    if (kind < 0)
        return kind;
    if (kind == KIND_NOTHING)
        return vt_error_set(err, VT_CAUSE_USAGE, -ENOENT, "the guest has no %s", from);
    if (kind == KIND_UNREADABLE)
        return vt_error_set(err, VT_CAUSE_USAGE, -EACCES, "%s may not read %s in the guest",
                            way->ssh.user ? way->ssh.user : "the agent", from);
    if (vt_streq(to, "-")) {
        if (kind == KIND_DIRECTORY)
            return vt_error_set(err, VT_CAUSE_USAGE, -EISDIR, "%s is a directory in the guest",
                                from);
        return vt_way_get(way, from, STDOUT_FILENO, show, &progress, err);
    }
    place = stat(to, &st) == 0 && S_ISDIR(st.st_mode) ? inside(to, from) : vt_strdup(to);
    if (kind == KIND_DIRECTORY)
        return get_directory(way, from, place, err);
    return get_file(way, from, place, kind == KIND_PROGRAM ? 0777 : 0666, err);
}

/* ---- the command ---- */

static const char *in_guest(const char *arg)
{
    return vt_startswith(arg, GUEST) && arg[strlen(GUEST)] ? arg + strlen(GUEST) : NULL;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    const char *from = in_guest(call->argv[0]), *to = in_guest(call->argv[1]);
    VT_AUTO_WAY_IN struct vt_way_in in = {0};
    VT_AUTO_WAY struct vt_way way = {0};
    int r;

    if (!from == !to || *call->argv[0] == '\0' || *call->argv[1] == '\0')
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "give one path in the guest and one here, such as: virtainer cp "
                            "/tmp/file guest:/tmp/file");
    r = vt_way_in_find(NULL, &in, err);
    if (r == 0)
        r = vt_way_in_open(&in, call->flags[VIA], &way, err);
    if (r < 0)
        return r;
    vt_interrupt_watch();
    r = to ? copy_to_guest(&way, call->argv[0], to, err)
           : copy_from_guest(&way, from, call->argv[1], err);
    return vt_interrupt_status(r);
}

const struct vt_command vt_cmd_cp = {
    .name = "cp",
    .summary = "copy files between guest and container",
    .arguments = "SOURCE DESTINATION",
    .min_args = 2,
    .max_args = 2,
    .flags = flags,
    .details = "Copy a file or a directory of any size. One of the two is guest:PATH, the other a\n"
               "path in the container, or - for standard input or output:\n\n"
               "    docker exec -i NAME virtainer cp - guest:/tmp/file <file\n"
               "    docker exec NAME virtainer cp guest:/var/log/syslog - >syslog\n"
               "    docker exec NAME virtainer cp guest:/etc /mounted/etc\n\n"
               "By the guest agent (as root) if it answers, else by SSH (as the image's user).\n"
               "A file that was there is replaced when the new one is whole; a directory is made.",
    .run = run,
};
