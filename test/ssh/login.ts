// A login as any SSH client does it.
import ssh2 from "ssh2";

/** What the host key was, and what the command said. */
export const login = (host: string, how: ssh2.ConnectConfig, command: string) =>
    new Promise<{ hostKey: string; said: string }>((resolve, reject) => {
        const connection = new ssh2.Client();
        let hostKey = "", said = "";
        const hostVerifier = (key: string) => ((hostKey = `SHA256:${Buffer.from(key, "hex").toString("base64").replace(/=+$/, "")}`), true);
        connection.on("error", reject).on("ready", () => connection.exec(command, (error, stream) => {
            if (error) return reject(error);
            stream.on("data", (data: Buffer) => (said += data)).on("close", () => (connection.end(), resolve({ hostKey, said })));
        }));
        connection.connect({ host, username: "root", readyTimeout: 60_000, hostHash: "sha256", hostVerifier, ...how });
    });
