/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run while virtainer is built: prints what libosinfo knows of each system, for vm/osinfo.c. A line
 * is the short id, the id and the devices that the system has drivers for, with a tab between:
 *
 *     fedora40 TAB http://fedoraproject.org/fedora/40 TAB virtio-block virtio-net q35 e1000 …
 *
 * The library and its database would add megabytes to the container image and half a second to a
 * start.
 */
#include <osinfo/osinfo.h>
#include <stdio.h>
#include <string.h>

/* What a guest's devices are chosen by, as osinfo's device ids name them. */
static const struct {
    const char *id;
    const char *name;
} known[] = {
    {"http://pcisig.com/pci/1af4/1001", "virtio-block"},
    {"http://pcisig.com/pci/1af4/1042", "virtio-block"},
    {"http://pcisig.com/pci/1af4/1000", "virtio-net"},
    {"http://pcisig.com/pci/1af4/1041", "virtio-net"},
    {"http://pcisig.com/pci/8086/10d3", "e1000e"},
    {"http://pcisig.com/pci/8086/100e", "e1000"},
    {"http://pcisig.com/pci/10ec/8139", "rtl8139"},
    {"http://qemu.org/chipset/x86/q35", "q35"},
};

/* Print which of them @devices has. */
static void print_devices(OsinfoDeviceList *devices)
{
    const char *last = "";

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!osinfo_list_find_by_id(OSINFO_LIST(devices), known[i].id) ||
            strcmp(known[i].name, last) == 0)
            continue;
        printf("%s%s", *last ? " " : "", known[i].name);
        last = known[i].name;
    }
}

static void print_os(OsinfoOs *os)
{
    GList *names = osinfo_entity_get_param_value_list(OSINFO_ENTITY(os), "short-id");
    OsinfoDeviceList *devices = osinfo_os_get_all_devices(os, NULL);

    for (const GList *name = names; name; name = name->next) {
        printf("%s\t%s\t", (const char *)name->data, osinfo_entity_get_id(OSINFO_ENTITY(os)));
        print_devices(devices);
        printf("\n");
    }
    g_object_unref(devices);
    g_list_free(names);
}

int main(void)
{
    OsinfoLoader *loader = osinfo_loader_new();
    GError *error = NULL;
    OsinfoOsList *systems;

    osinfo_loader_process_default_path(loader, &error);
    if (error) {
        (void)fprintf(stderr, "osinfo-db cannot be read: %s\n", error->message);
        return 1;
    }
    systems = osinfo_db_get_os_list(osinfo_loader_get_db(loader));
    for (int i = 0; i < osinfo_list_get_length(OSINFO_LIST(systems)); i++)
        print_os(OSINFO_OS(osinfo_list_get_nth(OSINFO_LIST(systems), i)));
    g_object_unref(systems);
    g_object_unref(loader);
    return fflush(stdout) == 0 ? 0 : 1;
}
