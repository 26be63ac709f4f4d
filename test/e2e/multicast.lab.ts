import { multicast } from "./multicast.ts";

// Three parts. Without sharing, two machines would fetch the image one and a half times at least.
multicast({ together: ["one", "dying"], size: 160, noise: [[32, 8], [100, 8], [140, 6]], times: 1.45 });
