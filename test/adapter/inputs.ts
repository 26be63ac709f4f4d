// Inputs as the SDK sends them, for tests that speak to the provider process without a program.
export const connection = { host: "192.0.2.1", hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vhUe5cXP6hjpWY7H7n6nIbMLHvUw0MHO4SCDq4XMd", privateKeyPath: "/nowhere/key" };

export const master = {
    name: "lab", host: connection.host, address: "10.0.0.2", http: "http://10.0.0.2", tftp: "10.0.0.2", offer: "all",
    loaders: { bios: "undionly.kpxe", uefi: "snponly.efi" },
    localBoot: { method: "auto", drive: "0x80", loader: "/EFI/BOOT/BOOTX64.EFI" },
    retries: { count: 3, waitSeconds: 5, stallSeconds: 30 },
};

export const urn = (type: string, name: string, stack = "test") => `urn:pulumi:${stack}::netboot::pulumi-nodejs:dynamic/netboot:${type}::${name}`;

export const handle = (more: { ref?: unknown; secret?: boolean; connection?: unknown } = {}) => JSON.stringify({ ref: master, secret: false, connection, ...more });
export const onMaster = (type: string, name: string) => ({ __urn: urn(type, name), __master: handle() });

export const masterServer = { __urn: urn("MasterServer", "lab"), __connection: connection, host: connection.host, address: "10.0.0.2" };
export const image = { name: "rescue", digest: "3".repeat(64), kernel: { name: "vmlinuz", sha256: "1".repeat(64) }, initrds: [{ name: "initrd.img", sha256: "2".repeat(64) }], cmdline: "quiet" };
export const machine = (name: string, more: Record<string, unknown> = {}) => ({ ...onMaster("Machine", name), mac: "52:54:00:00:00:01", boot: { kind: "kernel", image }, ...more });
