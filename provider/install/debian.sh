#!/bin/sh
# debian-installer runs this when it has read its answers (preseed/run): from then on it chooses the disk that was ordered, and says how far it is.
master=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^netboot\.master=//p')
wget -q -O /bin/netboot "$master/installers/netboot" && chmod 755 /bin/netboot || exit 1
mkdir -p /lib/partman/init.d /usr/lib/finish-install.d
# Disks are there when the partitioner starts, and not before.
cat >/lib/partman/init.d/01netboot <<'END'
#!/bin/sh
. /usr/share/debconf/confmodule
disk=$(netboot disk) || exit 1
printf 'd-i partman-auto/disk string %s\nd-i grub-installer/bootdev string %s\n' "$disk" "$disk" >/tmp/netboot.cfg
debconf-set-selections /tmp/netboot.cfg
END
# After the file systems are unmounted (95umount), the installer's own among them, and before the address is given back (97release-dhcp-lease).
cat >/usr/lib/finish-install.d/96netboot <<'END'
#!/bin/sh
[ -r /proc/cmdline ] || mount -t proc proc /proc
[ -d /sys/block ] || mount -t sysfs sysfs /sys
[ -c /dev/null ] || mount -t devtmpfs devtmpfs /dev
netboot done
exit 0
END
chmod 755 /lib/partman/init.d/01netboot /usr/lib/finish-install.d/96netboot
netboot start
# A disk of the master: the installer logs in when it has the parts for that, and gives the installed system its own. That finds its disk as the installer did (iBFT), whatever copy of it it is on; the secret
# that is there is nobody's but root's.
if grep -q '^disk target=' /tmp/netboot-install/job; then
    anna-install partman-iscsi
    mkdir -p /lib/partman/finish.d
    cat >/lib/partman/finish.d/71netboot <<'END'
#!/bin/sh
# The card that the disk comes by is left as the initial RAM disk has it: ifupdown, whatever method it is told, takes it down when the system shuts down, and the disk with it.
sed -i '/^# The primary network interface/,$ s/^[^#]/# &/' /etc/network/interfaces
mkdir -p /target/etc/iscsi /target/etc/tmpfiles.d /target/etc/initramfs-tools/conf.d
# What the root disk's own device needs (dep) would leave out the card's driver.
echo 'MODULES=most' >/target/etc/initramfs-tools/conf.d/netboot
echo 'ISCSI_AUTO=true' >/target/etc/iscsi/iscsi.initramfs
echo 'z /sys/firmware/ibft/target*/chap-secret 0400 root root' >/target/etc/tmpfiles.d/netboot-ibft.conf
END
    # The network goes next (97), and the kernel would wait at its end for a disk that came by it.
    cat >/usr/lib/finish-install.d/96netboot-disk <<'END'
#!/bin/sh
for disk in /sys/class/iscsi_session/session*/device/target*/*/delete; do [ ! -w "$disk" ] || echo 1 >"$disk"; done
exit 0
END
    chmod 755 /lib/partman/finish.d/71netboot /usr/lib/finish-install.d/96netboot-disk
fi
netboot watch </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- &
exit 0
