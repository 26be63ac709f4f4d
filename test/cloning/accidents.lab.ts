import { randomBytes } from "node:crypto";
import { bootableDisk } from "../lab/disk/image.ts";
import { accidents } from "./accidents.ts";

// One of each, while the data comes and when all but the table is there. The others: accidents.long.ts.
accidents({ image: Buffer.concat([bootableDisk(), randomBytes(6 << 20)]), power: ["write"], master: ["write"], cable: ["verify"] });
