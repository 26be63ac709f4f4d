import type { Facts } from "../facts";
import type { Sh } from "../sh";
import type { Check } from "../state";
import { clock } from "./clock";
import { debian } from "./debian";
import { dhcp } from "./dhcp";
import { driver } from "./driver";
import { firewall } from "./firewall";
import { http } from "./http";
import { image } from "./image";
import { address, network } from "./interface";
import { lio } from "./lio";
import { pool } from "./pool";
import { port } from "./port";
import { readable } from "./readable";
import { reflink } from "./reflink";
import { space } from "./space";
import { tftp } from "./tftp";
import { units } from "./units";
import { volume } from "./volume";

export interface Finding {
  check: Check;
  ok: boolean;
  /** It is well as far as can be told, and worth a look. */
  hint?: true;
  /** What was found, in one sentence without a full stop. */
  what: string;
  mend?: string;
}

/** A question about the host that writes nothing: shell text that prints an answer, and what the answer means. */
export interface Question<C extends Check = any> {
  /** Is there something to ask of this host yet? Default: always. */
  applies?(check: C, facts: Facts): boolean;
  ask(check: C): Sh;
  judge(check: C, answer: string, facts: Facts, when: When): Omit<Finding, "check">;
}

/** When the host was asked, and had answered, by the asker's clock: milliseconds of Unix time. */
export interface When {
  from: number;
  to: number;
}

/** Every check by its name. */
export const questions: { [name in Check["check"]]: Question } = {
  debian, space, driver, reflink, pool, volume, image, lio, port, interface: network, "no-other-dhcp": dhcp,
  address, clock, firewall, units, http, tftp, readable,
};
