# A template, as docs/cloud-init.md says it is made.
# The initial RAM disk logs in to the disk that iPXE has left word of (iBFT), by the address and the secret that are there.
echo ISCSI_AUTO=true > /etc/iscsi/iscsi.initramfs
# What iPXE has left holds the secret, which Linux shows to all users of the machine.
echo 'z /sys/firmware/ibft/target*/chap-secret 0400 root root' > /etc/tmpfiles.d/ibft.conf
# Its machines outlast a master that is away.
sed -i 's/^node.session.timeo.replacement_timeout = .*/node.session.timeo.replacement_timeout = 86400/' /etc/iscsi/iscsid.conf
# Nobody touches the card that the root file system comes by.
arguments=network-config=disabled
# Each machine draws its own; systemd would take the one that D-Bus has.
id=
rm -f /var/lib/dbus/machine-id
cat > /etc/cloud/cloud.cfg.d/99-template.cfg << END
datasource_list: [NoCloud]
# What only takes time on an emulated processor.
ssh_genkeytypes: [ed25519]
locale: false
END
