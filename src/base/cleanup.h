/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope-bound release of memory, descriptors and streams, after systemd's and crun's model. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VT_CLEANUP(function) __attribute__((cleanup(function)))

/* Give a value to the caller and forget it here, so that the cleanup attribute leaves it alone. */
#define VT_TAKE_PTR(pointer)                           \
    ({                                                 \
        __typeof__(pointer) *taken_from_ = &(pointer); \
        __typeof__(pointer) taken_ = *taken_from_;     \
        *taken_from_ = NULL;                           \
        taken_;                                        \
    })

#define VT_TAKE_FD(fd)             \
    ({                             \
        int *taken_from_ = &(fd);  \
        int taken_ = *taken_from_; \
        *taken_from_ = -1;         \
        taken_;                    \
    })

static inline void vt_freep(void *pointer)
{
    free(*(void **)pointer);
}

static inline void vt_closep(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void vt_fclosep(FILE **stream)
{
    if (*stream)
        (void)fclose(*stream);
}

static inline void vt_closedirp(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

#define VT_AUTO_FREE     VT_CLEANUP(vt_freep)
#define VT_AUTO_CLOSE    VT_CLEANUP(vt_closep)
#define VT_AUTO_FCLOSE   VT_CLEANUP(vt_fclosep)
#define VT_AUTO_CLOSEDIR VT_CLEANUP(vt_closedirp)

#define VT_PRINTF(at, first) __attribute__((format(printf, at, first)))
#define VT_MUST_CHECK        __attribute__((warn_unused_result))

#define VT_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
