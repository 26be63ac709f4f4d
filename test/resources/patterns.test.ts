/** Ranges of addresses as regular expressions: each address of the range is found, and no other. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { dotted, ipv4, type Span } from "../../provider/dist/net.js";
import { patterns } from "../../provider/dist/resources/machineGroup/patterns.js";

const holds = (span: Span) => {
    const all = patterns(span).map((pattern) => new RegExp(`^${pattern}$`));
    assert.ok(all.length <= 7, `${all.length} lines`);
    return (address: number) => all.filter((one) => one.test(dotted(address))).length;
};

it("finds each address of one octet, for every range there is in it", () => {
    const base = ipv4("10.0.0.0")!;
    for (let first = 0; first < 256; first += 3)
        for (let last = first; last < 256; last++) {
            const found = holds({ first: base + first, last: base + last });
            for (const at of [0, first - 1, first, first + 1, last - 1, last, last + 1, 255].filter((n) => n >= 0 && n < 256)) assert.equal(found(base + at), at >= first && at <= last ? 1 : 0, `${at} in ${first}-${last}`);
        }
});

it("finds the ends of a range of any size, and what lies between, and not what lies beside", () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const ends = ["0.0.0.0", "10.0.0.0", "10.0.0.255", "10.0.255.255", "10.1.0.0", "10.255.255.255", "255.255.255.255"].map((text) => ipv4(text)!);
    const some = () => (random(2) ? ends[random(ends.length)]! : random(256) * 2 ** 24 + random(2 ** 24));
    for (let i = 0; i < 2000; i++) {
        const [first, last] = [some(), some()].sort((a, b) => a - b) as [number, number];
        const found = holds({ first, last });
        for (const at of [first, last, first - 1, last + 1, first + random(last - first + 1), some(), ...ends].filter((n) => n >= 0 && n < 2 ** 32))
            assert.equal(found(at), at >= first && at <= last ? 1 : 0, `${dotted(at)} in ${dotted(first)}-${dotted(last)}: ${patterns({ first, last })}`);
    }
});
