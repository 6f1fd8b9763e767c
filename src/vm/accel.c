/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/accel_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "host/files.h"
#include "host/spawn.h"

#define KVM_DEVICE             "/dev/kvm"
#define KVM_API_VERSION_WANTED 12

bool vt_cpuinfo_has_flag(const char *cpuinfo, const char *flag)
{
    const char *line = strstr(cpuinfo, "\nflags");
    size_t len = strlen(flag);
    const char *end, *at;

    if (!line)
        return false;
    end = line + 1 + strcspn(line + 1, "\n");
    for (at = strstr(line, flag); at && at < end; at = strstr(at + len, flag)) {
        if (at[-1] == ' ' && (at[len] == ' ' || at[len] == '\n' || at[len] == '\0'))
            return true;
    }
    return false;
}

void vt_kvm_facts_read(struct vt_kvm_facts *ret)
{
    VT_AUTO_CLOSE int fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
    VT_AUTO_FREE char *cpuinfo = NULL;

    *ret = (struct vt_kvm_facts){.open_errno = fd < 0 ? errno : 0};
    if (fd >= 0)
        ret->api_version = ioctl(fd, KVM_GET_API_VERSION, 0);
#if defined(__x86_64__) || defined(__i386__)
    ret->cpu_needs_flag = true;
    if (vt_file_read("/proc/cpuinfo", 1 << 22, &cpuinfo, NULL) == 0)
        ret->cpu_has_flag =
            vt_cpuinfo_has_flag(cpuinfo, "vmx") || vt_cpuinfo_has_flag(cpuinfo, "svm");
#endif
}

/* Why KVM cannot be used at all, or NULL. The caller frees it. */
static char *unusable(const struct vt_kvm_facts *facts)
{
    if (facts->open_errno == ENOENT)
        return vt_strdup("there is no /dev/kvm here: add --device /dev/kvm (or --privileged), and "
                         "see that the machine has virtualization switched on in its firmware");
    if (facts->open_errno != 0)
        return vt_fmt("/dev/kvm cannot be opened (%s): add --device /dev/kvm (or --privileged)",
                      strerror(facts->open_errno));
    if (facts->api_version != KVM_API_VERSION_WANTED)
        return vt_fmt("/dev/kvm speaks version %d, not %d: this kernel's KVM is not Linux's",
                      facts->api_version, KVM_API_VERSION_WANTED);
    return NULL;
}

int vt_accel_choose(enum vt_accel wanted, const struct vt_kvm_facts *facts,
                    struct vt_accel_choice *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *why = NULL;

    *ret = (struct vt_accel_choice){0};
    if (wanted == VT_ACCEL_TCG)
        return 0;
    why = unusable(facts);
    if (wanted == VT_ACCEL_KVM && why)
        return vt_error_set(err, VT_CAUSE_KVM, -ENODEV, "ACCEL=kvm cannot be had: %s", why);
    ret->emulated = !why && facts->cpu_needs_flag && !facts->cpu_has_flag;
    if (ret->emulated && wanted == VT_ACCEL_AUTO)
        why = vt_strdup("/dev/kvm is there, but the CPU shows neither vmx nor svm, so it is a "
                        "software emulation that stock kernels crash on: run on a machine with "
                        "nested virtualization, or set ACCEL=kvm to try it anyway");
    ret->kvm = !why;
    ret->emulated = ret->emulated && ret->kvm;
    ret->reason = VT_TAKE_PTR(why);
    return 0;
}

/* Whether /dev is a file system of the container's own rather than the host's devtmpfs. */
static bool device_is_private(void)
{
    VT_AUTO_FREE char *mounts = NULL;
    struct stat dev, kvm;

    if (vt_file_read("/proc/self/mounts", 1 << 20, &mounts, NULL) < 0 || stat("/dev", &dev) < 0 ||
        lstat(KVM_DEVICE, &kvm) < 0)
        return false;
    return strstr(mounts, "tmpfs /dev tmpfs ") != NULL && dev.st_dev == kvm.st_dev;
}

void vt_kvm_withhold(void)
{
    if (device_is_private())
        (void)chmod(KVM_DEVICE, 0600);
}

int vt_kvm_grant(unsigned uid, unsigned gid, struct vt_error *err)
{
    if (device_is_private()) {
        if (chown(KVM_DEVICE, (uid_t)-1, gid) == 0)
            (void)chmod(KVM_DEVICE, 0660);
    }
    if (vt_readable_by(KVM_DEVICE, uid, gid) == 0)
        return 0;
    return vt_error_set(err, VT_CAUSE_KVM, -EACCES,
                        "QEMU's user (uid %u) cannot open /dev/kvm, which belongs to the host: "
                        "make it accessible to all there, or set ACCEL=tcg",
                        uid);
}
