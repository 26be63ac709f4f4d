/** Passwords hashed at a twentieth of their price, which is for those who guess them: for tests that render thousands of menus. crypt.test.ts pays it in full. */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const crypt = createRequire(import.meta.url)("../../provider/dist/crypt.js");
crypt.crypt = (password: string, place: string) => crypt.crypted(password, createHash("sha256").update(place).digest("hex").slice(0, 16), 1000);
