// Removes the labs that were kept on purpose, and what killed runs left: `node test/lab/remove.ts`.
import { sweep } from "./owner.ts";

const removed = await sweep({ kept: true });
console.log(removed.length ? `removed: ${removed.join(", ")}` : "nothing to remove");
