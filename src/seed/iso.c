/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed/iso.h"

#include <errno.h>
#include <stdint.h>

#define LIBISOFS_WITHOUT_LIBBURN /* libisofs then declares struct burn_source itself */
#include <libisofs/libisofs.h>

#include "base/str.h"
#include "host/files.h"

/* Documents of 16 MiB, their directories and padding. */
#define MAX_ISO (32U << 20)

/* What makes the bytes depend on the documents alone: 2000-01-01 00:00:00 UTC. */
#define EPOCH 946684800

static void imagep(IsoImage **image)
{
    if (*image)
        iso_image_unref(*image);
}

static void optsp(IsoWriteOpts **opts)
{
    if (*opts)
        iso_write_opts_free(*opts);
}

static void sourcep(struct burn_source **source)
{
    if (!*source)
        return;
    /* cancel() also waits for libisofs's writer thread, so that nothing of it outlives this call */
    (*source)->cancel(*source);
    (*source)->free_data(*source);
    free(*source);
}

static void finish(const bool *started)
{
    if (*started)
        iso_finish();
}

static int add_doc(IsoImage *image, const char *name, const struct vt_seed_doc *doc)
{
    unsigned char *copy;
    IsoStream *stream = NULL;
    IsoFile *file;
    int r;

    if (!doc->text)
        return ISO_SUCCESS;
    copy = vt_calloc(1, doc->len + 1);
    memcpy(copy, doc->text, doc->len);
    r = iso_memory_stream_new(copy, doc->len, &stream);
    if (r < 0) {
        free(copy);
        return r;
    }
    r = iso_image_add_new_file(image, iso_image_get_root(image), name, stream, &file);
    if (r < 0) {
        iso_stream_unref(stream);
        return r;
    }
    return ISO_SUCCESS;
}

static int add_docs(IsoImage *image, const struct vt_seed *seed)
{
    int r = add_doc(image, "user-data", &seed->user_data);

    if (r >= 0)
        r = add_doc(image, "meta-data", &seed->meta_data);
    if (r >= 0)
        r = add_doc(image, "vendor-data", &seed->vendor_data);
    if (r >= 0)
        r = add_doc(image, "network-config", &seed->network_config);
    return r;
}

static int set_options(IsoWriteOpts *opts)
{
    char uuid[] = "2000010100000000";

    (void)iso_write_opts_set_iso_level(opts, 3);
    (void)iso_write_opts_set_rockridge(opts, 1);
    (void)iso_write_opts_set_joliet(opts, 1);
    (void)iso_write_opts_set_no_force_dots(opts, 2); /* "user-data", not "user-data.", in Joliet */
    (void)iso_write_opts_set_relaxed_vol_atts(opts, 1); /* "cidata", not "CIDATA" */
    /* all root's, directories 0755; files 0400: the guest's users need not read the seed */
    (void)iso_write_opts_set_replace_mode(opts, 2, 2, 2, 2);
    (void)iso_write_opts_set_default_dir_mode(opts, 0755);
    (void)iso_write_opts_set_default_file_mode(opts, 0400);
    (void)iso_write_opts_set_default_uid(opts, 0);
    (void)iso_write_opts_set_default_gid(opts, 0);
    (void)iso_write_opts_set_replace_timestamps(opts, 2);
    (void)iso_write_opts_set_default_timestamp(opts, EPOCH);
    (void)iso_write_opts_set_always_gmt(opts, 1);
    (void)iso_write_opts_set_fifo_size(opts, 32); /* instead of 2 MiB */
    return iso_write_opts_set_pvd_times(opts, EPOCH, EPOCH, 0, 0, uuid);
}

/* Read the image that libisofs's thread makes. Returns 0, or a libisofs error. */
static int drain(struct burn_source *source, struct vt_buf *out)
{
    for (;;) {
        unsigned char sector[2048];
        int n = source->read ? source->read(source, sector, sizeof(sector))
                             : source->read_xt(source, sector, sizeof(sector));

        if (n < 0)
            return (int)ISO_WRITE_ERROR;
        if (n == 0)
            return out->overflowed ? (int)ISO_WRITE_ERROR : 0;
        vt_buf_add(out, sector, (size_t)n);
    }
}

/* The image's bytes into @out. Returns a libisofs code. */
static int make(const struct vt_seed *seed, struct vt_buf *out)
{
    /* 1: leave the process's locale alone; our names are ASCII in any */
    VT_CLEANUP(finish) bool started = iso_init_with_flag(1) >= 0;
    VT_CLEANUP(imagep) IsoImage *image = NULL;
    VT_CLEANUP(optsp) IsoWriteOpts *opts = NULL;
    VT_CLEANUP(sourcep) struct burn_source *source = NULL;
    time_t now = EPOCH;
    char never[] = "NEVER", none[] = "";
    int r;

    if (!started)
        return (int)ISO_FATAL_ERROR;
    (void)iso_nowtime(&now, 1);
    /* messages belong to us: errors are returned, and libisofs would print the rest */
    (void)iso_set_msgs_severities(never, never, none);
    r = iso_image_new("cidata", &image);
    if (r >= 0)
        r = add_docs(image, seed);
    if (r >= 0)
        r = iso_write_opts_new(&opts, 0);
    if (r >= 0)
        r = set_options(opts);
    if (r >= 0)
        r = iso_image_create_burn_source(image, opts, &source);
    return r < 0 ? r : drain(source, out);
}

int vt_seed_iso_write(const struct vt_seed *seed, const char *path, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf image = VT_BUF_INIT(MAX_ISO);
    int r = make(seed, &image);

    if (r < 0)
        return vt_error_set(err, VT_CAUSE_SEED, -EIO, "the seed for %s could not be made: %s", path,
                            iso_error_to_msg(r));
    r = vt_file_write_volatile(path, image.data, image.len, 0600);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_SEED, -r,
                              "the seed %s cannot be written (CLOUD_INIT_DISK gives another path)",
                              path);
    return 0;
}
