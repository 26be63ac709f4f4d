#!/bin/sh
# What an installer would ask and write, in the file system that becomes the disk's.
set -eu
rm -f /.dockerenv
release=$(ls /lib/modules)
mkdir -p "/lib/modules/$release/updates"
find /modules -type f -exec mv -t "/lib/modules/$release/updates/" {} +
rmdir /modules
depmod "$release"
printf 'LABEL=root / ext4 errors=remount-ro 0 1\n' > /etc/fstab
cp /src/setup.service /etc/systemd/system/lab-setup.service
systemctl enable lab-setup.service
# Beside ours: a site's own, and not the subject here.
systemctl disable nginx.service tgt.service
systemctl mask e2scrub_reap.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer logrotate.timer getty.target \
  systemd-networkd.service systemd-timesyncd.service systemd-logind.service
# What only takes time on an emulated processor.
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\nDefaultTimeoutStartSec=600\nDefaultDeviceTimeoutSec=600\n' > /etc/systemd/system.conf.d/slow.conf
useradd --create-home --shell /bin/bash admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/admin && chmod 440 /etc/sudoers.d/admin
install -d -m 700 /root/.ssh
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\n' > /etc/ssh/sshd_config.d/lab.conf
rm -f /etc/ssh/ssh_host_*
: > /etc/machine-id
printf 'MODULES=list\n' > /etc/initramfs-tools/conf.d/lab
printf 'virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n' > /etc/initramfs-tools/modules
update-initramfs -c -k "$release" 2>&1 | tail -n 3
