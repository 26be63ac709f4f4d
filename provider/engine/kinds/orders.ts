import type { Kind } from "../kind";
import { capturedTo, orderLibrary } from "../orders";
import { sha256 } from "../record";
import { sh } from "../sh";
import { LEDGER, type OrderSpec, SITE } from "../state";

/** What the ledger and the folders of one machine say. */
interface Seen {
  /** Is there a ledger? Else the next two are 0. */
  ledger: boolean;
  /** Highest generation that was ever ordered, but for orders taken back before any machine had claimed them. */
  high: number;
  /** Highest generation that the ledger names at all; lower than what state remembers after a backup was put back. */
  named: number;
  /** Generation of the order that is open, 0 without one; digest of its job. */
  open: number;
  job: string;
  /** Has a machine taken it, and has it reported that it is done? */
  claimed: boolean;
  done: boolean;
  /** A crash left one beside its place. */
  halted: boolean;
  /** Is it there in GRUB's words, which older versions wrote for installations alone? */
  grub: boolean;
}

/** The highest generation that must not run again. State is believed where the ledger is older than it. */
const spent = (seen: Seen | undefined, known = 0) => (!seen || seen.named < known ? Math.max(seen?.high ?? 0, known) : seen.high);

/** What is to be done with a machine's order. */
function due(want: OrderSpec, seen: Seen | undefined): "ordered" | "halted" | "done" | "anew" | "grub" | undefined {
  if (want.generation > spent(seen, want.known)) return "ordered";
  if (seen?.halted) return "halted";
  if (seen?.done) return "done";
  if (seen?.open === want.generation && !seen.claimed && seen.job !== sha256(want.job)) return "anew";
  return seen?.open && !seen.grub ? "grub" : undefined;
}

/**
 * Orders to erase a disk once (docs/cloning-protocol.md). An order is an event: it is given when a generation is wanted above the highest in the ledger,
 * and nothing gives it again, whatever is lost afterwards.
 */
export const orders: Kind<"orders", Seen> = {
  name: "orders",
  keys: "name",
  shared: false,
  stable: false,
  library: orderLibrary,
  probe: sh`
printf '%s\n' "$k" | while IFS= read -r m; do
  o=${SITE}/http/orders/$m
  [ -f ${LEDGER}/"$m" ] || [ -d "$o" ] || continue
  nonce= open=0 job=- claimed=no done=no halted=no grub=no
  [ ! -d ${SITE}/http/orders/.new."$m" ] || halted=yes
  if [ -f "$o/job" ]; then
    while read -r key value; do case $key in nonce) nonce=$value ;; generation) open=$value ;; esac; done <"$o/job"
    job=$(grep -v '^nonce \|^site ' "$o/job" | sha256sum); job=\${job%% *}
    for by in ${SITE}/claims/"$nonce"/by-*; do [ -e "$by" ] && claimed=yes; done
    [ -f ${SITE}/claims/"$nonce"/done ] && claimed=yes done=yes
    [ -f "$o/order.grub" ] && grub=yes
  fi
  if [ -f ${LEDGER}/"$m" ]; then
    awk '$1 == "ordered" { of[$3] = $2; if ($2 > named) named = $2 } $1 == "withdrawn" { delete of[$3] } END { for (n in of) if (of[n] > high) high = of[n]; print high + 0, named + 0 }' ${LEDGER}/"$m"
  else echo 'no 0'; fi | { read -r high named; printf 'orders\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$m" "$high" "$named" "$open" "$job" "$claimed" "$done" "$halted" "$grub"; }
done`,
  parse: ([high, named, open, job, claimed, done, halted, grub]) => ({ ledger: high !== "no", high: Number(high) || 0, named: Number(named), open: Number(open), job: job!, claimed: claimed === "yes", done: done === "yes", halted: halted === "yes", grub: grub === "yes" }),
  digest: (want) => `${want.generation} ${sha256(want.job)}`,
  refuses(want, seen, machine) {
    if (seen ? seen.ledger : !want.known || want.generation > want.known) return undefined;
    return {
      cause: `the ledger of ${machine}, which says what was erased already, is gone, and generation ${want.known || want.generation} may have run`,
      file: `${LEDGER}/${machine}`,
      mend: "Put it back from a backup; or, if the machine is to be erased once more, remove its folder below /srv/netboot/http/orders and raise its generation.",
    };
  },
  diff(want, seen) {
    if (want === undefined) return seen && seen.open > 0 ? "no longer declared" : undefined;
    switch (due(want, seen)) {
      case "ordered": return `generation ${want.generation} is ordered`;
      case "halted": return "an order was interrupted before it was offered";
      case "done": return `generation ${seen!.open} is done`;
      case "anew": return `generation ${want.generation} is ordered anew: nothing has claimed it, and it says something else now`;
      case "grub": return "the order is not there in GRUB's words";
    }
    return undefined;
  },
  // What was ordered was ordered: nothing that happens to an order is drift.
  observed: (_seen, want) => want,
  script(todo) {
    const given = todo.filter((t) => t.op !== "remove");
    const files = given.flatMap(({ key, want, seen }) => {
      const to = want!.generation > spent(seen, want!.known) && capturedTo(want!.job);
      return to ? [{ machine: key, path: to.path }] : [];
    });
    return {
      prepare: files.map(({ machine, path }) => sh`not_captured ${machine} ${path}`),
      // After the images that they name, and after the script that asks for them: the last of all that is offered.
      offer: given.flatMap(({ key, want, seen }) => {
        switch (due(want!, seen)) {
          case "ordered":
          case "anew": return [sh`give_order ${key} ${String(want!.generation)} ${want!.job}`];
          case "done": return [sh`settle_order ${key}`];
          case "grub": return [sh`order_for_grub ${key}`];
        }
        return [];
      }),
      stop: todo.filter((t) => t.op === "remove").map((t) => sh`take_back_order ${t.key}`),
    };
  },
};
