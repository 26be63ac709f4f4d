import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, inWords } from "./dhcpPacket.ts";

const text = (value: string) => Buffer.from(value, "latin1");
const message = (options: [number, Buffer][], more = {}) =>
    encode({ xid: 0xdeadbeef, mac: "52:54:00:0a:0b:0c", broadcast: true, giaddr: "10.80.1.1", options: new Map(options), ...more });

test("a message survives encoding", () => {
    const back = decode(message([[53, Buffer.from([1])], [60, text("PXEClient:Arch:00000")]], { file: "undionly.kpxe" }));
    assert.equal(back.xid, 0xdeadbeef);
    assert.equal(back.mac, "52:54:00:0a:0b:0c");
    assert.equal(back.giaddr, "10.80.1.1");
    assert.equal(back.broadcast, true);
    assert.equal(back.file, "undionly.kpxe");
    assert.equal(back.options.get(60)!.toString(), "PXEClient:Arch:00000");
});

test("a long value is divided and joined again", () => {
    const long = text("x".repeat(600));
    assert.deepEqual(decode(message([[43, long]])).options.get(43), long);
});

test("options overflow into the file and server-name fields", () => {
    const bytes = message([[53, Buffer.from([2])], [52, Buffer.from([3])]]);
    Buffer.from([67, 3, ...text("a.b"), 255]).copy(bytes, 108);
    Buffer.from([66, 1, ...text("s"), 255]).copy(bytes, 44);
    const words = inWords(decode(bytes));
    assert.equal(words.bootFile, "a.b");
    assert.equal(words.tftpServer, "s");
});

test("an answer in words", () => {
    const words = inWords(decode(message([
        [53, Buffer.from([5])], [54, Buffer.from([10, 80, 1, 2])], [3, Buffer.from([10, 80, 1, 1, 10, 80, 1, 9])],
        [51, Buffer.from([0, 0, 14, 16])], [15, text("lab.example")],
    ], { op: "reply", yiaddr: "10.80.1.50" })));
    assert.deepEqual([words.type, words.from, words.address, words.routers, words.leaseSeconds, words.domain],
        ["ack", "10.80.1.2", "10.80.1.50", ["10.80.1.1", "10.80.1.9"], 3600, "lab.example"]);
});

test("what is no DHCP message is refused", () => {
    assert.throws(() => decode(Buffer.alloc(300)), /not a DHCP message/);
    assert.throws(() => decode(message([]).subarray(0, 100)), /not a DHCP message/);
    const cut = message([[53, Buffer.from([1])]]);
    cut.writeUInt8(200, 241);
    assert.throws(() => decode(cut), /cut off/);
});
