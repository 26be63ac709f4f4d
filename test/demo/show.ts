// What the demo draws: headings, one line a client, and the table at its end.
import type { Client } from "../lab/client.ts";

const tty = process.stdout.isTTY;
const styled = (code: number) => (text: string) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = styled(1);
export const dim = styled(2);
export const green = styled(32);

export interface Shown {
    what: string;
    seconds: number;
}
export const shown: Shown[] = [];

/** One step of the demo: its heading, what it does, and a row of the table. The step returns what it has shown. */
export async function step(title: string, run: () => Promise<string>): Promise<void> {
    console.log(`\n${bold(`── ${shown.length + 1}. ${title}`)}`);
    const started = Date.now();
    const what = await run();
    shown.push({ what: `${title}: ${what}`, seconds: (Date.now() - started) / 1000 });
    console.log(green(`   ✓ ${what}`));
}

export function table(): void {
    const width = Math.max(...shown.map(({ what }) => what.length));
    console.log(`\n${bold("What was shown")}`);
    shown.forEach(({ what, seconds }, i) => console.log(`  ${i + 1}  ${what.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s`));
    const total = shown.reduce((sum, { seconds }) => sum + seconds, 0);
    console.log(`     ${"".padEnd(width)}  ${total.toFixed(1).padStart(6)} s`);
}

const line = (client: Client) => {
    const reached = client.stages.filter(({ stage }, i, all) => all.findIndex((it) => it.stage === stage) === i);
    return `   ${client.name.padEnd(8)} ${reached.map(({ stage, seconds }) => `${stage} ${dim(`${seconds.toFixed(1)} s`)}`).join(" → ")}`;
};

/** One line a client, redrawn at each stage on a terminal; elsewhere a line at each end. */
export async function watch(clients: Client[], until: Promise<unknown>): Promise<void> {
    let drawn = false;
    const draw = () => {
        if (!tty) return;
        process.stdout.write(`${drawn ? `\x1b[${clients.length}A` : ""}${clients.map((client) => `\x1b[2K${line(client)}\n`).join("")}`);
        drawn = true;
    };
    const ends = clients.map((client) => client.onStage((seen) => (tty ? draw() : console.log(`   ${client.name.padEnd(8)} ${seen.stage} ${seen.seconds.toFixed(1)} s  ${seen.detail.slice(0, 100)}`))));
    draw();
    try {
        await until;
    } finally {
        for (const end of ends) end();
        if (!tty) clients.forEach((client) => console.log(line(client)));
    }
}
