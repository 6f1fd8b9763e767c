/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalogue of distributions' images: one YAML file for each distribution (docs/catalogue.md),
 * ours and the person's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Where ours is installed. */
#define VT_CATALOGUE_DIR VT_DATA_ROOT "/virtainer/catalogue"

struct vt_release {
    char *version;
    char **aliases; /* codenames and the like, ended by NULL */
    char *url;
    char *checksum;      /* "sha256:…" or "sha512:…", or NULL */
    char *checksum_url;  /* where a file of checksums is, or NULL */
    char *signature_url; /* where its signature is, or NULL: within it, or beside it */
    char *user;          /* whom the image lets in by SSH */
    char *osinfo;        /* osinfo's short id of the system, or NULL */
    char *end_of_life;   /* the last day with security updates, "2027-05-31", or NULL: not known */
};

struct vt_distribution {
    char *file;
    char *name;
    char *title; /* for people: "Fedora" */
    char *user;  /* of the releases that name none; or NULL */
    char **aliases;
    struct vt_release *releases; /* the newest first */
    size_t release_count;
};

struct vt_catalogue {
    struct vt_distribution *distributions; /* by name, one directory after the other */
    size_t count;
};

#define VT_AUTO_CATALOGUE VT_CLEANUP(vt_catalogue_done)

void vt_catalogue_done(struct vt_catalogue *catalogue);

/*
 * Read the files *.yaml of @own (which may be NULL, else must be there) and of @shipped (which need
 * not) into @ret, uninitialised before. A distribution that @own has is not taken from @shipped.
 * Errors: VT_CAUSE_USAGE, with file, line and column.
 */
int vt_catalogue_read(const char *own, const char *shipped, struct vt_catalogue *ret,
                      struct vt_error *err) VT_MUST_CHECK;

/* The text @text of the file @path, for vt_catalogue_read() and tests; @ret as there. */
int vt_distribution_parse(const char *path, const char *text, size_t len,
                          struct vt_distribution *ret, struct vt_error *err) VT_MUST_CHECK;
void vt_distribution_done(struct vt_distribution *distribution);

/* A release of a catalogue, which owns both. */
struct vt_entry {
    const struct vt_distribution *distribution;
    const struct vt_release *release;
    bool chosen; /* no release was asked for, and this one was taken */
};

/*
 * Find @name: "fedora:43", with an alias for either ("fedora:latest" is "fedora"), a codename alone
 * ("trixie"), or "fedora", which is the newest release that has not reached its end of life on
 * @today ("2026-11-22"), or the newest. Errors: VT_CAUSE_NO_IMAGE, with what there is instead.
 */
int vt_catalogue_find(const struct vt_catalogue *catalogue, const char *name, const char *today,
                      struct vt_entry *ret, struct vt_error *err) VT_MUST_CHECK;

/* Whether @release has no security updates any more on @today. */
bool vt_release_has_ended(const struct vt_release *release, const char *today);

#define VT_DAY_TEXT sizeof("2026-11-22")

/* Today's date in UTC. */
void vt_today(char ret[VT_DAY_TEXT]);

/* The releases as a table for people, and as a JSON array (docs/catalogue.md); the caller frees
 * it. */
char *vt_catalogue_text(const struct vt_catalogue *catalogue, const char *today);
char *vt_catalogue_json(const struct vt_catalogue *catalogue, const char *today);
