// DHCP messages as bytes and back (RFC 2131, 2132, 3396). Pure.

export interface DhcpMessage {
    op: "request" | "reply";
    xid: number;
    broadcast: boolean;
    ciaddr: string;
    yiaddr: string;
    siaddr: string;
    giaddr: string;
    mac: string;
    sname: string;
    file: string;
    options: Map<number, Buffer>;
}

export const messageTypes = ["", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"] as const;
export type MessageType = Exclude<(typeof messageTypes)[number], "">;

const cookie = Buffer.from([99, 130, 83, 99]);
const header = 240;
const optionEnd = 255;
const optionOverload = 52;

export function encode(message: Partial<DhcpMessage> & { xid: number; mac: string; options: Map<number, Buffer> }): Buffer {
    const fixed = Buffer.alloc(header);
    fixed.writeUInt8(message.op === "reply" ? 2 : 1, 0);
    fixed.writeUInt8(1, 1);                                      // Ethernet
    fixed.writeUInt8(6, 2);
    fixed.writeUInt32BE(message.xid >>> 0, 4);
    fixed.writeUInt16BE(message.broadcast ? 0x8000 : 0, 10);
    for (const [at, address] of [[12, message.ciaddr], [16, message.yiaddr], [20, message.siaddr], [24, message.giaddr]] as const)
        addressBytes(address ?? "0.0.0.0").copy(fixed, at);
    Buffer.from(message.mac.replaceAll(":", ""), "hex").copy(fixed, 28);
    fixed.write(message.sname ?? "", 44, 63, "latin1");
    fixed.write(message.file ?? "", 108, 127, "latin1");
    cookie.copy(fixed, 236);
    const options = [...message.options].flatMap(([code, value]) => pieces(value).map((piece) => Buffer.concat([Buffer.from([code, piece.length]), piece])));
    const all = Buffer.concat([fixed, ...options, Buffer.from([optionEnd])]);
    return Buffer.concat([all, Buffer.alloc(Math.max(0, 300 - all.length))]);   // BOOTP's shortest message
}

/** A value longer than 255 bytes goes in several options of one code, to be joined again. */
function pieces(value: Buffer): Buffer[] {
    const all = [value.subarray(0, 255)];
    for (let at = 255; at < value.length; at += 255) all.push(value.subarray(at, at + 255));
    return all;
}

export function decode(bytes: Buffer): DhcpMessage {
    if (bytes.length < header || !bytes.subarray(236, header).equals(cookie)) throw new Error("not a DHCP message");
    const options = new Map<number, Buffer>();
    readOptions(bytes.subarray(header), options);
    const overload = options.get(optionOverload)?.[0] ?? 0;
    const [file, sname] = [bytes.subarray(108, 236), bytes.subarray(44, 108)];
    if (overload & 1) readOptions(file, options);
    if (overload & 2) readOptions(sname, options);
    const address = (at: number) => addressText(bytes.subarray(at, at + 4));
    return {
        op: bytes[0] === 2 ? "reply" : "request",
        xid: bytes.readUInt32BE(4),
        broadcast: (bytes.readUInt16BE(10) & 0x8000) !== 0,
        ciaddr: address(12), yiaddr: address(16), siaddr: address(20), giaddr: address(24),
        mac: macText(bytes.subarray(28, 34)),
        sname: overload & 2 ? "" : text(sname),
        file: overload & 1 ? "" : text(file),
        options,
    };
}

function readOptions(bytes: Buffer, into: Map<number, Buffer>): void {
    for (let at = 0; at < bytes.length && bytes[at] !== optionEnd; ) {
        const code = bytes[at]!;
        if (code === 0) {
            at++;
            continue;
        }
        const length = bytes[at + 1] ?? 0;
        const value = bytes.subarray(at + 2, at + 2 + length);
        if (value.length < length) throw new Error(`option ${code} is cut off`);
        into.set(code, Buffer.concat([into.get(code) ?? Buffer.alloc(0), value]));
        at += 2 + length;
    }
}

export const addressBytes = (address: string): Buffer => Buffer.from(address.split(".").map(Number));
export const addressText = (bytes: Buffer): string => [...bytes].join(".");
const macText = (bytes: Buffer) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
const text = (bytes: Buffer) => bytes.toString("latin1").replace(/\0.*$/s, "");

/** What a boot client reads out of an answer, in words. */
export interface DhcpAnswer {
    type: MessageType;
    from: string;                        // the server, by its own identifier
    address: string;                     // yiaddr
    nextServer: string;                  // siaddr
    bootFile: string;                    // the header's field, else option 67
    tftpServer: string;                  // the header's field, else option 66
    mask?: string;
    routers: string[];
    dns: string[];
    domain?: string;
    hostName?: string;
    leaseSeconds?: number;
    vendorClass?: string;                // option 60: "PXEClient" or "HTTPClient" marks an answer of a boot server
    pxe?: Buffer;                        // option 43
    message: DhcpMessage;
}

export function inWords(message: DhcpMessage): DhcpAnswer {
    const option = (code: number) => message.options.get(code);
    const string = (code: number) => (option(code) ? text(option(code)!) : undefined);
    const addresses = (code: number) => {
        const value = option(code) ?? Buffer.alloc(0);
        return Array.from({ length: value.length / 4 }, (_, i) => addressText(value.subarray(i * 4, i * 4 + 4)));
    };
    return {
        type: (messageTypes[option(53)?.[0] ?? 0] || "offer") as MessageType,
        from: addresses(54)[0] ?? "",
        address: message.yiaddr,
        nextServer: message.siaddr,
        bootFile: message.file || string(67) || "",
        tftpServer: message.sname || string(66) || "",
        mask: addresses(1)[0],
        routers: addresses(3),
        dns: addresses(6),
        domain: string(15),
        hostName: string(12),
        leaseSeconds: option(51)?.readUInt32BE(0),
        vendorClass: string(60),
        pxe: option(43),
        message,
    };
}
