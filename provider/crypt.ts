import { createHash } from "node:crypto";

/**
 * SHA-512 crypt (crypt(5), `$6$`), as libcrypt, and thus nginx, verifies it: U. Drepper, "Unix crypt using SHA-256 and SHA-512", steps numbered as there. Written out because Node
 * has no crypt(3), and because the hash has to be known in the preview: the salt comes from the place of the password, which no two have in common.
 */
const ROUNDS = 20_000;
const LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const sha512 = (...parts: (Buffer | string)[]) => parts.reduce((hash, part) => hash.update(part), createHash("sha512")).digest();
/** As many bytes as asked, of a block over and over. */
const filled = (block: Buffer, length: number) => Buffer.alloc(length, block);

/** A preview renders the same password several times. */
const made = new Map<string, string>();

export function crypt(password: string, place: string): string {
  const salt = saltOf(place);
  const key = sha512(password, "\0", salt).toString("base64");
  const known = made.get(key) ?? crypted(password, salt, ROUNDS);
  if (made.size > 1000) made.clear();
  made.set(key, known);
  return known;
}

/** 16 letters, 96 bits. Not secret: it keeps equal passwords of two places from having equal hashes. */
const saltOf = (place: string) => createHash("sha256").update(place).digest("base64").replace(/\+/g, ".").slice(0, 16);

export function crypted(password: string, salt: string, rounds: number): string {
  const key = Buffer.from(password);
  const b = sha512(key, salt, key);                                             // 4-8
  const bits: (Buffer | string)[] = [];
  for (let n = key.length; n > 0; n >>= 1) bits.push(n & 1 ? b : key);          // 11
  let a = sha512(key, salt, filled(b, key.length), ...bits);                    // 1-3, 9-12
  const p = filled(sha512(...Array<Buffer>(key.length).fill(key)), key.length); // 13-16
  const s = filled(sha512(...Array<string>(16 + a[0]!).fill(salt)), Buffer.byteLength(salt)); // 17-20
  for (let i = 0; i < rounds; i++)                                              // 21
    a = sha512(i & 1 ? p : a, ...(i % 3 ? [s] : []), ...(i % 7 ? [p] : []), i & 1 ? a : p);
  return `$6$rounds=${rounds}$${salt}$${letters(a)}`;
}

/** 22: in threes that lie 21 bytes apart, each six bits a letter, the low ones first. */
function letters(digest: Buffer): string {
  const word = (c: number, b: number, a: number, count: number) => {
    const bits = (c << 16) | (b << 8) | a;
    return Array.from({ length: count }, (_, i) => LETTERS[(bits >> (6 * i)) & 63]).join("");
  };
  const threes = Array.from({ length: 21 }, (_, i) => {
    const [x, y, z] = [i, i + 21, i + 42] as const;
    const [c, b, a] = i % 3 === 0 ? [x, y, z] : i % 3 === 1 ? [y, z, x] : [z, x, y];
    return word(digest[c]!, digest[b]!, digest[a]!, 4);
  });
  return threes.join("") + word(0, 0, digest[63]!, 2);
}
