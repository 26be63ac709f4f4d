// A master, as far as a client in the imaging system sees one: files, MOVE and PUT as nginx's dav does them, and faults.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with a request: a status, nothing at all, silence, an end after so many bytes, a flipped bit, or the answer lost on its way. */
export type Fault = { status: number } | "empty" | "stall" | { cut: number } | { flip: number } | "lost" | undefined;

export interface Master {
  url: string;
  files: Map<string, Buffer>;
  /** What was put, by path, newest last. */
  put: Map<string, string[]>;
  asked: string[];
  fault: (request: string, times: number) => Fault;
  /** What an answer waits for. */
  hold: (request: string) => Promise<void> | void;
  close(): Promise<void>;
}

export async function startMaster(): Promise<Master> {
  const times = new Map<string, number>();
  const master: Master = { url: "", files: new Map(), put: new Map(), asked: [], fault: () => undefined, hold: () => undefined, close: () => new Promise((done) => { server.close(() => done()); server.closeAllConnections(); }) };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const whole = Buffer.concat(pieces), body = whole.toString();
    const { pathname: path, searchParams } = new URL(request.url!, master.url), asked = `${request.method} ${path}`;
    master.asked.push(asked);
    await master.hold(asked);
    times.set(asked, (times.get(asked) ?? 0) + 1);
    const fault = master.fault(asked, times.get(asked)!);
    const end = (status: number, data: Buffer = Buffer.alloc(0)) => {
      if (fault === "lost") return void request.socket.destroy();
      response.writeHead(status, { "content-length": data.length });
      response.end(data);
    };
    if (fault === "stall") return;
    if (fault === "empty") return end(200);
    if (typeof fault === "object" && "status" in fault) return end(fault.status);
    if (path.endsWith("/image.zst")) {
      // As the master's nginx: with the token only, and not over what is there.
      if (!master.files.has(path.replace("image.zst", `by-${searchParams.get("by")}`))) return end(403);
      if (request.method === "DELETE") return end(master.files.delete(path) ? 204 : 404);
      if (request.method !== "PUT") return end(403);
      if (master.files.has(path)) return end(409);
      master.files.set(path, whole);
      return end(201);
    }
    if (request.method === "PUT") {
      master.put.set(path, [...(master.put.get(path) ?? []), body]);
      return end(201);
    }
    const data = master.files.get(path);
    if (!data) return end(404);
    if (request.method === "MOVE") {
      const to = /^http:\/\/[0-9.:]+(\/claims\/[0-9a-f]+\/by-[0-9a-f]+)$/.exec(String(request.headers["destination"]))?.[1];
      if (!to) return end(403);
      master.files.delete(path);
      master.files.set(to, data);
      return end(204);
    }
    if (typeof fault === "object" && "flip" in fault) {
      const wrong = Buffer.from(data);
      wrong[fault.flip % wrong.length]! ^= 1;
      return end(200, wrong);
    }
    if (typeof fault === "object" && "cut" in fault) {
      response.writeHead(200, { "content-length": data.length });
      response.write(data.subarray(0, fault.cut));
      return void setTimeout(() => request.socket.destroy(), 5);
    }
    end(200, data);
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => request.socket.destroy()));
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  master.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return master;
}
