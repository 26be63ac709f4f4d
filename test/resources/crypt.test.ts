/** SHA-512 crypt against the vectors of its specification (U. Drepper), and against libcrypt. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { it } from "node:test";
import { crypt, crypted } from "../../provider/dist/crypt.js";

const VECTORS: [password: string, salt: string, rounds: number, hash: string][] = [
    ["Hello world!", "saltstring", 5000, "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"],
    ["Hello world!", "saltstringsaltst", 10_000, "OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."],
    ["This is just a test", "toolongsaltstrin", 5000, "lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0"],
    ["we have a short salt string but not a short password", "short", 77_777, "WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0"],
];

for (const [password, salt, rounds, hash] of VECTORS) it(`the specification's ${rounds} rounds of ${salt}`, () => assert.equal(crypted(password, salt, rounds), `$6$rounds=${rounds}$${salt}$${hash}`));

it("passwords of every length are as Perl's crypt(3) has them", () => {
    for (const length of [1, 2, 8, 63, 64, 65, 127, 128]) {
        const password = "0123456789abcdef".repeat(8).slice(0, length);
        const theirs = execFileSync("perl", ["-e", "print crypt($ARGV[0], $ARGV[1])", password, "$6$rounds=1000$seasalt"], { encoding: "utf8" });
        assert.equal(crypted(password, "seasalt", 1000), theirs);
    }
});

it("the same password in the same place has the same hash, and another one in another place", () => {
    assert.equal(crypt("correct horse", "lab tools"), crypt("correct horse", "lab tools"));
    assert.notEqual(crypt("correct horse", "lab tools"), crypt("correct horse", "lab seats"));
    assert.notEqual(crypt("correct horse", "lab tools"), crypt("battery staple", "lab tools"));
    assert.match(crypt("correct horse", "lab tools"), /^\$6\$rounds=20000\$[A-Za-z0-9./]{16}\$[A-Za-z0-9./]{86}$/);
});
