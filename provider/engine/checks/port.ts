import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Port = Extract<Check, { check: "port" }>;

/** Does another process listen where a unit of ours is to listen? The unit's own processes may. */
export const port: Question<Port> = {
  ask: ({ protocol, port, unit }) => sh`
printf 'ours\t%s\n' "$(systemctl show -p MainPID --value -- ${unit} 2>/dev/null)"
command -v ss >/dev/null || echo unknown
ss ${protocol === "udp" ? "-Hlnup" : "-Hlntp"} ${`sport = :${port}`} 2>/dev/null | sed 's/^/ss\t/'
cg=$(systemctl show -p ControlGroup --value -- ${unit} 2>/dev/null)
[ -n "$cg" ] && cat "/sys/fs/cgroup$cg/cgroup.procs" "/sys/fs/cgroup/systemd$cg/cgroup.procs" "/sys/fs/cgroup/unified$cg/cgroup.procs" 2>/dev/null | sed 's/^/ours\t/'`,
  judge({ protocol, address, port, unit, kernel }, answer) {
    const rows = answer.split("\n").map((line) => line.split("\t"));
    const ours = new Set(rows.filter(([tag]) => tag === "ours").map(([, pid]) => pid).filter((pid) => pid && pid !== "0"));
    for (const [, line] of rows.filter(([tag]) => tag === "ss")) {
      const local = line!.trim().split(/\s+/).find((word) => word.endsWith(`:${port}`)) ?? "";
      const at = local.slice(0, local.lastIndexOf(":")).replace(/%.*$/, "").replace(/^\[(.*)\]$/, "$1");
      const everywhere = ["0.0.0.0", "*", "::", ""];
      if (address !== undefined && !everywhere.includes(address) && !everywhere.includes(at) && at !== address) continue;
      const holders = [...line!.matchAll(/\("([^"]*)",pid=(\d+)/g)].map(([, name, pid]) => ({ name, pid }));
      if (kernel && holders.length === 0) continue;
      if (holders.some(({ pid }) => ours.has(pid!))) continue;
      const who = holders.map(({ name, pid }) => `${name} (process ${pid})`).join(", ") || "a process that cannot be named";
      return { ok: false, what: `${protocol} port ${port} is taken by ${who}, listening on ${local}; ${unit} needs it`, mend: `Stop that process, or give ${unit} another address or port.` };
    }
    return { ok: true, what: `${protocol} port ${port} is free for ${unit}` };
  },
};
