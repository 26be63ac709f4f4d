// A wire between this machine and a master's sshd that can be cut: at the n-th packet in either direction, once.
import { createServer, connect, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface Cutter {
    port: number;
    /** Packets seen since the last `arm`. */
    packets(): number;
    /** From now on, cuts when the n-th packet is to be passed on, and calls `then` for what dies with the line; Infinity counts only. */
    arm(at: number, then?: () => void): void;
    /** Has it cut since the last `arm`? */
    hasCut(): boolean;
    close(): Promise<void>;
}

export async function startCutter(host: string, port: number): Promise<Cutter> {
    let count = 0;
    let limit = Infinity;
    let dies: (() => void) | undefined;
    const open = new Set<Socket>();
    const server: Server = createServer((near) => {
        const far = connect(port, host);
        const both = [near, far];
        const end = () => both.forEach((socket) => (open.delete(socket), socket.destroy()));
        const pass = (from: Socket, to: Socket) =>
            from.on("data", (bytes) => {
                count++;
                if (count === limit) {
                    dies?.();
                    return end();
                }
                to.write(bytes);
            });
        pass(near, far);
        pass(far, near);
        for (const socket of both) open.add(socket.on("error", end).on("close", end));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return {
        port: (server.address() as AddressInfo).port,
        packets: () => count,
        hasCut: () => count >= limit,
        arm: (at, then) => void ([count, limit, dies] = [0, at, then]),
        close: () => {
            open.forEach((socket) => socket.destroy());
            return new Promise((closed) => server.close(() => closed()));
        },
    };
}
