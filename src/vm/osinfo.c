/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/osinfo.h"

#include <errno.h>
#include <stdint.h>

#include "base/str.h"
#include "base/text.h"
#include "host/files.h"

/* The table has some 60 KB. */
#define TABLE_MAX (1 << 20)

/* A line of the table; the strings are parts of it. */
struct row {
    const char *name;
    const char *id;
    const char *devices;
};

void vt_hardware_done(struct vt_hardware *hardware)
{
    free(hardware->os_id);
    *hardware = (struct vt_hardware)VT_HARDWARE_INIT;
}

static const struct {
    const char *name, *words;
} buses[] = {
    [VT_DISK_VIRTIO] = {"virtio", "virtio"},
    [VT_DISK_SATA] = {"sata", "SATA"},
    [VT_DISK_IDE] = {"ide", "IDE"},
};

/* Network cards, the best one first. */
static const char *const cards[] = {"virtio", "e1000e", "e1000", "rtl8139"};

const char *vt_disk_bus_name(enum vt_disk_bus bus)
{
    return buses[bus].name;
}

char *vt_hardware_text(const struct vt_hardware *hardware)
{
    return vt_fmt("%s %s", buses[hardware->disk].name, hardware->network_model);
}

char *vt_hardware_words(const struct vt_hardware *hardware, bool has_card)
{
    const char *disk = buses[hardware->disk].words;

    return has_card ? vt_fmt("%s disk, %s network card", disk, hardware->network_model)
                    : vt_fmt("%s disk", disk);
}

int vt_hardware_parse(const char *text, struct vt_hardware *ret)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(buses) * VT_ARRAY_SIZE(cards); i++) {
        const struct vt_hardware one = {
            .disk = (enum vt_disk_bus)(i / VT_ARRAY_SIZE(cards)),
            .network_model = cards[i % VT_ARRAY_SIZE(cards)],
        };
        VT_AUTO_FREE char *its_text = vt_hardware_text(&one);

        if (!vt_streq(text, its_text))
            continue;
        ret->disk = one.disk;
        ret->network_model = one.network_model;
        return 0;
    }
    return -EBADMSG;
}

/* Take a row off *@text, which becomes the rest. */
static bool next_row(char **text, struct row *ret)
{
    while (**text) {
        char *line = *text;
        size_t len = strcspn(line, "\n");
        char *id, *devices;

        *text += line[len] ? len + 1 : len;
        line[len] = '\0';
        id = strchr(line, '\t');
        devices = id ? strchr(id + 1, '\t') : NULL;
        if (!devices)
            continue;
        *id = *devices = '\0';
        *ret = (struct row){line, id + 1, devices + 1};
        return true;
    }
    return false;
}

static bool drives(const struct row *row, const char *device)
{
    size_t len = strlen(device);

    for (const char *s = row->devices; *s; s += strcspn(s, " "), s += *s == ' ') {
        if (strncmp(s, device, len) == 0 && (s[len] == '\0' || s[len] == ' '))
            return true;
    }
    return false;
}

static enum vt_disk_bus disk_bus(const struct row *row)
{
    if (drives(row, "virtio-block"))
        return VT_DISK_VIRTIO;
    /* Who knows that chipset has AHCI, which is its own. */
    return drives(row, "q35") ? VT_DISK_SATA : VT_DISK_IDE;
}

static const char *network_model(const struct row *row)
{
    if (drives(row, "virtio-net"))
        return cards[0];
    for (size_t i = 1; i < VT_ARRAY_SIZE(cards); i++) {
        if (drives(row, cards[i]))
            return cards[i];
    }
    /* Of old systems osinfo tells no card; there is hardly one that lacks a driver for this. */
    return "rtl8139";
}

/* "rhel-unknown" and the like: newer than the database, which may tell no device of it. */
static bool is_unknown(const struct row *row)
{
    static const char unknown[] = "unknown";
    size_t len = strlen(row->name), tail = sizeof(unknown) - 1;

    return row->devices[0] == '\0' && len >= tail && vt_streq(row->name + len - tail, unknown) &&
           (len == tail || row->name[len - tail - 1] == '-');
}

static void choose(const struct row *row, struct vt_hardware *ret)
{
    vt_hardware_done(ret);
    ret->os_id = vt_strdup(row->id);
    if (is_unknown(row))
        return;
    ret->disk = disk_bus(row);
    ret->network_model = network_model(row);
}

/* The number that a short id ends with, "40" or "22.04"; its end where there is none. */
static const char *version_of(const char *name)
{
    const char *end = name + strlen(name);

    while (end > name && strchr("0123456789.", end[-1]))
        end--;
    return end;
}

/* Whether @newer is a later release of the system whose release @name is. */
static bool is_later(const char *newer, const char *name)
{
    const char *a = version_of(newer), *b = version_of(name);

    return *a && *b && a - newer == b - name && strncmp(newer, name, (size_t)(a - newer)) == 0 &&
           strverscmp(a, b) > 0;
}

/* What was found so far that is not @variant itself. */
struct near {
    const char *later; /* the newest release of its system, if @variant is later than that */
    bool older;        /* @variant is not later than all */
    const char *nearest;
    size_t distance;
};

static void compare(struct near *near, const char *variant, const struct row *row,
                    struct vt_hardware *ret)
{
    size_t distance = vt_text_distance(variant, row->name);

    if (!near->nearest || distance < near->distance) {
        near->nearest = row->name;
        near->distance = distance;
    }
    if (is_later(row->name, variant))
        near->older = true;
    if (is_later(variant, row->name) && (!near->later || is_later(row->name, near->later))) {
        near->later = row->name;
        choose(row, ret);
    }
}

void vt_osinfo_choose(const char *path, const char *variant, struct vt_hardware *ret,
                      char **ret_nearest)
{
    VT_AUTO_FREE char *table = NULL;
    struct near near = {0};
    struct row row;
    char *rest;

    *ret = (struct vt_hardware)VT_HARDWARE_INIT;
    *ret_nearest = NULL;
    if (vt_file_read(path, TABLE_MAX, &table, NULL) < 0)
        return;
    rest = table;
    while (next_row(&rest, &row)) {
        if (vt_streq(row.name, variant) || vt_streq(row.id, variant)) {
            choose(&row, ret);
            return;
        }
        compare(&near, variant, &row, ret);
    }
    if (near.later && !near.older)
        return;
    vt_hardware_done(ret);
    *ret_nearest = near.nearest ? vt_strdup(near.nearest) : NULL;
}
