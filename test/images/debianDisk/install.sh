#!/bin/sh
# What an installer would ask and write, in the file system that becomes the disk's.
set -eu
rm -f /.dockerenv
printf 'golden\n' > /etc/hostname.golden                    # the engine keeps its own file at /etc/hostname while this runs
printf 'UUID=6e657462-6f6f-7400-0000-726f6f740000 / ext4 errors=remount-ro 0 1\nUUID=6E65-7462 /boot/efi vfat umask=0077 0 1\n' > /etc/fstab
mkdir -p /boot/efi /boot/grub
[ ! -d /etc/cloud ] || . /src/template.sh
release=$(ls /lib/modules)
sed "s/RELEASE/$release/g; s/ARGUMENTS/${arguments:-}/" /src/grub.cfg > /boot/grub/grub.cfg
update-initramfs -c -k "$release" 2>&1 | tail -n 3
passwd -d root

# As a golden image that was shut down in a hurry: with a machine-id. The host keys are gone, and each machine makes its own.
printf "${id-0123456789abcdef0123456789abcdef\n}" > /etc/machine-id
rm -f /etc/ssh/ssh_host_*
mkdir -p /etc/systemd/system/ssh.service.d
printf '[Service]\nExecStartPre=\nExecStartPre=-/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key\n' > /etc/systemd/system/ssh.service.d/key.conf
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\n' > /etc/ssh/sshd_config.d/key.conf
# What only takes time on an emulated processor, and what has to take it.
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\nDefaultTimeoutStartSec=1200\nDefaultDeviceTimeoutSec=1200\n' > /etc/systemd/system.conf.d/slow.conf
systemctl mask e2scrub_reap.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer

# What a machine compares itself with.
find /boot /usr -xdev -type f -print0 | xargs -0 md5sum > /var/lib/content.md5
