// Pulumi's engine, as far as a provider's process speaks to it: what is logged there, over gRPC.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js");
const { EngineService } = require("@pulumi/pulumi/proto/engine_grpc_pb");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb");

export interface Logged {
    severity: "debug" | "info" | "warning" | "error";
    text: string;
    urn: string;
    /** A status line: the next one takes its place. */
    ephemeral: boolean;
}

export interface PulumiEngine {
    address: string;
    logged: Logged[];
    /** It hears, and never answers. */
    hang(): void;
    stop(): void;
}

const severities = ["debug", "info", "warning", "error"] as const;

export async function startPulumiEngine(): Promise<PulumiEngine> {
    const logged: Logged[] = [];
    let silent = false;
    const server = new grpc.Server();
    server.addService(EngineService, {
        log({ request }: any, answer: (error: null, empty: unknown) => void) {
            logged.push({ severity: severities[request.getSeverity()]!, text: request.getMessage(), urn: request.getUrn(), ephemeral: request.getEphemeral() });
            if (!silent) answer(null, new Empty());
        },
    });
    const port = await new Promise<number>((resolve, reject) => server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error: Error | null, bound: number) => (error ? reject(error) : resolve(bound))));
    return { address: `127.0.0.1:${port}`, logged, hang: () => void (silent = true), stop: () => server.forceShutdown() };
}
