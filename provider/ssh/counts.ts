import type { Socket } from "node:net";
import type { Counts } from "./transport";

export interface Meter {
  counts: Counts;
  /** Counts what goes over this socket from now on. */
  track(socket: Socket): void;
}

/** Counts that outlive a connection: bytes as they are on the wire, SSH's own included. */
export function meter(): Meter {
  const live = new Set<Socket>();
  const past = { out: 0, in: 0 };
  const counts: Counts = {
    connections: 0,
    trips: 0,
    get bytesOut() {
      return [...live].reduce((sum, socket) => sum + socket.bytesWritten, past.out);
    },
    get bytesIn() {
      return [...live].reduce((sum, socket) => sum + socket.bytesRead, past.in);
    },
  };
  return {
    counts,
    track(socket) {
      live.add(socket);
      socket.once("close", () => {
        live.delete(socket);
        past.out += socket.bytesWritten;
        past.in += socket.bytesRead;
      });
    },
  };
}
