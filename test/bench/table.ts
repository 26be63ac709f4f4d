// The benchmark's table, in Markdown, so that it can be pasted into docs/benchmarks.md.
export interface Row {
    what: string;
    seconds: number;
    base: number;
    against: string;
    /** The ratio that is aimed at, at most. */
    aim?: number;
    /** What transport and engine counted. */
    costs?: Record<string, number>;
}

const cells = ({ what, seconds, base, against, aim, costs }: Row): string[] => {
    const ratio = seconds / base;
    const bytes = costs && `${Math.round(((costs.bytesOut ?? 0) + (costs.bytesIn ?? 0)) / 1024)} KiB`;
    return [
        what, `${seconds.toFixed(1)} s`, `${base.toFixed(1)} s (${against})`, `${ratio.toFixed(2)}`, aim === undefined ? "" : `≤ ${aim}${ratio <= aim ? "" : " (missed)"}`,
        costs ? `${costs.connections} / ${costs.trips} / ${bytes}` : "0 / 0 / 0", costs ? `${costs.writes} / ${costs.reloads} / ${costs.restarts}` : "0 / 0 / 0",
    ];
};

export function table(rows: Row[]): string {
    const head = ["what", "ours", "against", "ratio", "aim", "connections / round trips / bytes", "writes / reloads / restarts"];
    const line = (columns: string[]) => `| ${columns.join(" | ")} |`;
    return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(cells(row)))].join("\n");
}
