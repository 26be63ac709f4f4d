import { sh } from "../sh";
import type { Question } from "./index";

/**
 * Seconds. A clock that is kept by a time server is right to a fraction of one, so that a minute is no accident; and it is less than what clocks are compared for bears:
 * certificates and Kerberos take five minutes, and a machine that was not heard for one is shown as silent.
 */
const MOST = 60;

const span = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;

/** The host's clock, by the asker's: it answers at some time between the question and the end of the answer. timedatectl waits for a bus that may be ill. */
export const clock: Question = {
  ask: () => sh`date +%s.%N; timeout 5 timedatectl show -p NTPSynchronized --value`,
  judge(_check, answer, _facts, { from, to }) {
    const [now, synchronised] = answer.trim().split("\n");
    const host = Number(now) * 1000;
    if (!now || Number.isNaN(host)) return { ok: true, hint: true, what: "the master's clock could not be read" };
    const off = Math.max(from - host, host - to, 0) / 1000;
    const where = `${span(off)} ${host < from ? "behind" : "ahead of"} that of this machine`;
    const mend = "Have a time server keep both (systemd-timesyncd or chrony), and see timedatectl.";
    if (off > MOST) return { ok: false, what: `the master's clock is ${where}`, mend };
    const agrees = off < 1 ? "the master's clock agrees with that of this machine" : `the master's clock is ${where}`;
    return synchronised === "no" ? { ok: true, hint: true, what: `${agrees}, and no time server keeps it`, mend } : { ok: true, what: agrees };
  },
};
