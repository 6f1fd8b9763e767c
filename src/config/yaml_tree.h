/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small YAML documents as a tree, for files of ours that are read whole. */
#pragma once

#include <stddef.h>

#include "base/error.h"

enum vt_yaml_kind { VT_YAML_TEXT, VT_YAML_LIST, VT_YAML_MAP };

struct vt_yaml_node {
    enum vt_yaml_kind kind;
    char *key;                     /* in a mapping; else NULL */
    char *text;                    /* of a text, as it was written: 22.04 is no number here */
    size_t line, column;           /* where it begins, counted from 1 */
    struct vt_yaml_node *children; /* the first of a list or mapping */
    struct vt_yaml_node *next;     /* after it in the same list or mapping */
};

#define VT_AUTO_YAML_TREE VT_CLEANUP(vt_yaml_tree_freep)

/*
 * Read @text, one document with a mapping at its top (nothing at all is an empty one), into *@ret,
 * which the caller frees. Refused beyond what vt_yaml_check() refuses: anchors, a key that is no
 * text or is there twice, NUL in a text, and what is nested deeper than 8. Returns 0, or -EINVAL
 * with @err (VT_CAUSE_USAGE) beginning "@path:line:column: ".
 */
int vt_yaml_tree_read(const char *path, const char *text, size_t len, struct vt_yaml_node **ret,
                      struct vt_error *err) VT_MUST_CHECK;

void vt_yaml_tree_free(struct vt_yaml_node *node);

static inline void vt_yaml_tree_freep(struct vt_yaml_node **node)
{
    vt_yaml_tree_free(*node);
}

/* What is at @key of the mapping @map, or NULL. */
const struct vt_yaml_node *vt_yaml_tree_get(const struct vt_yaml_node *map, const char *key);

/* Set @err to "@path:line:column: @problem" for @node. Returns -EINVAL. */
int vt_yaml_tree_refuse(const char *path, const struct vt_yaml_node *node, struct vt_error *err,
                        const char *problem, ...) VT_PRINTF(4, 5);
