#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Deletes from a root file system what a virtainer never runs. Runs inside the image build, before anything is started there.
set -euo pipefail

readonly program=${0##*/}

usage() {
  cat <<EOF
Usage: $program --yes

Deletes, in the root file system it runs in, what a virtainer never runs: packages that came along only as
dependencies, documentation, translations, firmware of other machines, and libraries that nothing uses any more.
Meant for an image build; the root cannot install packages afterwards.
EOF
}

# Packages whose files go, with why they were there:
readonly unused_packages=(
  # dependencies of libvirt's packages: a booted system's services
  systemd systemd-sysv systemd-container libsystemd-shared libpam-systemd systemd-standalone-sysusers
  dbus dbus-bin dbus-daemon dbus-session-bus-common dbus-system-bus-common polkitd
  libvirt-daemon-log logrotate dmidecode iptables
  # what package scripts need
  adduser debconf gettext-base libxml2-utils perl-base sgml-base xml-core ucf
  sensible-utils openssl init-system-helpers
  # the package manager
  apt libapt-pkg7.0 sqv debian-archive-keyring
  # found by nothing that runs here
  bsdutils libasound2-data dns-root-data
)

# Single files and directories, as shell patterns.
readonly unused_paths=(
  '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/i18n'
  /usr/share/lintian /usr/share/augeas /usr/share/systemtap /usr/share/bash-completion /usr/share/zsh
  /usr/share/apparmor /usr/share/dbus-1 /usr/share/polkit-1 /usr/share/applications /usr/share/icons
  /usr/share/sgml /usr/share/xml /usr/share/perl5 /usr/share/bug /usr/share/gdb /usr/share/pixmaps
  /usr/share/pam-configs /usr/share/debconf /usr/share/doc-base /usr/share/gcc /usr/share/menu
  # other QEMU binaries, other tools
  '/usr/bin/qemu-system-i386' '/usr/bin/qemu-system-*-microvm' /usr/bin/qemu-io /usr/bin/qemu-nbd
  /usr/bin/qemu-storage-daemon /usr/bin/qemu-pr-helper /usr/bin/qemu-vmsr-helper /usr/lib/qemu
  /usr/bin/virt-admin /usr/bin/virt-host-validate '/usr/bin/virt-pki-*' /usr/bin/virt-qemu-run
  /usr/bin/virt-ssh-helper /usr/bin/virt-xml-validate /usr/lib/libvirt/virt-aa-helper
  /usr/lib/libvirt/libvirt-guests.sh /usr/sbin/virtlogd
  # of passt only itself, with and without AVX2
  /usr/bin/pasta /usr/bin/pasta.avx2 /usr/bin/passt-repair /usr/bin/qrap
  # of OpenSSH only the client itself runs
  /usr/bin/scp /usr/bin/sftp /usr/bin/ssh-add /usr/bin/ssh-agent /usr/bin/ssh-argv0 /usr/bin/ssh-copy-id
  /usr/bin/ssh-keyscan /usr/lib/openssh /usr/lib/sftp-server
  # QEMU modules: displays, sound, braille (without the directory libvirt need not watch it)
  '/usr/lib/*-linux-gnu/qemu'
  # of openssh-client only ssh, scp, sftp and ssh-keygen are run
  /usr/bin/ssh-add /usr/bin/ssh-agent /usr/bin/ssh-argv0 /usr/bin/ssh-copy-id /usr/bin/ssh-keyscan
  '/usr/lib/openssh/ssh-[kps]*' /usr/lib/openssh/agent-launch
  # firmware of other machines and boot ROMs of other cards
  '/usr/share/qemu/*.dtb' '/usr/share/qemu/hppa*' '/usr/share/qemu/npcm*' '/usr/share/qemu/openbios*'
  /usr/share/qemu/palcode-clipper '/usr/share/qemu/pxe-*' '/usr/share/qemu/s390*' /usr/share/qemu/skiboot.lid
  /usr/share/qemu/slof.bin '/usr/share/qemu/u-boot*' /usr/share/qemu/vof.bin '/usr/share/qemu/QEMU,*'
  /usr/share/qemu/trace-events-all /usr/share/qemu/linux-user-vdso.tar.gz /usr/share/qemu/qboot.rom
  '/usr/share/qemu/efi-[!v]*' /usr/share/qemu/efi-vmxnet3.rom /usr/lib/ipxe /usr/share/seabios/bios-microvm.bin
  '/usr/share/libvirt/cpu_map/arm_*' '/usr/share/libvirt/cpu_map/ppc64_*' /usr/share/libvirt/test-screenshot.png
  # services, log rotation and the like: nothing reads them
  /usr/lib/systemd /etc/systemd /etc/init.d '/etc/rc?.d' /etc/cron.daily /etc/logrotate.d /etc/apparmor.d
  /usr/lib/firewalld /usr/lib/sysusers.d /usr/lib/tmpfiles.d /usr/lib/udev /etc/dbus-1 /etc/polkit-1
  /etc/apt /usr/lib/apt /usr/lib/init /usr/lib/pcrlock.d /usr/lib/kernel /usr/lib/modprobe.d
  # other character sets, name services for users over the network, cryptographic side roads
  '/usr/lib/*-linux-gnu/gconv/[A-TV-Zl]*' '/usr/lib/*-linux-gnu/perl*' '/usr/lib/*-linux-gnu/xtables'
  '/usr/lib/*-linux-gnu/sasl2' '/usr/lib/*-linux-gnu/engines-3' '/usr/lib/*-linux-gnu/ossl-modules'
  '/usr/lib/*-linux-gnu/krb5' '/usr/lib/*-linux-gnu/libibverbs' '/usr/lib/*-linux-gnu/libnss_hesiod*'
  '/usr/lib/*-linux-gnu/libnss_compat*' '/usr/lib/*-linux-gnu/systemd'
  # left from building
  '/var/cache/apt' '/var/cache/debconf' '/var/cache/ldconfig' '/var/lib/apt' '/var/lib/systemd' '/var/lib/dbus'
  '/var/log/*.log' '/var/log/apt' /var/lib/polkit-1 '/var/backups/*' '/tmp/*' '/var/tmp/*'
  /etc/machine-id '/etc/qemu-if*' /etc/sasl2 /etc/sgml /etc/xml /etc/selinux /etc/update-motd.d /etc/sysctl.d
  /var/log/journal /var/log/private /var/log/README
  '/etc/libvirt/qemu-lockd.conf' '/etc/libvirt/qemu-sanlock.conf' '/etc/libvirt/virtlogd.conf'
  '/etc/libvirt/qemu/networks/default.xml' '/etc/libvirt/qemu/networks/autostart/default.xml'
)

# Libraries that are loaded by name at run time, so that no binary's header shows them.
readonly loaded_by_name='^(libgcc_s|libnss_(files|dns)|ld-linux|libc\.|libpthread|libdl|librt|libresolv|libutil|libanl)'

# forget_package PACKAGE: delete its files, without running its scripts, and its entry in the package list, so that
# what is listed (for scanners) is what is there.
forget_package() {
  local package=$1 path
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || return 0
  while IFS= read -r path; do
    if [[ -L $path || -f $path ]]; then rm -f "$path"; fi
  done < <(dpkg -L "$package" | sort -r)
  awk -v name="$package" 'BEGIN { RS = ""; ORS = "\n\n" } $0 !~ "^Package: " name "\n"' \
    /var/lib/dpkg/status >/var/lib/dpkg/status-new
  mv /var/lib/dpkg/status-new /var/lib/dpkg/status
}

delete_packages() {
  local package
  for package in "${unused_packages[@]}"; do forget_package "$package"; done
}

delete_paths() {
  local pattern
  for pattern in "${unused_paths[@]}"; do
    # The pattern is meant to be expanded.
    # shellcheck disable=SC2086
    rm -rf -- $pattern
  done
}

# needed_libraries: the real paths of every library that some program or plugin left here loads.
needed_libraries() {
  find /usr/bin /usr/sbin /usr/local /usr/lib/libvirt /usr/libexec '/usr/lib/'*-linux-gnu/libvirt \
    '/usr/lib/'*-linux-gnu/security -type f \( -perm /111 -o -name '*.so*' \) -print0 2>/dev/null |
    { xargs -0 -r ldd 2>/dev/null || true; } | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u | xargs -r readlink -f | sort -u
}

# delete_libraries: libraries that nothing loads any more, then the links that point nowhere.
delete_libraries() {
  local needed library
  needed=$(needed_libraries)
  while IFS= read -r library; do
    [[ ${library##*/} =~ $loaded_by_name ]] && continue
    grep -qxF "$library" <<<"$needed" || rm -f "$library"
  done < <(find /usr/lib/*-linux-gnu -maxdepth 1 -type f -name '*.so*')
  find /usr/lib /usr/bin /usr/sbin /etc/alternatives -xtype l -delete
}

# delete_package_manager: dpkg itself, last; of its records only the list of packages stays.
delete_package_manager() {
  forget_package dpkg
  rm -rf /usr/lib/dpkg /usr/share/dpkg /etc/dpkg /var/log/dpkg.log
  find /var/lib/dpkg -mindepth 1 -maxdepth 1 ! -name status -exec rm -rf {} +
}

# silence_dmidecode: libvirtd asks it for the host's board at every start and complains when it is not there.
silence_dmidecode() {
  ln -sf ../bin/true /usr/sbin/dmidecode
}

main() {
  case ${1-} in
    --help) usage && exit 0 ;;
    --yes) ;;
    *) usage >&2 && exit 2 ;;
  esac
  delete_packages
  delete_paths
  delete_package_manager
  delete_libraries
  silence_dmidecode
  find /usr/share /etc -mindepth 1 -type d -empty ! -path '/etc/libvirt/*' -delete
}

main "$@"
